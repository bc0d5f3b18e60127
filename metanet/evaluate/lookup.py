"""Rows of a table, in torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

import torch
import torch.nn.functional as F
from torch import Tensor

from metanet.errors import MetanetError
from metanet.evaluate.preparation import prepared
from spec.primitives import Lookup

PRIMES = (1, 2654435761, 805459861, 3674653429, 2097192037, 1434869437, 2165219737)
UINT32 = 2**32 - 1


def run(primitive: Lookup, training: bool, x: Tensor, table: Tensor) -> Tensor:
    """Look up indices x (N, ...), or mix the entries around places x (N, ..., k)."""
    if primitive.is_table:
        ready = prepared(primitive.prepared, table) if primitive.prepared else table
        rows = ready if primitive.kind == "table" else ready.T
        try:
            return F.embedding(x if x.is_floating_point() else x.long(), rows)
        except IndexError:
            raise MetanetError(
                f"an index is outside of a table with {len(rows)} entries: expected 0 to "
                f"{len(rows) - 1}"
            ) from None
    if primitive.kind == "one_hot":
        return F.one_hot(x.long(), primitive.resolution).to(table.dtype)
    dims = x.shape[-1]
    if primitive.kind == "hash":
        return mixed(x, [primitive.resolution] * dims, table)
    if dims <= 3:
        return sampled(x, table)
    return mixed(x, [size - 1 for size in reversed(table.shape[1:])], table.flatten(1).T)


def sampled(x: Tensor, table: Tensor) -> Tensor:
    """Sample a grid (features, *cells) of up to three axes in one operator."""
    places = x.reshape(-1, x.shape[-1])
    if places.shape[1] == 1:
        # The operator begins at two axes.
        places, table = F.pad(places, (0, 1)), table[:, None]
    dims = places.shape[1]
    places = places.reshape(1, -1, *(1,) * (dims - 1), dims)
    values = F.grid_sample(table[None], places, padding_mode="border", align_corners=True)
    return values.reshape(table.shape[0], -1).T.reshape(*x.shape[:-1], table.shape[0])


def mixed(x: Tensor, intervals: Sequence[int], rows: Tensor) -> Tensor:
    """Mix the entries (entries, features) that the corners around each place own or share."""
    dense = prod(size + 1 for size in intervals) <= rows.shape[0]
    result = x.new_zeros(())
    for corner, share in corners(x, intervals):
        index = own_entry(corner, intervals) if dense else shared_entry(corner, rows.shape[0])
        result = result + share[..., None] * F.embedding(index, rows)
    return result


def corners(x: Tensor, intervals: Sequence[int]) -> Iterator[tuple[list[Tensor], Tensor]]:
    """Give the corners of the cell around each place: their coordinates, and their shares."""
    most = torch.tensor(intervals, device=x.device)
    places = (x.clamp(-1, 1) + 1) / 2 * most
    low = torch.minimum(places.detach().nan_to_num().long(), (most - 1).clamp(min=0))
    rest = places - low
    for sides in product((0, 1), repeat=len(intervals)):
        coordinates = torch.minimum(low + low.new_tensor(sides), most).unbind(-1)
        share = x.new_ones(())
        for axis, side in enumerate(sides):
            share = share * (rest[..., axis] if side else 1 - rest[..., axis])
        yield list(coordinates), share


def own_entry(corner: Sequence[Tensor], intervals: Sequence[int]) -> Tensor:
    """Count the corners of a grid, the first coordinate fastest."""
    index = torch.zeros_like(corner[0])
    for coordinate, size in zip(reversed(corner), reversed(intervals), strict=True):
        index = index * (size + 1) + coordinate
    return index


def shared_entry(corner: Sequence[Tensor], entries: int) -> Tensor:
    """Hash the coordinates of a corner, in the arithmetic of unsigned integers of 32 bits."""
    index = torch.zeros_like(corner[0])
    for coordinate, factor in zip(corner, PRIMES[: len(corner)], strict=True):
        index = index ^ (coordinate * factor & UINT32)
    return index % entries
