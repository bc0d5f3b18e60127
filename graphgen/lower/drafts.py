"""Drafts: the groups and blocks of a graph while an architecture is lowered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from graphgen.errors import GraphError
from graphgen.template import Attributes, EdgeBlock, NodeGroup, Step, Template
from spec import Architecture, Operation

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


class Drafts:
    """Collects node groups and edge blocks while the operations are lowered in order."""

    kind: str

    def __init__(self, net: Architecture) -> None:
        self.net = net
        self.groups: list[Draft] = []
        self.blocks: list[EdgeBlock] = []
        self.uses = Counter(name for operation in net.operations for name in operation.inputs)
        self.uses.update(net.outputs)

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

    def append(self, operation: Operation, block: EdgeBlock) -> None:
        """Add an edge block between two groups; it acts at the target's current step."""
        before = self.blocks[-1].edge_start + self.blocks[-1].num_edges if self.blocks else 0
        source, target = self.groups[block.source_group], self.groups[block.target_group]
        name = block.tensor or f"{operation.layer}:{block.kind}"
        self.blocks.append(
            replace(
                block,
                name=f"{name}@{operation.layer}" if block.tied else name,
                layer=operation.layer,
                edge_start=before,
                step=len(target.steps),
            )
        )
        target.depth = max(target.depth, source.depth + (source.kind not in SOURCES))

    def refuse(self, operation: Operation, reason: str) -> GraphError:
        """Make the error for an operation that has no graph of this kind."""
        shapes = ", ".join(str(["N", *self.net.shapes[name]]) for name in operation.inputs)
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
        blocks = tuple(
            replace(
                block,
                source_start=block.source_start + groups[block.source_group].start,
                target_start=block.target_start + groups[block.target_group].start,
            )
            for block in self.blocks
        )
        tensors = tuple(self.net.tensors.values())
        return Template(self.net.hash, self.kind, tuple(groups), blocks, tensors)
