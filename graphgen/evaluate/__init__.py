"""Evaluation in numpy: what an architecture computes, without any deep-learning framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from graphgen.errors import GraphError
from graphgen.evaluate import (
    concat,
    contract,
    elementwise,
    learned,
    lookup,
    normalise,
    reduce,
    resample,
    reshape,
    rotary,
    scan,
    sinusoid,
    slice,
    transpose,
    window,
)
from graphgen.evaluate.graph import run as run_graph
from graphgen.files import read_weights
from graphgen.graph import Graph
from graphgen.template import check_tensors
from spec import Architecture
from spec.primitives import (
    Concat,
    Contract,
    Elementwise,
    Learned,
    Lookup,
    Normalise,
    Primitive,
    Reduce,
    Resample,
    Reshape,
    Rotary,
    Scan,
    Sinusoid,
    Slice,
    Transpose,
    Window,
    show,
)

NUMPY: dict[type[Primitive], Callable[..., NDArray[Any]]] = {
    Concat: concat.run,
    Contract: contract.run,
    Elementwise: elementwise.run,
    Learned: learned.run,
    Lookup: lookup.run,
    Normalise: normalise.run,
    Reduce: reduce.run,
    Resample: resample.run,
    Reshape: reshape.run,
    Rotary: rotary.run,
    Scan: scan.run,
    Sinusoid: sinusoid.run,
    Slice: slice.run,
    Transpose: transpose.run,
    Window: window.run,
}


@overload
def evaluate(
    net: Architecture, weights: Mapping[str, NDArray[Any]] | str | Path, /, *inputs: NDArray[Any]
) -> NDArray[Any] | tuple[NDArray[Any], ...]: ...


@overload
def evaluate(net: Graph, /, *inputs: NDArray[Any]) -> NDArray[Any] | tuple[NDArray[Any], ...]: ...


def evaluate(net: Architecture | Graph, /, *arguments: Any) -> Any:
    """Run a network as it is after training (running statistics, no dropout).

        y = graphgen.evaluate(net, "net.safetensors", x)     # x: (N, 3, 32, 32)

        graph = graphgen.compile(net, "net.safetensors", kind="computation")
        y = graphgen.evaluate(graph, x)                      # the same, edge by edge

    Inputs come in the order of `net.inputs`, each with a batch axis in front. Computes in the
    dtype of the weights and inputs; indices into a table are integers. Raises `GraphError` for
    wrong weights, shapes or indices, and for a parameter graph, which does not say enough to run.
    """
    if isinstance(net, Graph):
        if net.template.kind != "computation":
            raise GraphError(
                f"a {net.template.kind} graph cannot be run: compile with kind='computation', or "
                "evaluate the architecture and its weights"
            )
        results = run_graph(net, tuple(np.asarray(x) for x in arguments))
    else:
        if not arguments:
            raise GraphError("expected weights and inputs, got an architecture alone")
        results = run_architecture(net, arguments[0], arguments[1:])
    return results[0] if len(results) == 1 else results


def run_architecture(
    net: Architecture,
    weights: Mapping[str, NDArray[Any]] | str | Path,
    inputs: Sequence[NDArray[Any]],
) -> tuple[NDArray[Any], ...]:
    """Run one primitive after the other."""
    arrays = read_weights(weights)
    check_tensors(tuple(net.tensors.values()), arrays)
    if len(inputs) != len(net.inputs):
        raise GraphError(f"expected {len(net.inputs)} inputs, got {len(inputs)}")
    values: dict[str, NDArray[Any]] = {}
    for (name, shape), x in zip(net.inputs.items(), inputs, strict=True):
        if tuple(x.shape[1:]) != shape:
            raise GraphError(f"input {name!r}: expected {show(shape)}, got {list(x.shape)}")
        values[name] = np.asarray(x)
    for name, entries in net.index_inputs.items():
        check_indices(name, values[name], entries)
    for operation in net.operations:
        operands = [values[name] for name in operation.inputs]
        tensors = [arrays[name] for name in operation.parameters]
        values[operation.output] = NUMPY[type(operation.primitive)](
            operation.primitive, *operands, *tensors
        )
    return tuple(values[name] for name in net.outputs)


def check_indices(name: str, x: NDArray[Any], entries: int) -> None:
    """Raise `GraphError` unless an input holds integers that are indices into its table."""
    if x.dtype.kind not in "iu":
        raise GraphError(f"input {name!r}: expected integers, got {x.dtype}")
    if x.size and not 0 <= x.min() <= x.max() < entries:
        raise GraphError(
            f"input {name!r}: expected indices from 0 to {entries - 1}, got {x.min()} to {x.max()}"
        )
