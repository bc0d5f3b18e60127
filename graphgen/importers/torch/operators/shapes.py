"""Reshapes, transposes, and axes of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphgen.importers.operators import shapes
from graphgen.importers.torch.operators.registry import aten
from graphgen.importers.torch.reading import Reading
from graphgen.importers.traced import Parameter, Traced, Value
from graphgen.importers.tracer import Tracer


@aten("view", "reshape", "_unsafe_view", "view_copy", "_reshape_alias", "_reshape_copy")
def reshape(t: Reading, x: Traced, shape: Any, *rest: Any) -> Traced:
    if not isinstance(shape, (list, tuple)):
        t.refuse("it reads the bits of numbers as others")
    return into(t, x, shape)


@aten("view_as", "reshape_as")
def view_as(t: Tracer, x: Traced, other: Traced) -> Traced:
    return into(t, x, other.shape)


def into(t: Tracer, x: Traced, shape: Sequence[int]) -> Traced:
    """Give the same items in a shape; a parameter that no view has so is a learned value."""
    if isinstance(x, Parameter):
        view = x.array.reshape(tuple(shape))
        if view.size and not np.shares_memory(view, x.array):
            return shapes.reshape(t, t.value(x), shape)
    return shapes.reshape(t, x, shape)


@aten("permute", "permute_copy")
def permute(t: Tracer, x: Traced, dims: Sequence[int]) -> Traced:
    return shapes.permute(t, x, dims)


@aten("transpose", "swapaxes", "swapdims", "transpose_copy")
def transpose(t: Tracer, x: Traced, dim0: int, dim1: int) -> Traced:
    return shapes.transpose(t, x, dim0, dim1) if x.shape else x


@aten("t", "numpy_T", "t_copy")
def reversed_axes(t: Tracer, x: Traced) -> Traced:
    return shapes.permute(t, x, range(len(x.shape))[::-1])


@aten("mT", "adjoint", "mH", "matrix_H")
def matrix_transpose(t: Tracer, x: Traced) -> Traced:
    return shapes.transpose(t, x, -2, -1)


@aten("movedim", "moveaxis")
def movedim(t: Tracer, x: Traced, source: Any, destination: Any) -> Traced:
    rank = len(x.shape)
    froms, tos = (
        [d % rank for d in ([each] if isinstance(each, int) else each)]
        for each in (source, destination)
    )
    order = [d for d in range(rank) if d not in froms]
    for place, d in sorted(zip(tos, froms, strict=True)):
        order.insert(place, d)
    return shapes.permute(t, x, order)


@aten("flatten")
def flatten(t: Tracer, x: Traced, start_dim: int = 0, end_dim: int = -1) -> Traced:
    rank = len(x.shape)
    if not rank:
        return into(t, x, (1,))
    first, last = start_dim % rank, end_dim % rank
    joined = int(np.prod(x.shape[first : last + 1]))
    return into(t, x, (*x.shape[:first], joined, *x.shape[last + 1 :]))


@aten("ravel")
def ravel(t: Tracer, x: Traced) -> Traced:
    return into(t, x, (-1,))


@aten("unflatten")
def unflatten(t: Tracer, x: Traced, dim: int, sizes: Sequence[int]) -> Traced:
    place = dim % len(x.shape)
    known = int(np.prod([n for n in sizes if n != -1]))
    full = [x.shape[place] // known if n == -1 else n for n in sizes]
    return into(t, x, (*x.shape[:place], *full, *x.shape[place + 1 :]))


@aten("squeeze", "squeeze_copy")
def squeeze(t: Tracer, x: Traced, dim: Any = None) -> Traced:
    if not x.shape:
        return x
    return shapes.squeeze(t, x, [dim] if isinstance(dim, int) else dim)


@aten("unsqueeze", "unsqueeze_copy")
def unsqueeze(t: Tracer, x: Traced, dim: int) -> Traced:
    return shapes.unsqueeze(t, x, dim)


@aten("expand", "broadcast_to", "expand_copy")
def expand(t: Tracer, x: Traced, shape: Sequence[int], *, implicit: bool = False) -> Traced:
    return expanded(t, x, shape)


@aten("expand_as")
def expand_as(t: Tracer, x: Traced, other: Traced) -> Traced:
    return expanded(t, x, other.shape)


def expanded(t: Tracer, x: Traced, shape: Sequence[int]) -> Traced:
    """Repeat axes of one item; those of a parameter by a stride of 0."""
    if isinstance(x, Parameter):
        wide = (1,) * (len(shape) - len(x.shape)) + x.shape
        full = [n if want == -1 else want for n, want in zip(wide, shape, strict=True)]
        return Parameter(x.name, np.broadcast_to(x.array, full))
    return shapes.expand(t, x, shape)


@aten("atleast_1d", "atleast_2d", "atleast_3d")
def atleast(t: Reading, x: Traced) -> Traced:
    return into(t, x, t.shape) if isinstance(x, Value) else x


@aten("sym_size", "size")
def size(t: Tracer, x: Traced, dim: int | None = None) -> Any:
    return list(x.shape) if dim is None else x.shape[dim]


@aten("sym_numel", "numel")
def numel(t: Tracer, x: Traced) -> int:
    return int(np.prod(x.shape))
