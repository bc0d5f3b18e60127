"""Segments: the runs of neurons that splitting and concatenation make of an axis."""

from __future__ import annotations

from itertools import pairwise

from graphgen.symmetry.factors import Factor, FactoredAxis, tie, total
from graphgen.template import EdgeBlock, Template

Runs = list[list[Factor]]
"""What a coordinate runs over: nested factors, in each segment that it comes to."""


class SegmentedAxis:
    """The neurons of a group as runs that no permutation leaves, each a nest of factors."""

    def __init__(self, boundaries: list[int], fixed: bool) -> None:
        self.starts = boundaries[:-1]
        self.segments = [
            FactoredAxis(after - before, fixed) for before, after in pairwise(boundaries)
        ]

    @property
    def size(self) -> int:
        """The number of neurons."""
        return sum(segment.size for segment in self.segments)

    def parts(self) -> list[Factor]:
        """List the factors of all segments."""
        return [part for segment in self.segments for part in segment.parts()]

    def stretch(self, start: int, length: int, stride: int, size: int) -> Runs:
        """List the factors that a coordinate runs over, in a stretch of the axis."""
        touched = [
            segment
            for first, segment in zip(self.starts, self.segments, strict=True)
            if first < start + length and first + segment.size > start
        ]
        result = []
        for segment in touched:
            count = size
            if stride * size >= segment.size:
                count = segment.size // stride
            if not count or segment.size % stride or segment.size % (stride * count):
                segment.fix()
                result.append(segment.parts())
                continue
            result.append(segment.stretch(stride, count) if count > 1 else [])
        return result


def segments(template: Template) -> list[SegmentedAxis]:
    """Cut each group's axis where a block begins or ends, and where what is tied to it is cut."""
    bounds = [{0, group.size} for group in template.node_groups]
    for block in template.blocks:
        if block.kind == "rotary":  # it may come to the first features of each head only
            continue
        for which in ("source", "target"):
            group, start, strides = end_of(template, block, which)
            bounds[group] |= {start, start + extent_of(block.shape, strides)}
    uses: dict[str, EdgeBlock] = {}
    links = []
    for block in template.blocks:
        if block.kind == "rotary":
            continue
        ends = [end_of(template, block, which) for which in ("source", "target")]
        links += [(block, ends[0], ends[1], c) for c in range(len(block.shape))]
        if block.tensor is not None:
            owner = uses.setdefault(block.tensor, block)
            if owner is not block and owner.shape == block.shape:
                theirs = [end_of(template, owner, which) for which in ("source", "target")]
                pairs = [(a, b) for a in ends for b in theirs]
                links += [(block, a, b, c) for a, b in pairs for c in range(len(block.shape))]
    changed = True
    while changed:
        changed = False
        for block, first, second, c in links:
            for one, other in ((first, second), (second, first)):
                group, start, strides = one
                group_to, start_to, strides_to = other
                if not strides[c] or not strides_to[c]:
                    continue
                for bound in list(bounds[group]):
                    steps, rest = divmod(bound - start, strides[c])
                    if rest or not 0 < steps < block.shape[c]:
                        continue
                    if extent_of(block.shape, strides) != strides[c] * block.shape[c]:
                        continue
                    goal = start_to + steps * strides_to[c]
                    if goal not in bounds[group_to]:
                        bounds[group_to].add(goal)
                        changed = True
    return [
        SegmentedAxis(sorted(found), group.kind == "input" or group.output >= 0)
        for found, group in zip(bounds, template.node_groups, strict=True)
    ]


def end_of(template: Template, block: EdgeBlock, which: str) -> tuple[int, int, tuple[int, ...]]:
    """Give one end of a block: its group, where it begins in the group, its strides."""
    if which == "source":
        group, start, strides = block.source_group, block.source_start, block.source_strides
    else:
        group, start, strides = block.target_group, block.target_start, block.target_strides
    return group, start - template.node_groups[group].start, strides


def extent_of(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Count the nodes from the first to the last that a block comes to."""
    return 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))


def fix(runs: Runs) -> None:
    """Let nothing be exchanged."""
    for run in runs:
        for factor in run:
            for part in factor.parts():
                part.root().fixed = True


def tie_runs(first: Runs, second: Runs) -> None:
    """Let what a coordinate runs over at two ends be permuted together, segment by segment."""
    alike = len(first) == len(second) and all(
        total([p for f in a for p in f.parts()]) == total([p for f in b for p in f.parts()])
        for a, b in zip(first, second, strict=True)
    )
    if not alike:
        fix(first + second)
        return
    for a, b in zip(first, second, strict=True):
        tie(a, b)
