"""The state of a lowering: groups and blocks so far, and how each value lies on nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from math import prod

from graphgen.lower.drafts import BlockDraft, Drafts
from graphgen.lower.parameter.colours import Colours
from graphgen.lower.parameter.layout import Digit, Layout, nested, renewed
from graphgen.lower.parameter.normal_form import normal_form
from graphgen.template import Attributes
from spec import Architecture, Operation
from spec.primitives import Take

Row = tuple[int, str, int, int]
"""An axis of a block: its size, its role, its stride at the source and at the target."""

End = tuple[int, int]
"""An end of a block: a group, and the first node within it."""

STATISTICS = ("mean", "variance")

COPIES = -1
"""In the place of a digit's group: copies of one item, of which it is open what they are."""


class Lowering(Drafts):
    """Drafts of a parameter graph, and how each value lies on its nodes."""

    kind = "parameter"

    def __init__(self, net: Architecture) -> None:
        operations, outputs, shapes = normal_form(net)
        super().__init__(net, operations, outputs)
        self.shapes = shapes
        self.layouts: dict[str, Layout] = {}
        self.owned: set[str] = set()
        self.tables: set[int] = set()
        self.waiting: dict[str, Operation] = {}
        self.fixed: dict[str, Operation] = {}
        self.cells: dict[object, tuple[int, int]] = {}
        self.makers = {o.output: type(o.primitive) for o in self.operations}
        self.readers: dict[str, list[Operation]] = {}
        for operation in self.operations:
            for name in dict.fromkeys(operation.inputs):
                self.readers.setdefault(name, []).append(operation)
        self.copies: dict[str, tuple[Layout, Operation]] = {}
        self.colours = Colours(self.groups)

    @cached_property
    def scattered(self) -> frozenset[tuple[str, int]]:
        """The axes of values of which some items are chosen that are no run."""
        return frozenset(
            (operation.inputs[0], operation.primitive.axis)
            for operation in self.operations
            if isinstance(operation.primitive, Take) and not operation.primitive.is_run
        )

    def layout(self, value: str) -> Layout:
        """Give a value's layout; exclusive only if this is the value's one use."""
        layout = self.layouts[value]
        if layout.exclusive and self.uses[value] > 1:
            return replace(layout, exclusive=False)
        return layout

    def connect(
        self,
        operation: Operation,
        kind: str,
        rows: Sequence[Row],
        source: End,
        target: End,
        tensor: str | None = None,
        attributes: Attributes = (),
        constant: float = 1.0,
    ) -> None:
        """Add an edge block between two groups; it acts at the target's current step.

        Every scalar of a fixed tensor is told apart: no symmetry may move it. Axes that the
        nodes alone tell apart come in their order.
        """
        if tensor is not None and kind not in STATISTICS and self.net.tensors[tensor].fixed:
            rows = [(size, "place", here, there) for size, _, here, there in rows]
        if tensor is None and all(role == "unit" for _, role, _, _ in rows):
            rows = sorted(rows, key=lambda row: (-row[3], -row[2]))
        shape, axes, source_strides, target_strides = zip(
            *(rows or [(1, "unit", 0, 0)]), strict=True
        )
        tied = tensor in self.owned
        if tensor is not None:
            self.owned.add(tensor)
        block = BlockDraft(
            kind=kind,
            shape=shape,
            axes=axes,
            source_group=source[0],
            source_start=source[1],
            source_strides=source_strides,
            target_group=target[0],
            target_start=target[1],
            target_strides=target_strides,
            tensor=tensor,
            constant=constant,
            tied=tied,
            attributes=attributes,
        )
        self.append(operation, block)
        self.colours.add(block)

    def colour(self, group: int) -> bytes:
        """Tell a group by what it is and where it comes from, as a hash: names play no part."""
        return self.colours.of(group)

    def own(self, operation: Operation, layout: Layout) -> Layout:
        """Give a layout whose group may gain a step: the value's own, or a copy behind it.

        Where others read the value before the step, the step gets a group of its own, one
        parameter-free edge away from each neuron.
        """
        return layout if layout.exclusive else self.copy(operation, layout)

    def copy(self, operation: Operation, layout: Layout, attributes: Attributes = ()) -> Layout:
        """Make a group that takes a value as it is, neuron by neuron."""
        own = self.nodes(layout)
        goals = nested(own)
        target = self.group(operation.output, "neuron", prod(digit.size for digit in own))
        rows: list[Row] = [
            (d.size, "unit", d.stride, goal) for d, goal in zip(own, goals, strict=True)
        ]
        ends = (layout.group, layout.start), (target, 0)
        self.connect(operation, "identity", rows, *ends, attributes=attributes)
        if layout.group in self.tables:
            self.tables.add(target)
        axes = renewed(layout.axes, target, {layout.group}, nested(layout.own))
        return replace(layout, axes=axes, group=target, exclusive=True, start=0)

    def nodes(self, layout: Layout) -> list[Digit]:
        """List the digits of the computing group: of indices these are the entries of a table."""
        if layout.group in self.tables:
            return [Digit(self.groups[layout.group].size, layout.group)]
        return layout.own

    def tell(
        self, operation: Operation, layout: Layout, digits: Sequence[Digit], kind: str = "place"
    ) -> None:
        """Tell the neurons along some digits apart, by edges from a node of their own."""
        own = self.group(f"{operation.output}.places", "hub", 1)
        rows: list[Row] = [
            (d.size, "place" if d in digits else "unit", 0, d.stride) for d in layout.own
        ]
        self.connect(operation, kind, rows, (own, 0), (layout.group, layout.start))
