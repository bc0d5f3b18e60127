"""Arrays between the layout of a checkpoint and that of the architecture, without loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.checkpoint import Stored
from spec.rearrangement import Groups, Rearrangement

Array = NDArray[Any]


def to_own(entry: Stored, stored: Sequence[Array]) -> dict[str, Array]:
    """Give the architecture's tensors that stored ones are: views where that can be.

    weight = to_own(entry, [kernel])["0.weight"]
    """
    if entry.axes:
        stored = [arranged(a, x) for a, x in zip(stored, entry.axes, strict=True)]
    if len(entry.tensors) == 1:
        whole = stored[0] if len(stored) == 1 else np.concatenate(stored, axis=entry.dim)
        return {entry.tensors[0]: whole}
    result, start = {}, 0
    for name, shape in zip(entry.tensors, entry.pieces, strict=True):
        result[name] = cut(stored[0], entry.dim, start, shape[entry.dim])
        start += shape[entry.dim]
    return result


def to_stored(entry: Stored, weights: Mapping[str, Array]) -> list[Array]:
    """Give the stored tensors that the architecture's are; undoes `to_own`."""
    own = [weights[name] for name in entry.tensors]
    whole = own[0] if len(own) == 1 else np.concatenate(own, axis=entry.dim)
    pieces, start = [], 0
    for shape in entry.pieces if len(entry.names) > 1 else ():
        pieces.append(cut(whole, entry.dim, start, shape[entry.dim]))
        start += shape[entry.dim]
    pieces = pieces or [whole]
    if not entry.axes:
        return pieces
    return [restored(a, x) for a, x in zip(pieces, entry.axes, strict=True)]


def arranged(array: Array, axes: Rearrangement) -> Array:
    """Bring the axes of a stored array into the architecture's order."""
    split = array.reshape(_sizes(axes, axes.stored))
    return split.transpose(axes.order).reshape(axes.own_shape)


def restored(array: Array, axes: Rearrangement) -> Array:
    """Bring the axes of an array into the order in which they are stored."""
    split = array.reshape(_sizes(axes, axes.own))
    return split.transpose(np.argsort(axes.order)).reshape(axes.stored_shape)


def cut(array: Array, dim: int, start: int, length: int) -> Array:
    """Cut a piece out of an axis, as a view."""
    return array[(slice(None),) * dim + (slice(start, start + length),)]


def _sizes(axes: Rearrangement, groups: Groups) -> tuple[int, ...]:
    sizes = dict(axes.sizes)
    return tuple(sizes[name] for group in groups for name in group)
