"""Running a computation graph: each node combines the messages of its edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from graphlib import TopologicalSorter
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.dtypes import common, in_numpy, is_real, wide
from graphgen.errors import GraphError
from graphgen.evaluate.functions import computed
from graphgen.evaluate.inputs import batches, check_indices, computable
from graphgen.evaluate.lookup import run as look_up
from graphgen.evaluate.preparation import of_attributes, prepared
from graphgen.evaluate.statistics import deviation, kthvalue, largest, log_sum_exp, mean
from graphgen.graph import Graph
from graphgen.template import EdgeBlock, NodeGroup
from spec.primitives import Lookup

Array = NDArray[Any]


def run(graph: Graph, inputs: Sequence[object]) -> tuple[Array, ...]:
    """Run a computation graph on a batch of each input; gives a batch of each output.

    A message is the value of its edge times the value of its source. A node combines its messages
    as its group's `kind` says, then applies the functions of the group's `steps`.
    """
    groups = graph.node_groups
    given = {group.name: index for index, group in enumerate(groups) if group.kind == "input"}
    shapes = {name: sample_shape(groups[index]) for name, index in given.items()}
    batch = batches(shapes, inputs)
    dtypes = [x.dtype for x in batch.values() if is_real(x.dtype)]
    dtypes += [b.weight.dtype for b in graph.blocks if b.weight is not None]
    dtype = common(dtypes) if dtypes else np.dtype(np.float64)
    dtype = dtype if in_numpy(dtype) else wide(dtype)
    arriving: dict[int, list[EdgeBlock]] = {index: [] for index in range(len(groups))}
    for block in graph.blocks:
        arriving[block.target_group].append(block)
    values: dict[int, Array] = {
        index: encode(groups[index], batch[name], dtype) for name, index in given.items()
    }
    order = TopologicalSorter(
        {index: [b.source_group for b in blocks] for index, blocks in arriving.items()}
    )
    count = len(next(iter(batch.values()))) if batch else 1
    for index in order.static_order():
        if index not in values:
            node = Combination(graph, index, arriving[index], values, count, dtype)
            values[index] = node.result()
    results = {
        group.output: values[index].reshape(count, *group.shape)
        for index, group in enumerate(groups)
        if group.output >= 0
    }
    return tuple(results[position] for position in sorted(results))


def sample_shape(group: NodeGroup) -> tuple[int, ...]:
    """Give the shape of one sample of an input, whose nodes spell out an index on an axis more."""
    return group.shape[:-1] if group.steps else group.shape


def encode(group: NodeGroup, x: Array, dtype: np.dtype[Any]) -> Array:
    """Give the values of input nodes (N, size); an index is a one among zeros."""
    for step in group.steps:
        check_indices(group.name, x, dict(step.attributes)["entries"])
    if group.steps:
        x = np.eye(group.shape[-1], dtype=dtype)[x]
    return x.reshape(x.shape[0], -1).astype(dtype)


class Combination:
    """A group of nodes whose messages are combined, by the rule of its kind."""

    def __init__(
        self,
        graph: Graph,
        index: int,
        blocks: Sequence[EdgeBlock],
        values: dict[int, Array],
        count: int,
        dtype: np.dtype[Any],
    ) -> None:
        self.graph, self.group, self.blocks = graph, graph.node_groups[index], blocks
        self.nodes, self.count, self.dtype = values, count, dtype
        self.attributes = dict(self.group.attributes)

    def result(self) -> Array:
        """Give the values of the nodes, shape (N, size)."""
        if self.group.kind not in RULES:
            raise GraphError(f"node group {self.group.name}: no rule for {self.group.kind!r} nodes")
        x = RULES[self.group.kind](self)
        for step in self.group.steps:
            x = computed(step.operation, x, dict(step.attributes))
        return x

    def of(self, *kinds: str) -> list[EdgeBlock]:
        """List the blocks of some kinds of edges; all without a kind."""
        return [block for block in self.blocks if not kinds or block.kind in kinds]

    def full(self, value: float) -> Array:
        """Give an array of one value for each node."""
        return np.full((self.count, self.group.size), value, dtype=self.dtype)

    def sources(self, block: EdgeBlock) -> Array:
        """View the values of the sources, in the shape (N, *block)."""
        nodes = self.nodes[block.source_group]
        start = block.source_start - self.graph.node_groups[block.source_group].start
        return strided(nodes, start, block.shape, block.source_strides, writeable=False)

    def targets(self, block: EdgeBlock, x: Array) -> Array:
        """View what belongs to the targets, in the block's shape with 1 where edges meet."""
        start = block.target_start - self.group.start
        sizes = zip(block.shape, block.target_strides, strict=True)
        shape = tuple(size if stride else 1 for size, stride in sizes)
        return strided(x, start, shape, block.target_strides, writeable=True)

    def weight(self, block: EdgeBlock) -> Array:
        """Give the factors of a block's edges: its values, made ready as its attributes say."""
        how = of_attributes(block.attributes)
        if how is None or block.tensor is None:
            return block.values()
        return block.view(prepared(how, computable(self.graph.tensors[block.tensor])))

    def add(self, result: Array, block: EdgeBlock, source: Array | None = None) -> None:
        """Add the messages of a block to its targets."""
        axes = range(1, len(block.shape) + 1)
        message = self.sources(block) if source is None else source
        values = computable(self.weight(block))
        target = self.targets(block, result)
        if source is not None or block.tensor is None:
            product = message * values.astype(self.dtype)
            over = tuple(a for a in axes if not block.target_strides[a - 1])
            target += product.sum(over, keepdims=True)
            return
        # One item along the axes where an operand is only repeated: no product is spelled out.
        once = message[(slice(None), *(slice(None) if s else 0 for s in block.source_strides))]
        strides = block.tensor_strides or (1,) * len(block.shape)
        weight = values[tuple(slice(None) if s else 0 for s in strides)]
        letters = "abcdefghijklmnopqrstuvwxyz"
        names = [letters[a] for a in axes]
        left = "z" + "".join(n for n, s in zip(names, block.source_strides, strict=True) if s)
        right = "".join(n for n, s in zip(names, strides, strict=True) if s)
        kept = [
            stride != 0 and name in left + right
            for name, stride in zip(names, block.target_strides, strict=True)
        ]
        out = "z" + "".join(name for name, keep in zip(names, kept, strict=True) if keep)
        product = np.einsum(f"{left},{right}->{out}", once, weight, optimize=True)
        sizes = (size if keep else 1 for size, keep in zip(block.shape, kept, strict=True))
        target += product.reshape(self.count, *sizes)


