"""Drafts: the groups and blocks of a graph while an architecture is lowered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import prod
from typing import Any

from graphgen.errors import GraphError
from graphgen.template import Attributes, EdgeBlock, NodeGroup, Step, Template
from spec import Architecture, Operation
from spec.primitives import Elementwise

SOURCES = ("bias", "scale", "mean", "variance", "slope", "learned", "constant")
"""Kinds of nodes that nothing leads to and that are no input: they are at depth 0."""


@dataclass
class Draft:
    """A node group that still gains steps."""

    name: str
    kind: str
    size: int
    depth: int
    steps: list[Step] = field(default_factory=list)
    output: int = -1
    shape: tuple[int, ...] = ()
    attributes: Attributes = ()


@dataclass
class BlockDraft:
    """An edge block whose groups have no place yet; `append` numbers its edges and its step."""

    kind: str
    shape: tuple[int, ...]
    axes: tuple[str, ...]
    source_group: int
    source_start: int
    source_strides: tuple[int, ...]
    target_group: int
    target_start: int
    target_strides: tuple[int, ...]
    tensor: str | None = None
    constant: float = 1.0
    tied: bool = False
    attributes: Attributes = ()
    tensor_start: int = 0
    tensor_strides: tuple[int, ...] | None = None
    coefficients: tuple[float, ...] = ()
    name: str = ""
    layer: str = ""
    edge_start: int = 0
    step: int = 0


def as_it_is(name: str) -> Operation:
    """Give the operation that takes a value as it is, for what is added in its name."""
    return Operation(Elementwise("identity"), (name,), (), name, name)


class Drafts:
    """Collects node groups and edge blocks while the operations are lowered in order."""

    kind: str

    def __init__(
        self, net: Architecture, operations: tuple[Operation, ...], outputs: tuple[str, ...]
    ) -> None:
        self.net, self.operations, self.outputs = net, operations, outputs
        self.shapes = net.shapes
        self.groups: list[Draft] = []
        self.blocks: list[BlockDraft] = []
        self.num_edges = 0
        self.uses = Counter(name for operation in self.operations for name in operation.inputs)
        self.uses.update(outputs)

    def group(
        self,
        name: str,
        kind: str,
        size: int,
        depth: int = 0,
        shape: tuple[int, ...] = (),
        attributes: Attributes = (),
    ) -> int:
        """Add a node group and give its index."""
        self.groups.append(Draft(name, kind, size, depth, shape=shape, attributes=attributes))
        return len(self.groups) - 1

    def step(self, group: int, operation: str, **attributes: Any) -> None:
        """Append a step to a group."""
        self.groups[group].steps.append(Step(operation, tuple(attributes.items())))

    def append(self, operation: Operation, block: BlockDraft) -> None:
        """Add an edge block between two groups; it acts at the target's current step."""
        source, target = self.groups[block.source_group], self.groups[block.target_group]
        name = block.tensor or f"{operation.layer}:{block.kind}"
        block.name = f"{name}@{operation.layer}" if block.tied else name
        block.layer, block.step = operation.layer, len(target.steps)
        block.edge_start, self.num_edges = self.num_edges, self.num_edges + prod(block.shape)
        self.blocks.append(block)
        target.depth = max(target.depth, source.depth + (source.kind not in SOURCES))

    def refuse(self, operation: Operation, reason: str) -> GraphError:
        """Make the error for an operation that has no graph of this kind."""
        shapes = ", ".join(str(["N", *self.shapes[name]]) for name in operation.inputs)
        return GraphError(
            f"layer {operation.layer!r}: no {self.kind} graph of `{operation.primitive.name}` on "
            f"{shapes}: {reason}"
        )

    def finish(self) -> Template:
        """Number nodes and edges, and give the finished template."""
        groups: list[NodeGroup] = []
        start = 0
        for draft in self.groups:
            groups.append(
                NodeGroup(
                    draft.name,
                    draft.kind,
                    start,
                    draft.size,
                    tuple(draft.steps),
                    draft.depth,
                    draft.output,
                    draft.shape,
                    draft.attributes,
                )
            )
            start += draft.size
        for block in self.blocks:
            block.source_start += groups[block.source_group].start
            block.target_start += groups[block.target_group].start
        blocks = tuple(EdgeBlock(**vars(block)) for block in self.blocks)
        tensors = tuple(self.net.tensors.values())
        return Template(self.net.hash, self.kind, tuple(groups), blocks, tensors)
