"""Statistics of a merged network: of its norms measured anew, of other layers those of its ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.checkpoint import Form
from graphgen.errors import GraphError, described
from graphgen.evaluate import NUMPY, real
from graphgen.evaluate.inputs import batches, check_indices, computable
from graphgen.fitting import fitting
from graphgen.merging.averages import listed, numbers
from graphgen.merging.uses import readers_of, uses_of
from graphgen.sources import Net, Weights, architecture_from
from spec import Architecture, Operation
from spec.primitives import Contract, Elementwise, Fixed, Lookup, Normalise, Window

Array = NDArray[Any]
Arrays = dict[str, Array]
Moments = tuple[Array, Array]

LEAST = 1e-12


@dataclass(frozen=True)
class Affine:
    """A layer whose output's mean and deviation its own tensors set: the value, and both tensors.

    `axis` is the channels' in the value without the batch, `rows` theirs in the weight.
    """

    value: str
    weight: str
    bias: str
    axis: int
    rows: int


def activations(
    net: Net, weights: Weights, inputs: Sequence[object], names: Iterable[str] | None = None
) -> Arrays:
    """Compute values inside of a network, by their names in `net.shapes`: arrays (N, ...).

        seen = [graphgen.activations(net, weights, [x]) for weights in (a, b)]
        found = graphgen.align(net, [a, b], activations=seen)

    Without `names`, they are what weights are multiplied and summed to, biases left out.
    Raises `GraphError` for a value that there is not, and for what `evaluate` does not take.
    """
    architecture = architecture_from(net)
    if names is None:
        wanted = [*weighted_values(architecture)]
    elif isinstance(names, Iterable) and not isinstance(names, (str, bytes)):
        wanted = [*names]
    else:
        raise GraphError(f"`names` is {described(names)}; expected a list of names of values")
    unknown = [k for k in wanted if not isinstance(k, str) or k not in architecture.shapes]
    if unknown:
        raise GraphError(
            f"`names`: {architecture.name!r} has no value {described(unknown[0])}; `net.shapes` "
            "has their names"
        )
    found: Arrays = {}

    def keep(name: str, x: Array) -> Array:
        if name in wanted:
            found[name] = x
        return x

    run(architecture, dict(fitting(Form.of(architecture), weights)), inputs, after=keep)
    return found


def renormalise(
    net: Net,
    merged: Weights,
    inputs: Sequence[object],
    networks: Sequence[Weights] | None = None,
    shares: Sequence[float] | None = None,
) -> Arrays:
    """Give a merged network whose activations vary as those of the networks it was made of.

        middle = graphgen.average([a, b])
        middle = graphgen.renormalise(net, middle, [x], [a, b])

    Inside of merged networks activations vary too little (Jordan et al., REPAIR, ICLR 2023).
    Running statistics of batch norms become those of `inputs`, a batch of each of the network's.
    Given the `networks` (in one frame), each hidden layer that has a bias and no norm behind it is
    rescaled and shifted, channel by channel, so that its mean and deviation are the average of
    theirs, counted by `shares`; a layer after another, as each changes what the next one sees.
    """
    architecture = architecture_from(net)
    arrays = dict(fitting(Form.of(architecture), merged, "merged"))
    if isinstance(inputs, (list, tuple)) and not all(np.size(x) for x in inputs):
        raise GraphError("`inputs` has no samples; expected a batch of each input, to measure")
    layers = {own.value: own for own in affine_layers(architecture)} if networks is not None else {}
    wanted: dict[str, Moments] = {}
    if networks is not None:
        every = listed(networks, "networks")
        each = numbers([1.0] * len(every) if shares is None else shares, len(every), "shares")
        if sum(each) <= 0:
            raise GraphError(f"`shares` is {described(shares)}; expected a sum above 0")
        for k, (own, share) in enumerate(zip(every, each, strict=True)):
            given = dict(fitting(Form.of(architecture), own, f"networks[{k}]"))
            add_moments(architecture, given, inputs, layers, share / sum(each), wanted)

    def measure(operation: Operation, x: Array) -> None:
        primitive = operation.primitive
        if isinstance(primitive, Normalise) and len(operation.parameters) >= 2:
            mean, deviation = moments(x, 0)
            count = x.size // x.shape[1]
            names = operation.parameters[:2]
            # Running variances are unbiased, as PyTorch keeps them.
            variance = np.square(deviation) * (count / max(count - 1, 1))
            for name, value in zip(names, (mean, variance), strict=True):
                arrays[name] = value.astype(arrays[name].dtype)

    def repair(name: str, x: Array) -> Array:
        if name not in layers:
            return x
        own = layers[name]
        (mean, deviation), (goal, spread) = moments(x, own.axis), wanted[name]
        factor = np.where(deviation > LEAST, spread / np.maximum(deviation, LEAST), 1.0)
        weight, bias = arrays[own.weight], arrays[own.bias]
        shape = [1] * weight.ndim
        shape[own.rows] = -1
        arrays[own.weight] = (weight * factor.reshape(shape)).astype(weight.dtype)
        arrays[own.bias] = (
            ((bias.reshape(-1) - mean) * factor + goal).astype(bias.dtype).reshape(bias.shape)
        )
        along = [1] * x.ndim
        along[own.axis + 1] = -1
        result = (x - mean.reshape(along)) * factor.reshape(along) + goal.reshape(along)
        return np.asarray(result).astype(x.dtype)

    run(architecture, arrays, inputs, measure, repair)
    return arrays


def add_moments(
    net: Architecture,
    arrays: Arrays,
    inputs: Sequence[object],
    layers: Mapping[str, Affine],
    share: float,
    sums: dict[str, Moments],
) -> None:
    """Add a network's means and deviations, times its share, to those of others."""

    def keep(name: str, x: Array) -> Array:
        if name in layers:
            own = moments(x, layers[name].axis)
            before = sums.get(name, (np.zeros_like(own[0]), np.zeros_like(own[1])))
            sums[name] = before[0] + share * own[0], before[1] + share * own[1]
        return x

    run(net, arrays, inputs, after=keep)


