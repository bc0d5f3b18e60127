"""Tensors with several uses: an index of an axis moves in one way in all of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate, combinations, pairwise
from math import gcd, lcm, prod
from operator import mul

from graphgen.symmetry.block_cuts import TOLD
from graphgen.template import EdgeBlock, NodeGroup

Shape = tuple[int, ...]
Uses = list[EdgeBlock]
WHICH = ("source", "target")


def shared(blocks: list[EdgeBlock]) -> list[Uses]:
    """List the blocks that use one tensor, or one part of it, where several do."""
    uses: dict[tuple[object, ...], Uses] = {}
    for block in blocks:
        if block.tensor is not None:
            part = block.tensor_strides and (block.tensor_start, block.shape)
            uses.setdefault((block.tensor, part), []).append(block)
    return [found for found in uses.values() if len(found) > 1]


class Ties:
    """Groups and blocks, behind those of a template, that say which uses of a tensor are tied.

    Each index of an axis of a tensor has a node, beside the nodes of all uses that have this index.
    Where others join the sources of one use to the targets of another, each use has a node too.
    """

    def __init__(
        self, shared: list[Uses], shapes: dict[str, Shape], first: int, start: int
    ) -> None:
        self.groups: list[NodeGroup] = []
        self.blocks: list[EdgeBlock] = []
        self._first, self.end = first, start
        between: dict[tuple[int, int], set[int]] = {}
        for place, uses in enumerate(shared):
            for use in uses:
                between.setdefault((use.source_group, use.target_group), set()).add(place)
        for place, uses in enumerate(shared):
            self._index(*digits_of(uses, shapes))
            sources = {use.source_group for use in uses}
            targets = {use.target_group for use in uses}
            if any(between.get((s, t), {place}) != {place} for s in sources for t in targets):
                self._apart(uses)

    def _index(self, uses: Uses, digits: TensorDigits) -> None:
        """Join what tells scalars of a tensor apart to the nodes of all uses."""
        if digits.nest:
            for place in digits.different():
                self._digit(uses, place, digits)
        else:
            self._scalars(uses)
        for which in WHICH:
            still = [use for use in uses if not any(moves(use, which))]
            own = self._group(1) if still else -1
            for use in still:
                self._join(use, f"{which} of all", own, (0,) * len(use.shape), which)

    def _digit(self, uses: Uses, place: int, digits: TensorDigits) -> None:
        """Join each item of a digit, beside each of those that it may depend on, to nodes."""
        own = self._group(prod(digits.sizes[k] for k in digits.told_by(place)))
        for use, steps in zip(uses, digits.steps, strict=True):
            for which in WHICH:
                if any(map(mul, steps[place], moves(use, which))):
                    self._join(use, f"{which} {place}", own, digits.along(steps, place), which)
        self._tell(uses, f"told {place}", own, [steps[place] for steps in digits.steps])

    def _scalars(self, uses: Uses) -> None:
        """Join each scalar of a tensor to the nodes of all uses: its axes are cut in odd ways."""
        own = self._group(prod(uses[0].shape))
        along = [steps_between(use.shape, 1, prod(use.shape)) for use in uses]
        for use, steps in zip(uses, along, strict=True):
            for which in WHICH:
                self._join(use, f"{which} of each", own, steps, which)
        self._tell(uses, "told", own, along)

    def _tell(self, uses: Uses, kind: str, own: int, along: list[Shape]) -> None:
        """Mark indices that tell edges apart in some use; `along` has the strides of each use."""
        told: dict[tuple[tuple[int, int, bool], ...], EdgeBlock] = {}
        for use, steps in zip(uses, along, strict=True):
            roles = tuple(
                (n, step, role in TOLD)
                for n, step, role in zip(use.shape, steps, use.axes, strict=True)
                if step
            )
            if any(named for *_, named in roles):
                told.setdefault(roles, use)
        for rows, use in told.items():
            sizes, strides, named = zip(*rows, strict=True)
            mark = self._group(1)
            self.blocks.append(
                replace(
                    use, kind=kind, tensor=None, attributes=(), shape=sizes,
                    axes=tuple("place" if name else "unit" for name in named),
                    source_group=mark, source_start=self.end - 1, source_strides=(0,) * len(sizes),
                    target_group=own, target_start=self.groups[own - self._first].start,
                    target_strides=strides,
                )
            )  # fmt: skip

    def _apart(self, uses: Uses) -> None:
        """Give each use a node, beside all nodes of its ends and one of the tensor."""
        tensor = self._group(1)
        for use in uses:
            own, still = self._group(1), (0,) * len(use.shape)
            for which in WHICH:
                self._join(use, f"{which} of a use", own, still, which)
            start = self.groups[own - self._first].start
            one = replace(use, target_group=own, target_start=start, target_strides=still)
            self._join(one, "use", tensor, still, "target")

    def _group(self, size: int) -> int:
        self.groups.append(NodeGroup("tensor", "tensor", self.end, size))
        self.end += size
        return self._first + len(self.groups) - 1

    def _join(self, use: EdgeBlock, kind: str, group: int, along: Shape, which: str) -> None:
        """Join an added group, with these strides, to the nodes at one end of a use."""
        steps = moves(use, which)
        sizes = tuple(
            n if own or step else 1 for n, own, step in zip(use.shape, along, steps, strict=True)
        )
        self.blocks.append(
            replace(
                use, kind=f"{kind} {use.kind}", tensor=None, shape=sizes, source_group=group,
                source_start=self.groups[group - self._first].start, source_strides=along,
                target_group=getattr(use, f"{which}_group"),
                target_start=getattr(use, f"{which}_start"), target_strides=steps,
            )
        )  # fmt: skip


class TensorDigits:
    """What the index of a scalar in a tensor is made of, and which of it each end of a use tells.

    Each axis of a use is some of the digits, if they `nest`, and else one digit is several axes.
    `steps` gives for each use and digit how far each axis of the use moves along the digit.
    """

    def __init__(self, uses: Uses, bounds: list[int]) -> None:
        cuts = list(pairwise(bounds))
        self.sizes = [outer // inner for inner, outer in cuts]
        self.nest = all(bounds_of(use.shape) <= {*bounds} for use in uses)
        self.steps = [[steps_between(use.shape, *cut) for cut in cuts] for use in uses]
        self._named: list[set[int]] = []
        self._ends: list[tuple[set[int], set[int]]] = []
        for use, steps in zip(uses, self.steps, strict=True):
            told = [role in TOLD for role in use.axes]
            self._named.append(
                {place for place, own in enumerate(steps) if any(map(mul, own, told))}
            )
            for which in WHICH:
                strides = moves(use, which)
                moved = [[bool(s) for s, k in zip(strides, own, strict=True) if k] for own in steps]
                some = {place for place, found in enumerate(moved) if any(found)}
                self._ends.append((some, {place for place in some if all(moved[place])}))

    def told_by(self, place: int) -> tuple[int, ...]:
        """List the digits at which items of this one may move in a way of their own, and it.

        These are those that each end which tells this one tells too, as the group of channels where
        inputs are told by their group. The list is empty if no end tells this one.
        """
        beside = [whole for some, whole in self._ends if place in some]
        if not beside:
            return ()
        if any(place in named for named in self._named):
            return (place,)
        return tuple(sorted({place} | set.intersection(*beside)))

    def different(self) -> list[int]:
        """List a digit for each list of digits that `told_by` gives."""
        lists = map(self.told_by, range(len(self.sizes)))
        first = {found: place for place, found in reversed([*enumerate(lists)]) if found}
        return sorted(first.values())

    def told_at(self, end: int, place: int) -> bool:
        """Whether an end tells a digit: the ends are sources and targets of all uses in turn."""
        return place in self._ends[end][0]

    def named_at(self, end: int, place: int) -> bool:
        """Whether the use of an end tells edges apart by a digit."""
        return place in self._named[end // 2]

    def along(self, steps: list[Shape], place: int) -> Shape:
        """Give how far the axes of a use move along the digits that `told_by` lists."""
        result = [0] * len(steps[place])
        size = 1
        for k in self.told_by(place):
            result = [a + size * b for a, b in zip(result, steps[k], strict=True)]
            size *= self.sizes[k]
        return tuple(result)


def digits_of(uses: Uses, shapes: dict[str, Shape]) -> tuple[Uses, TensorDigits]:
    """Cut the axes of all uses of a tensor alike, and give the digits that they run over."""
    part = uses[0].tensor_strides is not None
    shape = uses[0].shape if part else shapes[str(uses[0].tensor)]
    bounds = nested(set.union(bounds_of(shape), *(bounds_of(use.shape) for use in uses)))
    cut = [cut_at(use, bounds) for use in uses]
    return cut, TensorDigits(cut, bounds)


def moves(use: EdgeBlock, which: str) -> Shape:
    """Give the strides at one end of a use, along its axes of more than one item."""
    strides: Shape = getattr(use, f"{which}_strides")
    return tuple(step if n > 1 else 0 for n, step in zip(use.shape, strides, strict=True))


def bounds_of(shape: Shape) -> set[int]:
    """List where axes begin and end in the order of an array, as strides."""
    return {1, *accumulate(reversed(shape), mul)}


def steps_between(shape: Shape, inner: int, outer: int) -> Shape:
    """Give the steps of axes along what lies between two strides; 0 for axes elsewhere."""
    steps = []
    stride = 1
    for n in reversed(shape):
        steps.append(stride // inner if inner <= stride < outer and n > 1 else 0)
        stride *= n
    return tuple(reversed(steps))


def nested(bounds: set[int]) -> list[int]:
    """List the strides at which an index is cut into digits: those that nest with all others.

    Where some do not, what two have in common is cut off.
    """
    bounds = set(bounds)
    while True:
        more = {f(a, b) for a, b in combinations(bounds, 2) for f in (gcd, lcm)}
        if more <= bounds:
            break
        bounds |= more
    return [a for a in sorted(bounds) if all(max(a, b) % min(a, b) == 0 for b in bounds)]


def cut_at(use: EdgeBlock, bounds: list[int]) -> EdgeBlock:
    """Cut the axes of a use at these strides of its index."""
    if not use.shape:
        return use
    rows: list[tuple[int, str, int, int]] = []
    stride = 1
    for n, role, *strides in reversed(
        list(zip(use.shape, use.axes, use.source_strides, use.target_strides, strict=True))
    ):
        inside = [b // stride for b in bounds if stride < b < stride * n]
        for inner, outer in pairwise([1, *inside, n]):
            source, target = (inner * step for step in strides)
            rows.append((outer // inner, role, source, target))
        stride *= n
    shape, axes, sources, targets = zip(*reversed(rows), strict=True)
    return replace(use, shape=shape, axes=axes, source_strides=sources, target_strides=targets)
