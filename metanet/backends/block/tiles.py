"""Tiles: a plan's edges cut into runs that stay in the cache, each with views of its ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, pairwise
from math import ceil, prod
from typing import Protocol
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from metanet.backends.backend import POWERS, share
from metanet.plan import BlockSlice, End, Plan

CHUNK_BYTES = 1 << 21
"""On a CPU, states of so many bytes are worked on at a time: a few of them fit its caches."""
CHUNK_EDGES_ON_A_GPU = 1 << 20


class Tile(Protocol):
    """A run of edges: their states are `edges[start:stop]` of the chunk that the tile lies in."""

    @property
    def start(self) -> int:
        """The first edge."""

    @property
    def stop(self) -> int:
        """The end of its edges."""

    def spread(self, edges: Tensor, source: Tensor, target: Tensor, rows: Tensor) -> None:
        """Write the sum of each edge's source, target and row state."""

    def spread_back(self, edges: Tensor, into: Tensor, out_of: Tensor, aggregation: str) -> None:
        """Write the sum of each edge's target and source state, times their shares."""

    def at_source(self, nodes: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
        """View source states and the edges so that they broadcast against each other."""

    def collect(self, edges: Tensor, into: Tensor, out_of: Tensor, aggregation: str) -> None:
        """Add the edges to their targets and sources, times their shares."""

    def collect_source(self, edges: Tensor, source: Tensor) -> None:
        """Add the edges to the nodes at their sources."""

    def collect_all(self, edges: Tensor, source: Tensor, target: Tensor, rows: Tensor) -> None:
        """Add the edges to their sources, targets and rows."""

    def collect_rows(self, edges: Tensor, rows: Tensor) -> None:
        """Add the edges to their rows."""

    def from_rows(self, rows: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
        """View row states and the edges so that they broadcast against each other."""


def strided(states: Tensor, end: End) -> Tensor:
    """View contiguous states (count, h) as (networks, *sizes, h) of one end of a block."""
    width = states.shape[1]
    return states.as_strided(
        (*end.sizes, width),
        (*(stride * width for stride in end.strides), 1),
        states.storage_offset() + end.start * width,
    )


def total(block: Tensor, end: End) -> Tensor:
    """Sum the edges that share a node at one end."""
    return block.sum(end.summed, keepdim=True) if end.summed else block


def shares(counts: Tensor, aggregation: str, like: Tensor) -> Tensor:
    """Give what each message is multiplied by, from how many there are of its block."""
    return (counts ** POWERS[aggregation]).to(like.dtype)


@dataclass(frozen=True)
class StridedTile:
    """A piece of one large block: its ends are views of the nodes, with no index."""

    start: int
    stop: int
    view: tuple[int, ...]
    source: End
    target: End
    row: End

    def _view(self, edges: Tensor) -> Tensor:
        return edges[self.start : self.stop].view(*self.view, edges.shape[1])

    def spread(self, edges: Tensor, source: Tensor, target: Tensor, rows: Tensor) -> None:
        beside = strided(target, self.target) + strided(rows, self.row)
        out = self._view(edges)
        torch.add(strided(source, self.source).expand_as(out), beside, out=out)

    def spread_back(self, edges: Tensor, into: Tensor, out_of: Tensor, aggregation: str) -> None:
        at_target = strided(into, self.target)
        if aggregation != "sum":
            at_target = at_target * share(self.target.fan, aggregation)
        out = self._view(edges)
        at_source = strided(out_of, self.source)
        alpha = share(self.source.fan, aggregation)
        torch.add(at_target.expand_as(out), at_source, alpha=alpha, out=out)

    def at_source(self, nodes: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
        return strided(nodes, self.source), self._view(edges)

    def collect(self, edges: Tensor, into: Tensor, out_of: Tensor, aggregation: str) -> None:
        block = self._view(edges)
        for nodes, end in ((into, self.target), (out_of, self.source)):
            strided(nodes, end).add_(total(block, end), alpha=share(end.fan, aggregation))

    def collect_source(self, edges: Tensor, source: Tensor) -> None:
        strided(source, self.source).add_(total(self._view(edges), self.source))

    def collect_all(self, edges: Tensor, source: Tensor, target: Tensor, rows: Tensor) -> None:
        block = self._view(edges)
        at_target = total(block, self.target)
        strided(source, self.source).add_(total(block, self.source))
        strided(target, self.target).add_(at_target)
        strided(rows, self.row).add_(total(at_target, self.row))

    def collect_rows(self, edges: Tensor, rows: Tensor) -> None:
        strided(rows, self.row).add_(total(self._view(edges), self.row))

    def from_rows(self, rows: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
        return strided(rows, self.row), self._view(edges)


@dataclass(frozen=True)
class IndexedTile:
    """Many small blocks together, with an index for their ends."""

    start: int
    stop: int
    source: Tensor
    target: Tensor
    row: Tensor
    fan_in: Tensor
    fan_out: Tensor

    def spread(self, edges: Tensor, source: Tensor, target: Tensor, rows: Tensor) -> None:
        out = edges[self.start : self.stop]
        torch.index_select(source, 0, self.source, out=out)
        out.add_(target[self.target]).add_(rows[self.row])

    def spread_back(self, edges: Tensor, into: Tensor, out_of: Tensor, aggregation: str) -> None:
        out = edges[self.start : self.stop]
        torch.index_select(into, 0, self.target, out=out)
        if aggregation == "sum":
            out.add_(out_of[self.source])
        else:
            out.mul_(shares(self.fan_in, aggregation, out))
            out.addcmul_(out_of[self.source], shares(self.fan_out, aggregation, out))

    def at_source(self, nodes: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
        return nodes[self.source], edges[self.start : self.stop]

    def collect(self, edges: Tensor, into: Tensor, out_of: Tensor, aggregation: str) -> None:
        own = edges[self.start : self.stop]
        ends = (into, self.target, self.fan_in), (out_of, self.source, self.fan_out)
        for nodes, index, fans in ends:
            sent = own if aggregation == "sum" else own * shares(fans, aggregation, own)
            nodes.index_add_(0, index, sent)

    def collect_source(self, edges: Tensor, source: Tensor) -> None:
        source.index_add_(0, self.source, edges[self.start : self.stop])

    def collect_all(self, edges: Tensor, source: Tensor, target: Tensor, rows: Tensor) -> None:
        own = edges[self.start : self.stop]
        source.index_add_(0, self.source, own)
        target.index_add_(0, self.target, own)
        rows.index_add_(0, self.row, own)

    def collect_rows(self, edges: Tensor, rows: Tensor) -> None:
        rows.index_add_(0, self.row, edges[self.start : self.stop])

    def from_rows(self, rows: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
        return rows[self.row], edges[self.start : self.stop]


@dataclass(frozen=True)
class Chunk:
    """The edges `start` to `stop` of a plan; its tiles count from the chunk's first edge."""

    start: int
    stop: int
    tiles: tuple[Tile, ...]

    @property
    def size(self) -> int:
        """The number of edges."""
        return self.stop - self.start


_chunks: WeakKeyDictionary[Plan, dict[int, tuple[Chunk, ...]]] = WeakKeyDictionary()


def chunks_of(plan: Plan, states: Tensor) -> tuple[Chunk, ...]:
    """Cut a plan's edges into chunks, once for each plan and size of edge states."""
    own, largest = _chunks.setdefault(plan, {}), chunk_edges(states)
    if largest not in own:
        own[largest] = tuple(cut(plan, largest))
    return own[largest]


def chunk_edges(states: Tensor, parts: int = 1) -> int:
    """Give the number of edges whose states (num_edges, h) are worked on at a time.

    With `parts`, chunks are that many times smaller.
    """
    if states.device.type != "cpu":
        return CHUNK_EDGES_ON_A_GPU
    return max(1, CHUNK_BYTES // (parts * max(1, states.shape[1]) * states.element_size()))


def cut(plan: Plan, largest: int) -> Iterator[Chunk]:
    """Give chunks of at most `largest` edges."""
    large = (pieces_of(piece, largest) for piece in plan.slices[: plan.packed_slices])
    every: Iterator[Tile] = chain(chain.from_iterable(large), indexed_tiles(plan, largest))
    tiles: list[Tile] = []
    start = 0
    for tile in every:
        if tile.stop - start > largest:
            yield chunk(start, tiles)
            start, tiles = tile.start, []
        tiles.append(tile)
    if tiles:
        yield chunk(start, tiles)


def chunk(start: int, tiles: list[Tile]) -> Chunk:
    """Make a chunk of consecutive tiles."""
    shifted: list[Tile] = [
        replace(tile, start=tile.start - start, stop=tile.stop - start)  # type: ignore[type-var]
        for tile in tiles
    ]
    return Chunk(start, tiles[-1].stop, tuple(shifted))


def pieces_of(piece: BlockSlice, largest: int) -> Iterator[StridedTile]:
    """Cut a slice along its first axes into tiles of at most `largest` edges."""
    view = piece.view
    axis = next(i for i in range(len(view)) if prod(view[i + 1 :]) <= largest)
    inner = prod(view[axis + 1 :])
    count = ceil(view[axis] / max(1, largest // inner))
    bounds = [view[axis] * i // count for i in range(count + 1)]
    start = piece.start
    for outer in np.ndindex(*view[:axis]):
        for low, high in pairwise(bounds):
            first, length = (*outer, low), high - low
            yield StridedTile(
                start=start,
                stop=start + length * inner,
                view=(*[1] * axis, length, *view[axis + 1 :]),
                source=piece_of_end(piece.source, first, length),
                target=piece_of_end(piece.target, first, length),
                row=piece_of_end(piece.row, first, length),
            )
            start += length * inner


def piece_of_end(end: End, first: tuple[int, ...], length: int) -> End:
    """Cut an end: `first` of each of its leading axes, and `length` of the last of them."""
    axis = len(first) - 1
    start, sizes = end.start, list(end.sizes)
    for i, place in enumerate(first):
        if i not in end.summed:
            start += place * end.strides[i]
            sizes[i] = 1 if i < axis else length
    return replace(end, start=start, sizes=tuple(sizes))


def indexed_tiles(plan: Plan, largest: int) -> Iterator[IndexedTile]:
    """Cut the packed slices into tiles of at most `largest` edges."""
    pieces = plan.slices[plan.packed_slices :]
    if not pieces:
        return
    counts = torch.tensor([piece.stop - piece.start for piece in pieces])
    index = {
        which: torch.from_numpy(
            np.concatenate([end_index(getattr(piece, which), piece.view) for piece in pieces])
        ).to(plan.device)
        for which in ("source", "target", "row")
    }
    fans = {
        which: torch.tensor([getattr(piece, which).fan for piece in pieces])
        .double()
        .repeat_interleave(counts)
        .unsqueeze(1)
        .to(plan.device)
        for which in ("source", "target")
    }
    edges = int(counts.sum())
    for low in range(0, edges, largest):
        part = slice(low, min(low + largest, edges))
        yield IndexedTile(
            start=plan.packed_from + part.start,
            stop=plan.packed_from + part.stop,
            source=index["source"][part],
            target=index["target"][part],
            row=index["row"][part],
            fan_in=fans["target"][part],
            fan_out=fans["source"][part],
        )


def end_index(end: End, view: tuple[int, ...]) -> np.ndarray:
    """Write out the affine map of one end, int64 (edges of the slice,)."""
    return relative_index(end.sizes, end.strides, view) + end.start


@lru_cache(maxsize=8192)
def relative_index(
    sizes: tuple[int, ...], strides: tuple[int, ...], view: tuple[int, ...]
) -> np.ndarray:
    """Write out an affine map that begins at 0; small, and asked for again by every batch."""
    index = np.zeros((1,) * len(view), dtype=np.int64)
    for axis, (size, stride) in enumerate(zip(sizes, strides, strict=True)):
        if size > 1:
            shape = [-1 if i == axis else 1 for i in range(len(view))]
            index = index + (np.arange(size) * stride).reshape(shape)
    return np.broadcast_to(index, view).reshape(-1)
