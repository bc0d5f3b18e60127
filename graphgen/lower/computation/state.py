"""The state of a lowering to a computation graph: which node holds each item of each value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from graphgen.affine import affine
from graphgen.lower.drafts import BlockDraft, Drafts, as_it_is
from graphgen.template import Attributes, Template
from spec import Architecture, Operation
from spec.primitives.elementwise import lying

Row = tuple[int, int, int, int]
"""An axis of a block: its size, and its strides at the source, at the target, in the tensor."""


@dataclass(frozen=True)
class Items:
    """Where the items of a value are: item c is node `start + sum(strides[i] * c[i])` of a group.

    `exclusive` says that nothing but this value reads the group's nodes, all of which it has.
    """

    shape: tuple[int, ...]
    group: int
    strides: tuple[int, ...]
    start: int = 0
    exclusive: bool = False

    def axis(self, axis: int, size: int, first: int, step: int) -> Items:
        """Give fewer items along one axis: `size` of them, from `first` on, `step` apart."""
        shape = (*self.shape[:axis], size, *self.shape[axis + 1 :])
        strides = (*self.strides[:axis], self.strides[axis] * step, *self.strides[axis + 1 :])
        return Items(shape, self.group, strides, self.start + first * self.strides[axis])

    def at(self, axis: int, place: int) -> Items:
        """Give the items at one place along an axis, without the axis."""
        one = self.axis(axis, 1, place, 0)
        return replace(
            one,
            shape=(*one.shape[:axis], *one.shape[axis + 1 :]),
            strides=(*one.strides[:axis], *one.strides[axis + 1 :]),
        )


class Lowering(Drafts):
    """Drafts of a computation graph: a node for each item of each value, an edge for each use."""

    kind = "computation"

    def __init__(self, net: Architecture) -> None:
        super().__init__(net, net.operations, net.outputs)
        self.items: dict[str, Items] = {}
        self.cells: dict[object, tuple[dict[int, Items], Items]] = {}
        self.seen: dict[str, NDArray[np.bool_]] = {}

    def value(self, name: str) -> Items:
        """Give a value's items; exclusive only if this is the value's one use."""
        items = self.items[name]
        return replace(items, exclusive=items.exclusive and self.uses[name] == 1)

    def entries(self, name: str) -> tuple[int, ...]:
        """Give the last axis of a value of indices, which has a node for each of them; or none."""
        return self.items[name].shape[len(self.net.shapes[name]) :]

    def nodes(
        self,
        name: str,
        kind: str,
        shape: Sequence[int],
        attributes: Attributes = (),
        depth: int = 0,
    ) -> Items:
        """Add a group with a node for each item of a value."""
        shape = tuple(shape)
        group = self.group(name, kind, prod(shape), depth, shape, attributes)
        return Items(shape, group, row_major(shape), exclusive=True)

    def connect(
        self,
        operation: Operation,
        kind: str,
        source: Items,
        target: Items,
        rows: Sequence[Row],
        tensor: str | None = None,
        tensor_start: int = 0,
        constant: float = 1.0,
        coefficients: Sequence[float] = (),
        roles: Sequence[str] = (),
        attributes: Attributes = (),
    ) -> None:
        """Add a block of edges with an axis for each row; those of one item are left out."""
        named = [
            (row, roles[place] if roles else role(row)) for place, row in enumerate(rows)
            if row[0] > 1
        ] or [((1, 0, 0, 0), "unit")]  # fmt: skip
        shape, from_source, to_target, in_tensor = zip(*(row for row, _ in named), strict=True)
        addressed = tensor is not None or bool(coefficients)
        block = BlockDraft(
            kind=kind,
            shape=shape,
            axes=tuple(word for _, word in named),
            source_group=source.group,
            source_start=source.start,
            source_strides=from_source,
            target_group=target.group,
            target_start=target.start,
            target_strides=to_target,
            tensor=tensor,
            constant=constant,
            attributes=attributes,
            tensor_start=tensor_start,
            tensor_strides=in_tensor if addressed else None,
            coefficients=tuple(coefficients),
        )
        block.tied = tensor is not None and self._used(block)
        self.append(operation, block)

    def _used(self, block: BlockDraft) -> bool:
        """Say whether all scalars of a block have an edge already, and note that they have."""
        name = block.tensor or ""
        seen = self.seen.setdefault(
            name, np.zeros(prod(self.net.tensors[name].shape), dtype=np.bool_)
        )
        strides = block.tensor_strides or ()
        sizes = tuple(n if s else 1 for n, s in zip(block.shape, strides, strict=True))
        scalars = affine(sizes, block.tensor_start, strides)
        tied = bool(seen[scalars].all())
        seen[scalars] = True
        return tied

    def identity(
        self,
        operation: Operation,
        source: Items,
        target: Items,
        kind: str = "identity",
        constant: float = 1.0,
        attributes: Attributes = (),
    ) -> None:
        """Connect the items of two values one by one; one item along an axis is repeated."""
        rows = [
            (size, stride if source.shape[axis] > 1 else 0, goal, 0)
            for axis, (size, stride, goal) in enumerate(
                zip(target.shape, source.strides, target.strides, strict=True)
            )
        ]
        self.connect(
            operation, kind, source, target, rows, constant=constant, attributes=attributes
        )

    def copy(self, operation: Operation, source: Items, kind: str = "sum") -> Items:
        """Add a group whose nodes take the items of a value, in order."""
        target = self.nodes(operation.output, kind, source.shape)
        self.identity(operation, source, target)
        return target

    def own(self, operation: Operation, name: str, kind: str = "") -> Items:
        """Give a value whose group may gain a step (and messages, if it is of a kind)."""
        items = self.value(name)
        group = self.groups[items.group]
        if items.exclusive and (not kind or (group.kind == kind and not group.steps)):
            return items
        return self.copy(operation, items)

    def parameter(
        self,
        operation: Operation,
        kind: str,
        target: Items,
        tensor: str,
        axis: int | None,
        source: Items | None = None,
    ) -> None:
        """Connect a tensor that lies along some axes of a value, from `axis` on, item by item.

        Without a source, from a constant node of its own.
        """
        own = source or self.nodes(f"{operation.layer}.{kind}", "constant", (1,))
        shape = lying(self.net.tensors[tensor].shape)
        inside = row_major(shape)
        rows = []
        for place, (size, goal) in enumerate(zip(target.shape, target.strides, strict=True)):
            along = axis is not None and axis <= place < axis + len(shape)
            stride = inside[place - axis] if along and axis is not None else 0
            rows.append((size, source.strides[place] if source else 0, goal, stride))
        self.connect(operation, kind, own, target, rows, tensor)

    def finish_outputs(self) -> Template:
        """Mark the outputs, in groups of their own in order of their items."""
        for position, name in enumerate(self.net.outputs):
            items = self.items[name]
            group = self.groups[items.group]
            whole = items.strides == row_major(items.shape) and prod(items.shape) == group.size
            if not whole or items.start or group.output >= 0 or group.kind == "input":
                items = self.copy(as_it_is(name), items)
            self.groups[items.group].output = position
            self.groups[items.group].shape = items.shape
        return self.finish()


def role(row: Row) -> str:
    """Name an axis by what it moves."""
    _, source, target, _ = row
    if source:
        return "unit" if target else "in"
    return "out" if target else "tap"


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    """Give the strides of an array's axes, the last one running fastest.

    >>> row_major((2, 3))
    (3, 1)
    """
    return tuple(prod(shape[place + 1 :]) for place in range(len(shape)))
