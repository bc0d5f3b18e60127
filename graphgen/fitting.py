"""Weights compared with what an architecture declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from graphgen.dtypes import is_real
from graphgen.errors import GraphError, concerning
from graphgen.sources import Weights, place_of, weights_from
from spec import TensorSpec

if TYPE_CHECKING:
    from graphgen.template import Template


def in_shape(structure: Template, weights: Weights) -> dict[str, NDArray[Any]]:
    """Give arrays of any dtype in the shapes of weights; those without an edge may be left out."""
    arrays = weights_from(weights)
    needed = {tensor.name for tensor in structure.edge_tensors}
    tensors = [t for t in structure.tensors if t.name in needed or t.name in arrays]
    with concerning(place_of(weights)):
        check_tensors(tensors, arrays, dtypes=False)
    return arrays


def fitting(
    tensors: tuple[TensorSpec, ...], weights: Weights, argument: str = "weights"
) -> dict[str, NDArray[Any]]:
    """Give the arrays that an argument stands for, if they fit; errors name file or argument."""
    arrays = weights_from(weights, argument)
    with concerning(place_of(weights, argument)):
        check_tensors(tensors, arrays)
    return arrays


def check_tensors(
    tensors: Sequence[TensorSpec], weights: Mapping[str, NDArray[Any]], dtypes: bool = True
) -> None:
    """Compare weights with what an architecture declares; raise one error for all differences."""
    wrong = []
    expected = {tensor.name: tensor for tensor in tensors}
    for tensor in tensors:
        if tensor.name not in weights:
            wrong.append(f"  {tensor.name}: missing, expected shape {list(tensor.shape)}")
            continue
        array = weights[tensor.name]
        if tuple(array.shape) != tensor.shape:
            wrong.append(
                f"  {tensor.name}: shape {list(array.shape)}, expected {list(tensor.shape)}"
            )
        elif not dtypes:
            continue
        elif tensor.dtype.startswith("float"):
            if not is_real(array.dtype):
                wrong.append(f"  {tensor.name}: dtype {array.dtype}, expected floating point")
        elif str(array.dtype) != tensor.dtype:
            wrong.append(f"  {tensor.name}: dtype {array.dtype}, expected {tensor.dtype}")
    wrong += [
        f"  {name}: not a tensor of this architecture, shape {list(array.shape)}"
        for name, array in weights.items()
        if name not in expected
    ]
    if wrong:
        raise GraphError("the weights do not fit the architecture:\n" + "\n".join(wrong))
