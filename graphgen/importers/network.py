"""A network while it is imported: layers of the language as a list of nodes, with their weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from graphgen.importers.traced import Batch
from spec.primitives import Shape


@dataclass(frozen=True, eq=False)
class Weight:
    """A tensor that a node has: a view of the model's own array, and the model's name for it."""

    name: str
    array: NDArray[Any]

    @property
    def place(self) -> tuple[int, tuple[int, ...], tuple[int, ...], str]:
        """Where its numbers lie and how: equal for tied tensors, whatever they are called."""
        array = self.array
        start = array.__array_interface__["data"][0]
        return start, array.shape, array.strides, str(array.dtype)


@dataclass(frozen=True)
class Node:
    """A layer of the language: what it reads, its fields, its output's shape without the batch.

    `tensors` has weights by the layer's own names for them, `further` the values that it gives
    beside its output by theirs. `scope` is the dotted path of the module that it came from, and
    `source` says what it was in the model, for comments and errors.
    """

    layer: str
    inputs: tuple[str, ...]
    output: str
    shape: Shape
    fields: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, Weight] = field(default_factory=dict)
    further: Mapping[str, str] = field(default_factory=dict)
    scope: str = ""
    source: str = ""

    @property
    def outputs(self) -> tuple[str, ...]:
        """All values that it gives, the main one first."""
        return (self.output, *self.further.values())


@dataclass(frozen=True)
class Network:
    """Nodes in an order in which each reads what stands before it; inputs, and outputs by name.

    `stored` are the model's own arrays by their names, of which weights are views: what its file
    holds, as it holds it. `origin` says where the model came from, for a comment, and
    `output_batches` where the model's outputs have the samples.
    """

    inputs: Mapping[str, Shape]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    name: str = "network"
    stored: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    origin: str = ""
    output_batches: tuple[Batch | None, ...] = ()

    def shapes(self) -> dict[str, Shape]:
        """Give the shape of each input and each node's main output, without the batch."""
        return dict(self.inputs) | {node.output: node.shape for node in self.nodes}

    def makers(self) -> dict[str, Node]:
        """Give the node that makes each value."""
        return {name: node for node in self.nodes for name in node.outputs}

    def readers(self) -> dict[str, list[Node]]:
        """Give the nodes that read each value; one that nothing reads is left out."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                found.setdefault(name, []).append(node)
        return found

    def with_nodes(self, nodes: Iterator[Node] | list[Node] | tuple[Node, ...]) -> Network:
        """Give the network with other nodes."""
        return replace(self, nodes=tuple(nodes))

    def renamed(self, old: str, new: str) -> Network:
        """Give the network where what was read as `old` is read as `new`."""

        def names(those: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(new if name == old else name for name in those)

        nodes = tuple(
            replace(node, inputs=names(node.inputs)) if old in node.inputs else node
            for node in self.nodes
        )
        return replace(self, nodes=nodes, outputs=names(self.outputs))

    def pruned(self) -> Network:
        """Give the network without nodes of which nothing is read."""
        wanted = set(self.outputs)
        kept = []
        for node in reversed(self.nodes):
            if wanted.intersection(node.outputs):
                wanted.update(node.inputs)
                kept.append(node)
        return self.with_nodes(kept[::-1])
