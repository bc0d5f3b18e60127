"""The state of a lowering: groups and blocks so far, and how each value lies on nodes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

from graphgen.errors import GraphError
from graphgen.lower.drafts import Drafts
from graphgen.template import Attributes, EdgeBlock, Template
from spec import Architecture, Operation


@dataclass(frozen=True)
class Factor:
    """A part of an axis: neurons of a group (its index), `stride` nodes apart, or positions."""

    size: int
    group: int | None = None
    stride: int = 1

    def cut(self, inner: int) -> tuple[Factor, Factor]:
        """Cut into runs of `inner` items: the runs, and the items of a run."""
        runs = Factor(self.size // inner, self.group, self.stride * inner)
        return runs, Factor(inner, self.group, self.stride)


Axis = tuple[Factor, ...]


@dataclass(frozen=True)
class Layout:
    """How a value lies on nodes: the factors of each axis, and the group that computes it.

    The nodes begin at `start` within the group. Neurons of another group than the computing one
    are carried along from before a product over positions (see `Lowering.settled`).
    `exclusive` says that nothing but this value continues the group's steps, so that a pointwise
    operation on it may join the group.
    """

    axes: tuple[Axis, ...]
    group: int
    exclusive: bool
    start: int = 0

    @property
    def neurons(self) -> list[Factor]:
        """The factors that hold neurons, axis by axis."""
        return [factor for axis in self.axes for factor in axis if factor.group is not None]

    @property
    def shape(self) -> tuple[int, ...]:
        """The value's shape without the batch axis."""
        return tuple(prod(factor.size for factor in axis) for axis in self.axes)


