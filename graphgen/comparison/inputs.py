"""The inputs of a comparison: one array, several in order, or by the names of the inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from graphgen.arrays import array_of
from graphgen.errors import GraphError, described
from spec import Architecture
from spec.primitives import show


def given_inputs(net: Architecture, x: object, argument: str = "x") -> dict[str, NDArray[Any]]:
    """Give a batch of each input, by name and in order; `GraphError` if they do not fit."""
    names = tuple(net.inputs)
    if isinstance(x, Mapping):
        given = {str(name): value for name, value in x.items()}
        if set(given) != set(names):
            raise GraphError(
                f"`{argument}` has {', '.join(given) or 'nothing'}; expected an array for each of "
                f"the inputs {', '.join(names)}"
            )
        found = {name: given[name] for name in names}
    elif isinstance(x, (list, tuple)):
        if len(x) != len(names):
            raise GraphError(
                f"`{argument}` has {len(x)} arrays; expected one for each of the inputs "
                f"{', '.join(names)}"
            )
        found = dict(zip(names, x, strict=True))
    elif len(names) == 1 and hasattr(x, "__array__"):
        found = {names[0]: x}
    else:
        raise GraphError(
            f"`{argument}` is {described(x)}; expected an array for each of the inputs "
            f"{', '.join(names)}, as a list or by name"
        )
    arrays = {name: array_of(value, f"input {name!r}") for name, value in found.items()}
    for name, array in arrays.items():
        check_shape(name, array, net.inputs[name])
    return arrays


def check_shape(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Raise `GraphError` for an input without its batch axis, or of another shape."""
    if array.ndim and array.shape[1:] == tuple(shape):
        return
    advice = "N samples are stacked along a first axis, the batch"
    if array.shape == tuple(shape):
        advice = "the batch axis is missing: as an array x, write x[None]"
    elif array.ndim == len(shape) + 1 and sorted(array.shape[1:]) == sorted(shape):
        advice = "the axes after the batch stand in another order"
    raise GraphError(f"input {name!r}: expected {show(shape)}, got {list(array.shape)}; {advice}")
