"""A whole network in torch: as a function of its weights, and newly initialised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from metanet.errors import MetanetError
from metanet.evaluate import (
    concat,
    contract,
    elementwise,
    fixed,
    learned,
    lookup,
    normalise,
    recurrence,
    reduce,
    resample,
    reshape,
    rotary,
    scan,
    sinusoid,
    slice,
    take,
    transpose,
    window,
)
from metanet.evaluate.arguments import check_inputs, check_one_kind, check_shapes, check_weights
from metanet.options import shown
from metanet.sources import Net, Weights, architecture_of, weights_of
from spec import Architecture
from spec.architecture import Operation
from spec.primitives import (
    Concat,
    Contract,
    Elementwise,
    Fixed,
    Learned,
    Lookup,
    Normalise,
    Primitive,
    Recurrence,
    Reduce,
    Resample,
    Reshape,
    Rotary,
    Scan,
    Sinusoid,
    Slice,
    Take,
    Transpose,
    Window,
)

TORCH: dict[type[Primitive], Callable[..., Tensor]] = {
    Concat: concat.run,
    Contract: contract.run,
    Elementwise: elementwise.run,
    Fixed: fixed.run,
    Learned: learned.run,
    Lookup: lookup.run,
    Normalise: normalise.run,
    Recurrence: recurrence.run,
    Reduce: reduce.run,
    Resample: resample.run,
    Reshape: reshape.run,
    Rotary: rotary.run,
    Scan: scan.run,
    Sinusoid: sinusoid.run,
    Slice: slice.run,
    Take: take.run,
    Transpose: transpose.run,
    Window: window.run,
}


def run(net: Net, weights: Weights, *inputs: Tensor, training: bool = False) -> Tensor:
    """Run a network on a batch, as a differentiable function of weights and inputs.

        logits = metanet.evaluate.run(net, weights, images)
        logits = metanet.evaluate.run("net.yaml", "net.safetensors", images)

    While `training`, dropout is active and batch statistics are used; the running ones in
    `weights` are updated in place. Gives the first output, shape (N, ...). Raises `MetanetError`
    for names, shapes, dtypes and devices that do not fit.
    """
    net = architecture_of(net)
    weights = weights_of(weights, net)
    check_weights(net, weights)
    check_inputs(net, inputs)
    check_shapes(net, inputs)
    check_one_kind(net, weights, inputs)

    def apply(operation: Operation, *operands: Tensor) -> Tensor:
        return TORCH[type(operation.primitive)](operation.primitive, training, *operands)

    return run_operations(net, weights, inputs, apply)


def run_operations(
    net: Architecture,
    weights: Mapping[str, Tensor],
    inputs: Sequence[Tensor],
    apply: Callable[..., Tensor],
) -> Tensor:
    """Run a network's operations, each by `apply(operation, *values, *tensors)`."""
    return all_values(net, weights, inputs, apply)[net.outputs[0]]


def all_values(
    net: Architecture,
    weights: Mapping[str, Tensor],
    inputs: Sequence[Tensor],
    apply: Callable[..., Tensor],
) -> dict[str, Tensor]:
    """Run a network's operations, and give every value by its name."""
    values = dict(zip(net.inputs, inputs, strict=True))
    for operation in net.operations:
        operands = [values[name] for name in operation.inputs]
        if isinstance(operation.primitive, Fixed):
            operands = [real(operands[0], weights, values)]
        elif isinstance(operation.primitive, Lookup) and operation.primitive.kind == "one_hot":
            operands = [operands[0], real(operands[-1], weights, values)]
        values[operation.output] = apply(
            operation,
            *operands,
            *[weights[name] for name in operation.parameters],
        )
    return values


def real(x: Tensor, weights: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> Tensor:
    """Give a value of indices in the dtype that the network computes in."""
    if x.is_floating_point():
        return x
    known = (y.dtype for y in (*weights.values(), *values.values()) if y.is_floating_point())
    return x.to(next(known, torch.get_default_dtype()))


def initial_weights(net: Net, generator: torch.Generator) -> dict[str, Tensor]:
    """Draw a new network's parameters as PyTorch's layers begin, and its buffers.

    weights = metanet.evaluate.initial_weights(net, torch.Generator().manual_seed(0))
    """
    net = architecture_of(net)
    if not isinstance(generator, torch.Generator) or generator.device.type != "cpu":
        raise MetanetError(
            f"`generator` is {shown(generator)}, expected a torch.Generator on the CPU, such as "
            "torch.Generator().manual_seed(0)"
        )
    weights = {}
    for tensor in net.tensors.values():
        kind, value = tensor.initial
        dtype = getattr(torch, tensor.dtype)
        if kind == "uniform":
            drawn = torch.rand(tensor.shape, generator=generator, dtype=dtype)
            weights[tensor.name] = (2 * drawn - 1) * value
        elif kind == "normal":
            drawn = torch.randn(tensor.shape, generator=generator, dtype=dtype)
            weights[tensor.name] = drawn * value
        else:
            weights[tensor.name] = torch.full(tensor.shape, value, dtype=dtype)
    return weights
