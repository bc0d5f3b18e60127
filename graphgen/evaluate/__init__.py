"""Evaluation in numpy: what an architecture computes, without any deep-learning framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from graphgen.checkpoint import Form
from graphgen.dtypes import common
from graphgen.errors import GraphError
from graphgen.evaluate import (
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
from graphgen.evaluate.graph import run as run_graph
from graphgen.evaluate.inputs import batches, check_indices, check_rows, computable
from graphgen.fitting import fitting
from graphgen.graph import Graph
from graphgen.sources import Net, Weights, architecture_from, network_from
from spec import Architecture
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

NUMPY: dict[type[Primitive], Callable[..., NDArray[Any]]] = {
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


@overload
def evaluate(
    net: Net, weights: Weights | None, /, *inputs: NDArray[Any]
) -> NDArray[Any] | tuple[NDArray[Any], ...]: ...


@overload
def evaluate(net: Graph, /, *inputs: NDArray[Any]) -> NDArray[Any] | tuple[NDArray[Any], ...]: ...


def evaluate(net: Net | Graph, /, *arguments: Any) -> Any:
    """Run a network as it is after training (running statistics, no dropout).

        y = graphgen.evaluate(net, "net.safetensors", x)     # x: (N, 3, 32, 32)

        graph = graphgen.compile(net, "net.safetensors", kind="computation")
        y = graphgen.evaluate(graph, x)                      # the same, edge by edge

    Of a model in a file (.onnx, .pt2, a folder of Hugging Face), the weights may be None, its own.
    Inputs come in the order of `net.inputs`, each with a batch axis in front. Computes in the
    dtype of the weights and inputs, in float32 if that is one that numpy does not know (bfloat16,
    8 bits); indices into a table are integers. Raises `GraphError` for wrong weights, shapes or
    indices, and for a parameter graph, which does not say enough to run.
    """
    if isinstance(net, Graph):
        if net.template.kind != "computation":
            raise GraphError(
                f"a {net.template.kind} graph cannot be run: compile with kind='computation', or "
                "evaluate the architecture and its weights"
            )
        results = run_graph(net, arguments)
    else:
        if not arguments:
            architecture_from(net)
            raise GraphError("expected weights and inputs, got an architecture alone")
        architecture, weights = network_from(net, arguments[0])
        results = run_architecture(architecture, weights, arguments[1:])
    return results[0] if len(results) == 1 else results


def real(
    x: NDArray[Any], arrays: Mapping[str, NDArray[Any]], values: Mapping[str, NDArray[Any]]
) -> NDArray[Any]:
    """Give a value of indices in the dtype that the network computes in."""
    if x.dtype.kind == "f":
        return x
    dtypes = [y.dtype for y in (*arrays.values(), *values.values()) if y.dtype.kind == "f"]
    return x.astype(common(dtypes) if dtypes else np.float64)


def run_architecture(
    net: Architecture, weights: Weights, inputs: Sequence[object]
) -> tuple[NDArray[Any], ...]:
    """Run one primitive after the other."""
    given = fitting(Form.of(net), weights)
    arrays = {name: computable(array) for name, array in given.items()}
    values = batches(net.inputs, inputs)
    for name in values:
        if name in net.index_inputs:
            check_indices(name, values[name], net.index_limits[name])
        else:
            # Truth and counts are numbers: `1 - x` of a boolean is no number in numpy.
            values[name] = real(values[name], arrays, values)
    for operation in net.operations:
        operands = [values[name] for name in operation.inputs]
        if isinstance(operation.primitive, Fixed):
            operands = [real(operands[0], arrays, values)]
        elif isinstance(operation.primitive, Lookup) and operation.primitive.kind == "one_hot":
            operands = [operands[0], real(operands[-1], arrays, values)]
        tensors = [arrays[name] for name in operation.parameters]
        if isinstance(operation.primitive, Lookup):
            check_rows(operation.layer, operation.primitive, operands[0], tensors)
        values[operation.output] = NUMPY[type(operation.primitive)](
            operation.primitive, *operands, *tensors
        )
    return tuple(values[name] for name in net.outputs)