class Lowering(Drafts):
    """Drafts of a parameter graph, and how each value lies on its nodes."""

    kind = "parameter"

    def __init__(self, net: Architecture) -> None:
        super().__init__(net)
        self.layouts: dict[str, Layout] = {}
        self.owned: set[str] = set()

    def layout(self, value: str) -> Layout:
        """Give a value's layout; exclusive only if this is the value's one use."""
        layout = self.layouts[value]
        return replace(layout, exclusive=layout.exclusive and self.uses[value] == 1)

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
        source_start: int = 0,
        target_start: int = 0,
    ) -> None:
        """Add an edge block between two groups; it acts at the target's current step."""
        tied = tensor is not None and tensor in self.owned
        if tensor is not None:
            self.owned.add(tensor)
        self.append(
            operation,
            EdgeBlock(
                name="",
                kind=kind,
                layer="",
                shape=shape,
                axes=axes,
                source_group=source,
                source_start=source_start,
                source_strides=source_strides,
                target_group=target,
                target_start=target_start,
                target_strides=target_strides,
                edge_start=0,
                tensor=tensor,
                tied=tied,
                attributes=attributes,
            ),
        )

    def own(self, operation: Operation, value: str) -> Layout:
        """Give a layout whose group may gain a step: the value's own, or a copy behind it.

        Where others read the value before the step, the step gets a group of its own, one
        parameter-free edge away from each neuron.
        """
        layout = self.settled(operation, self.layout(value))
        if layout.exclusive:
            return layout
        return self.copy(operation, [layout])

    def settled(self, operation: Operation, layout: Layout) -> Layout:
        """Give a layout all of whose neurons lie in one group.

        After a product over positions a value lies on the neurons that it was computed by, and on
        those of the axes that came along. The former become positions again, in their order.
        """
        carried = [factor for factor in layout.neurons if factor.group != layout.group]
        if not carried:
            return layout
        (before,) = {factor.group for factor in carried if factor.group is not None}
        size = prod(factor.size for factor in carried)
        target = self.group(operation.output, "neuron", size)
        strides = row_major([factor.size for factor in carried])
        shape = tuple(factor.size for factor in carried)
        units = ("unit",) * len(shape)
        steps = tuple(factor.stride for factor in carried)
        self.block(operation, "identity", shape, units, before, steps, target, strides)
        hub = self.group(f"{operation.output}.hub", "hub", 1)
        places = [factor for factor in layout.neurons if factor.group == layout.group]
        self.block(
            operation,
            "place",
            tuple(factor.size for factor in places),
            ("place",) * len(places),
            layout.group,
            tuple(factor.stride for factor in places),
            hub,
            (0,) * len(places),
        )
        self.block(operation, "hub", (size,), ("unit",), hub, (0,), target, (1,))
        follow = iter(strides)
        axes = tuple(
            tuple(
                Factor(factor.size)
                if factor.group in (None, layout.group)
                else Factor(factor.size, target, next(follow))
                for factor in axis
            )
            for axis in layout.axes
        )
        return Layout(axes, target, exclusive=True)

    def copy(
        self,
        operation: Operation,
        layouts: list[Layout],
        kind: str = "identity",
        role: str = "unit",
        attributes: tuple[Attributes, ...] = (),
        into: Layout | None = None,
    ) -> Layout:
        """Make a group that takes some values over parameter-free edges, neuron by neuron.

        Where a value has one item along an axis, that is repeated. The last axis of neurons has
        `role`, the others are units. With `into` the edges go into that value's group instead.
        """
        axes = self.common_axes(operation, layouts)
        sizes = [factor.size for axis in axes for factor in axis if factor.group is not None]
        strides = row_major(sizes)
        if into is None:
            target = self.group(operation.output, "neuron", prod(sizes))
            start = 0
        else:
            axes = into.axes
            sizes = [factor.size for factor in into.neurons]
            target, start = into.group, into.start
            strides = tuple(f.stride for f in into.neurons)
        for place, layout in enumerate(layouts):
            if layout is into:
                continue
            steps = aligned_strides(layout, axes)
            roles = ("unit",) * (len(sizes) - 1) + (role,) * bool(sizes)
            shape, source, goal = tuple(sizes), steps, strides
            if not shape:
                shape, roles, source, goal = (1,), ("unit",), (0,), (0,)
            own = attributes[place] if attributes else ()
            if layout.shape != tuple(prod(f.size for f in axis) for axis in axes):
                own = (*own, ("shape", layout.shape))
            self.block(
                operation, kind, shape, roles, layout.group, source, target, goal,
                attributes=own, source_start=layout.start, target_start=start,
            )  # fmt: skip
        follow = iter(strides)
        placed = tuple(
            tuple(
                factor if factor.group is None else Factor(factor.size, target, next(follow))
                for factor in axis
            )
            for axis in axes
        )
        return Layout(placed, target, exclusive=True, start=start)

    def common_axes(self, operation: Operation, layouts: list[Layout]) -> tuple[Axis, ...]:
        """Give the factors of values that are combined item by item, or refuse."""
        result = []
        for parts in zip(*(layout.axes for layout in layouts), strict=True):
            if all(factor.group is None for axis in parts for factor in axis):
                result.append((Factor(max(prod(f.size for f in axis) for axis in parts)),))
                continue
            largest = max(parts, key=lambda axis: prod(factor.size for factor in axis))
            pattern = [(f.size, f.group is None) for f in largest if f.size > 1]
            for axis in parts:
                other = [(f.size, f.group is None) for f in axis if f.size > 1]
                if other and other != pattern:
                    raise self.refuse(
                        operation, "the neurons of its operands lie on different axes"
                    )
            neurons = any(f.group is not None for axis in parts for f in axis)
            if neurons and not any(f.group is not None for f in largest):
                largest = next(axis for axis in parts if any(f.group is not None for f in axis))
            result.append(largest)
        return tuple(result)

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
        """Mark the outputs, and give the finished template."""
        for position, name in enumerate(self.net.outputs):
            self.groups[self._output_group(name)].output = position
        return self.finish()


def row_major(sizes: list[int]) -> tuple[int, ...]:
    """Give the strides of nested factors, the last one running fastest.

    >>> row_major([2, 3])
    (3, 1)
    """
    return tuple(prod(sizes[place + 1 :]) for place in range(len(sizes)))


def aligned_strides(layout: Layout, axes: tuple[Axis, ...]) -> tuple[int, ...]:
    """Give a value's node strides along the neurons of common axes, 0 where it is repeated."""
    strides: list[int] = []
    for own, axis in zip(layout.axes, axes, strict=True):
        wanted = [factor for factor in axis if factor.group is not None]
        have = [factor for factor in own if factor.group is not None]
        if [f.size for f in have] == [f.size for f in wanted]:
            strides += [factor.stride for factor in have]
        else:
            large = [factor for factor in have if factor.size > 1]
            large_wanted = [factor for factor in wanted if factor.size > 1]
            matches = [f.size for f in large] == [f.size for f in large_wanted]
            follow = iter(large if matches else ())
            strides += [
                next(follow).stride if factor.size > 1 and matches else 0 for factor in wanted
            ]
    return tuple(strides)