def moments(x: Array, axis: int) -> Moments:
    """Give the mean and the deviation of each channel of a value, in double precision."""
    along = tuple(k for k in range(x.ndim) if k != axis + 1)
    wide = x.astype(np.float64)
    return wide.mean(along), wide.std(along)


def affine_layers(net: Architecture) -> list[Affine]:
    """List the hidden layers that may be rescaled: a weight, then a bias, and no norm behind."""
    makers = {operation.output: operation for operation in net.operations}
    readers, uses = readers_of(net), uses_of(net)
    found = []
    for operation in net.operations:
        primitive = operation.primitive
        adds = isinstance(primitive, Elementwise) and primitive.function == "add"
        if not adds or len(operation.inputs) != 1 or len(operation.parameters) != 1:
            continue
        maker = makers.get(operation.inputs[0])
        if maker is None or len(readers[maker.output]) > 1 or operation.output in net.outputs:
            continue
        normed = any(isinstance(r.primitive, Normalise) for r in readers.get(operation.output, []))
        rank = len(net.shapes[operation.output])
        bias = net.tensors[operation.parameters[0]].shape
        if normed or len(bias) != 1 or not isinstance(primitive, Elementwise):
            continue
        axis = primitive.parameter_start(rank)
        rows = rows_of(maker, axis)
        names = (*maker.parameters, *operation.parameters)
        if rows is not None and all(uses[name] == 1 for name in names):
            found.append(Affine(operation.output, names[0], names[1], axis, rows))
    return found


def weighted_values(net: Architecture) -> Iterator[str]:
    """List the values inside that products with a weight, and convolutions, give."""
    for operation in net.operations:
        sums = isinstance(operation.primitive, (Contract, Window)) and operation.parameters
        if sums and operation.output not in net.outputs:
            yield operation.output


def rows_of(maker: Operation, axis: int) -> int | None:
    """Find the axis of a layer's weight that runs along an axis of its output alone."""
    primitive = maker.primitive
    if isinstance(primitive, Window) and primitive.prepared is None and axis == 0:
        return None if primitive.transposed else 0
    if isinstance(primitive, Contract) and primitive.prepared is None:
        letter, (value, *weights) = primitive.output[axis], primitive.operands
        if primitive.values == 1 and len(weights) == 1 and letter not in value:
            return weights[0].index(letter)
    return None


def run(
    net: Architecture,
    arrays: Arrays,
    inputs: Sequence[object],
    before: Callable[[Operation, Array], None] | None = None,
    after: Callable[[str, Array], Array] | None = None,
) -> None:
    """Run a network whose arrays may change on the way; what is read no more is let go."""
    if not isinstance(inputs, (list, tuple)):
        raise GraphError(f"`inputs` is {described(inputs)}; expected a list, a batch of each input")
    values = batches(net.inputs, inputs)
    for name in values:
        if name in net.index_inputs:
            check_indices(name, values[name], net.index_limits[name])
        else:
            values[name] = real(values[name], arrays, values)
    last = {name: k for k, o in enumerate(net.operations) for name in o.inputs}
    for k, operation in enumerate(net.operations):
        operands = [values[name] for name in operation.inputs]
        if before is not None and operands:
            before(operation, operands[0])
        if isinstance(operation.primitive, Fixed):
            operands = [real(operands[0], arrays, values)]
        elif isinstance(operation.primitive, Lookup) and operation.primitive.kind == "one_hot":
            operands = [operands[0], real(operands[-1], arrays, values)]
        tensors = [computable(arrays[name]) for name in operation.parameters]
        made = NUMPY[type(operation.primitive)](operation.primitive, *operands, *tensors)
        values[operation.output] = made if after is None else after(operation.output, made)
        for name in operation.inputs:
            if last[name] == k and name not in net.inputs:
                values.pop(name, None)
