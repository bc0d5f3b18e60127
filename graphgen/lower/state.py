"""The state of a lowering: groups and blocks so far, and how each value lies on nodes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

from graphgen.errors import GraphError
from graphgen.template import Attributes, EdgeBlock, NodeGroup, Step, Template
from spec import Architecture, Operation


@dataclass(frozen=True)
class Factor:
    """A part of an axis: the neurons of a group (`group` is its index), or positions (None)."""

    size: int
    group: int | None = None


Axis = tuple[Factor, ...]


@dataclass(frozen=True)
class Layout:
    """How a value lies on nodes: the factors of each axis, and the group that computes it.

    `exclusive` says that nothing but this value continues the group's steps, so that a pointwise
    operation on it may join the group.
    """

    axes: tuple[Axis, ...]
    group: int
    exclusive: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """The value's shape without the batch axis."""
        return tuple(prod(factor.size for factor in axis) for axis in self.axes)


@dataclass
class Draft:
    """A node group that still gains steps."""

    name: str
    kind: str
    size: int
    depth: int
    steps: list[Step] = field(default_factory=list)
    output: int = -1


class Lowering:
    """Collects node groups and edge blocks while the operations are lowered in order."""

    def __init__(self, net: Architecture) -> None:
        self.net = net
        self.groups: list[Draft] = []
        self.blocks: list[EdgeBlock] = []
        self.layouts: dict[str, Layout] = {}
        self.uses = Counter(name for operation in net.operations for name in operation.inputs)
        self.uses.update(net.outputs)
        self.owned: set[str] = set()

    def layout(self, value: str) -> Layout:
        """Give a value's layout; exclusive only if this is the value's one use."""
        layout = self.layouts[value]
        return replace(layout, exclusive=layout.exclusive and self.uses[value] == 1)

    def group(self, name: str, kind: str, size: int, depth: int = 0) -> int:
        """Add a node group and give its index."""
        self.groups.append(Draft(name, kind, size, depth))
        return len(self.groups) - 1

    def block(
        self,
        operation: Operation,
        kind: str,
        shape: tuple[int, ...],
        axes: tuple[str, ...],
        source: int,
        source_strides: tuple[int, ...],
        target: int,
        target_strides: tuple[int, ...],
        tensor: str | None = None,
        attributes: Attributes = (),
    ) -> None:
        """Add an edge block between two groups; it acts at the target's current step."""
        tied = tensor is not None and tensor in self.owned
        if tensor is not None:
            self.owned.add(tensor)
        before = self.blocks[-1].edge_start + self.blocks[-1].num_edges if self.blocks else 0
        name = tensor or f"{operation.layer}:{kind}"
        self.blocks.append(
            EdgeBlock(
                name=f"{name}@{operation.layer}" if tied else name,
                kind=kind,
                layer=operation.layer,
                shape=shape,
                axes=axes,
                source_group=source,
                source_start=0,
                source_strides=source_strides,
                target_group=target,
                target_start=0,
                target_strides=target_strides,
                edge_start=before,
                tensor=tensor,
                tied=tied,
                step=len(self.groups[target].steps),
                attributes=attributes,
            )
        )
        self.groups[target].depth = max(
            self.groups[target].depth,
            self.groups[source].depth + (self.groups[source].kind in ("input", "neuron", "hub")),
        )

    def step(self, group: int, operation: str, **attributes: Any) -> None:
        """Append a step to a group."""
        self.groups[group].steps.append(Step(operation, tuple(attributes.items())))

    def own(self, operation: Operation, value: str) -> Layout:
        """Give a layout whose group may gain a step: the value's own, or a copy behind it.

        Where others read the value before the step, the step gets a group of its own, one
        parameter-free edge away from each neuron.
        """
        layout = self.layout(value)
        if layout.exclusive:
            return layout
        return self.copy(operation, [layout])

    def copy(self, operation: Operation, layouts: list[Layout]) -> Layout:
        """Make a group that takes the sum of some values over parameter-free edges."""
        first = layouts[0]
        size = self.groups[first.group].size
        target = self.group(operation.output, "neuron", size)
        for layout in layouts:
            self.connect(operation, layout, target)
        axes = tuple(
            tuple(
                factor if factor.group is None else Factor(factor.size, target) for factor in axis
            )
            for axis in first.axes
        )
        return Layout(axes, target, exclusive=True)

    def connect(self, operation: Operation, layout: Layout, target: int) -> None:
        """Add the parameter-free edges from each neuron of a value to its fellow in a group."""
        size = self.groups[target].size
        self.block(operation, "identity", (size,), ("unit",), layout.group, (1,), target, (1,))

    def refuse(self, operation: Operation, reason: str) -> GraphError:
        """Make the error for an operation that has no parameter graph."""
        shapes = ", ".join(str(["N", *self.net.shapes[name]]) for name in operation.inputs)
        return GraphError(
            f"layer {operation.layer!r}: no parameter graph of `{operation.primitive.name}` on "
            f"{shapes}: {reason}"
        )

    def _output_group(self, name: str) -> int:
        """Give the group of an output, or a copy of it where another output has taken that."""
        layout = self.layouts[name]
        if self.groups[layout.group].output < 0:
            return layout.group
        for operation in self.net.operations:
            if operation.output == name:
                return self.copy(operation, [layout]).group
        raise GraphError(f"the input {name!r} is an output twice: no parameter graph says that")

    def template(self) -> Template:
        """Number nodes and edges, and give the finished template."""
        for position, name in enumerate(self.net.outputs):
            self.groups[self._output_group(name)].output = position
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
                )
            )
            start += draft.size
        blocks = tuple(
            replace(
                block,
                source_start=groups[block.source_group].start,
                target_start=groups[block.target_group].start,
            )
            for block in self.blocks
        )
        tensors = tuple(self.net.tensors.values())
        return Template(self.net.hash, "parameter", tuple(groups), blocks, tensors)
