"""Items along axes, by slices and indices, and items written over others."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.operators import elementwise, scatter, shapes, taking
from graphgen.importers.operators.embedding import embedding
from graphgen.importers.refusal import MixedSamplesError
from graphgen.importers.traced import Constant, Traced, Value

FARTHEST = 2**31


@onnx("Slice")
def slice_(node: Node) -> Traced:
    """Cut axes from starts to ends by steps, which are attributes before version 10."""
    t, x = node.tracer, node[0]
    if node.version < 10:
        starts, ends = node.attribute("starts"), node.attribute("ends")
        axes, steps = node.attribute("axes"), None
    else:
        starts, ends = node.integers(1, "the starts"), node.integers(2, "the ends")
        axes = node.integers(3, "the axes") if node.has(3) else None
        steps = node.integers(4, "the steps") if node.has(4) else None
    axes = axes if axes is not None else list(range(len(starts)))
    steps = steps if steps is not None else [1] * len(starts)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        size = x.shape[axis]
        stop = None if step < 0 and end < -size else end
        places = range(size)[max(-FARTHEST, start) : stop : step]
        if not places:
            if isinstance(x, Constant):
                x = Constant(x.array.take([], axis=axis))
                continue
            t.refuse(f"a slice of axis {axis} of {list(x.shape)} has no items")
        x = taking.slice_(t, x, axis, start, stop, step)
    return x


@onnx("Gather")
def gather(node: Node) -> Traced:
    """Take items along an axis by indices of any shape; rows of a stored table are embeddings."""
    t, x, index = node.tracer, node[0], node[1]
    axis = node.attribute("axis", 0) % max(1, len(x.shape))
    if isinstance(index, Constant):
        return taking.index_select(t, x, axis, np.asarray(index.array))
    places = t.value(index)
    if not isinstance(x, Value) and axis == 0 and len(x.shape) == 2:
        return embedding(t, x, places)
    return taking.computed_index_select(t, x, axis, places)


@onnx("GatherElements")
def gather_elements(node: Node) -> Traced:
    return taking.gather(node.tracer, node[0], node.attribute("axis", 0), node[1])


@onnx("GatherND")
def gather_nd(node: Node) -> Traced:
    """Take items by constant tuples of indices into the first axes behind `batch_dims`."""
    t, x = node.tracer, node[0]
    index = np.asarray(node.known(1, "the indices"))
    lead = node.attribute("batch_dims", 0)
    depth = index.shape[-1]
    sizes = x.shape[lead : lead + depth]
    index = np.where(index < 0, index + np.asarray(sizes), index)
    rest = x.shape[lead + depth :]
    if lead == 0 and isinstance(x, Value) and x.batch is not None and x.batch.axis >= depth:
        flat = shapes.reshape(t, x, (int(np.prod(sizes)), *rest))
        places = np.ravel_multi_index(tuple(np.moveaxis(index, -1, 0)), sizes)
        return taking.index_select(t, flat, 0, places)
    if lead == 0:
        flat = shapes.reshape(t, x, (int(np.prod(sizes)), *rest))
        places = np.ravel_multi_index(tuple(np.moveaxis(index, -1, 0)), sizes)
        return taking.index_select(t, flat, 0, places)
    front = x.shape[:lead]
    rows = index.reshape(int(np.prod(front)), -1, depth)
    if (rows == rows[:1]).all():
        flat = shapes.reshape(t, x, (*front, int(np.prod(sizes)), *rest))
        places = np.ravel_multi_index(tuple(rows[0].T), sizes)
        found = taking.index_select(t, flat, lead, places)
        return shapes.reshape(t, found, (*index.shape[:-1], *rest))
    if isinstance(x, Value) and x.batch is not None:
        raise MixedSamplesError(f"{t.source} takes other items of each sample")
    full = (*front, *sizes)
    grid = np.indices(index.shape[:-1])[:lead]
    places = np.ravel_multi_index((*grid, *np.moveaxis(index, -1, 0)), full)
    flat = shapes.reshape(t, x, (int(np.prod(full)), *rest))
    return taking.index_select(t, flat, 0, places)


def _places(shape: tuple[int, ...]) -> Any:
    return np.arange(int(np.prod(shape))).reshape(shape)


@onnx("ScatterND")
def scatter_nd(node: Node) -> Traced:
    """Write over the items that constant tuples of indices name."""
    x, updates = node[0], node[2]
    index = np.asarray(node.known(1, "the indices"))
    depth = index.shape[-1]
    index = np.where(index < 0, index + np.asarray(x.shape[:depth]), index)
    places = _places(tuple(x.shape))[tuple(np.moveaxis(index, -1, 0))]
    return _scattered(node, x, places, updates)


@onnx("Scatter", "ScatterElements")
def scatter_elements(node: Node) -> Traced:
    """Write over the items that constant indices name along an axis."""
    x, updates = node[0], node[2]
    axis = node.attribute("axis", 0) % len(x.shape)
    index = np.asarray(node.known(1, "the indices"))
    index = np.where(index < 0, index + x.shape[axis], index)
    grid = list(np.indices(index.shape))
    grid[axis] = index
    places = _places(tuple(x.shape))[tuple(grid)]
    return _scattered(node, x, places, updates)


def _scattered(node: Node, x: Traced, places: Any, updates: Traced) -> Traced:
    """Write updates, or combine them with what is there."""
    t = node.tracer
    how = node.attribute("reduction", "none")
    if how == "none":
        return scatter.scatter(t, x, places, updates)
    combine = {
        "add": elementwise.add,
        "mul": elementwise.multiply,
        "max": elementwise.maximum,
        "min": elementwise.minimum,
    }[how]
    neutral = {"add": 0.0, "mul": 1.0, "max": -np.inf, "min": np.inf}[how]
    flat, left = places.ravel(), np.arange(places.size)
    found = x
    changes = shapes.reshape(t, updates, (-1,)) if not isinstance(updates, Value) else updates
    while left.size:
        # Of what goes to one place one item each turn.
        _, first = np.unique(flat[left], return_index=True)
        turn = left[first]
        base: Traced = Constant(np.full(x.shape, neutral))
        if isinstance(changes, Value):
            if turn.size != places.size:
                t.refuse(f"several items are combined by {how!r} at one place")
            part: Traced = updates
            one = scatter.scatter(t, base, places, part)
        else:
            one = scatter.scatter(t, base, flat[turn], taking.index_select(t, changes, 0, turn))
        found = combine(t, found, one)
        left = np.setdiff1d(left, turn)
    return found


@onnx("OneHot")
def one_hot(node: Node) -> Traced:
    """Give `on` where an index is, `off` elsewhere, along a new axis."""
    t = node.tracer
    node.gives.append(node.kind(2))
    depth = int(node.number(1, "the depth", 0))
    values = np.asarray(node.known(2, "the values")).reshape(-1)
    off, on = float(values[0]), float(values[1])
    axis = node.attribute("axis", -1)
    index = node.value(0)
    rank = len(index.shape)
    axis = axis % (rank + 1)
    numbers = np.arange(depth).reshape(-1, *(1,) * (rank - axis))
    wide = shapes.unsqueeze(t, index, axis)
    if index.name in t.inputs:
        # An index may count from the end, which the layer `one_hot` does not know.
        wide = _from_the_front(node, wide, depth)
    hot = elementwise.compare(t, "eq", wide, Constant(numbers))
    return elementwise.affine(t, hot, on - off, off)


def _from_the_front(node: Node, index: Traced, depth: int) -> Traced:
    below = elementwise.compare(node.tracer, "lt", index, Constant(np.asarray(0.0)))
    return elementwise.add(node.tracer, index, below, float(depth))


@onnx("Compress")
def compress(node: Node) -> Traced:
    """Keep the items that a constant condition names."""
    t, x = node.tracer, node[0]
    keep = np.flatnonzero(node.known(1, "the condition"))
    axis = node.attribute("axis")
    if axis is None:
        return taking.index_select(t, shapes.reshape(t, x, (-1,)), 0, keep)
    return taking.index_select(t, x, axis, keep)


@onnx("NonZero", "Unique", gives="i")
def as_many_as_there_are(node: Node) -> Traced:
    node.tracer.refuse("how many items it gives depends on numbers that are computed")