def strided(
    x: Array, start: int, shape: Sequence[int], strides: Sequence[int], writeable: bool
) -> Array:
    """View (N, size) as (N, *shape), by strides over the nodes."""
    batch, item = x.strides
    return np.lib.stride_tricks.as_strided(
        x[:, start:], (x.shape[0], *shape), (batch, *(item * s for s in strides)),
        writeable=writeable,
    )  # fmt: skip


def total(node: Combination) -> Array:
    """Sum all messages."""
    result = node.full(0)
    with np.errstate(invalid="ignore"):  # infinite ones of both signs, as behind a mask
        for block in node.blocks:
            node.add(result, block)
    return result


def product(node: Combination) -> Array:
    """Multiply all messages."""
    result = node.full(1)
    for block in node.blocks:
        target = node.targets(block, result)
        target *= node.sources(block)
    return result


def part(node: Combination, *kinds: str) -> Array:
    """Sum the messages of some kinds of edges."""
    result = node.full(0)
    for block in node.of(*kinds):
        node.add(result, block)
    return result


def normalise(node: Combination) -> Array:
    """Compute `(item - mean) / sqrt(variance + eps)`."""
    centred = part(node, "identity") - part(node, "mean")
    spread: Array = np.sqrt(part(node, "variance") + node.attributes["eps"])
    return centred / spread


def softmax(node: Combination) -> Array:
    """Compute `exp(item - log_sum_exp)`."""
    with np.errstate(invalid="ignore"):
        result: Array = np.exp(part(node, "identity") - part(node, "log_sum_exp"))
    return result


def prelu(node: Combination) -> Array:
    """Multiply a negative item by the slope."""
    item = part(node, "identity")
    return np.where(item > 0, item, part(node, "slope") * item)


def where(node: Combination) -> Array:
    """Choose, by whether the first item is 0, one of the others."""
    items = [node.full(0) for _ in range(3)]
    for block in node.blocks:
        target = node.targets(block, items[dict(block.attributes)["operand"]])
        target[...] = node.sources(block)
    condition, x, y = items
    return np.where(condition != 0, x, y)


def coefficient(node: Combination) -> Array:
    """Compute the share of each entry of a grid or a hash table at a place."""
    (block,) = node.blocks
    cells, dims = tuple(node.attributes["cells"]), node.attributes["coordinates"]
    entries = prod(cells)
    points = node.group.size // entries
    first = [axis for axis, role in enumerate(block.axes) if role == "place"]
    keep = [slice(None) if axis not in first else 0 for axis in range(len(block.shape))]
    if dims > 1:
        keep[-1] = slice(None)
    places = node.sources(block)[(slice(None), *keep)].reshape(node.count, points, dims)
    kind = node.attributes["lookup"]
    table = np.eye(entries, dtype=node.dtype)
    if kind == "grid":
        table = table.reshape(entries, *cells)
    shares = look_up(Lookup(kind, node.attributes["resolution"]), places, table)
    return shares.reshape(node.count, -1)


RULES: dict[str, Callable[[Combination], Array]] = {
    "constant": lambda node: node.full(1),
    "sum": total,
    "product": product,
    "max": lambda node: largest(node, node.blocks),
    "mean": mean,
    "variance": deviation,
    "mean_square": deviation,
    "log_sum_exp": log_sum_exp,
    "normalise": normalise,
    "softmax": softmax,
    "prelu": prelu,
    "masked": lambda node: largest(node, node.blocks),
    "coefficient": coefficient,
    "where": where,
    "kthvalue": kthvalue,
}
"""How a node combines its messages, by the kind of its group."""
