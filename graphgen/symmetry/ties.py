"""Tensors with several uses: an index of an axis moves in one way in all of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import prod

from graphgen.symmetry.block_cuts import TOLD
from graphgen.template import EdgeBlock, NodeGroup

WHICH = ("source", "target")


def shared(blocks: list[EdgeBlock]) -> dict[str, list[EdgeBlock]]:
    """List the blocks that use a tensor, for each with several."""
    uses: dict[str, list[EdgeBlock]] = {}
    for block in blocks:
        if block.tensor is not None:
            uses.setdefault(block.tensor, []).append(block)
    return {name: found for name, found in uses.items() if len(found) > 1}


class Ties:
    """Groups and blocks, behind those of a template, that say which uses of a tensor are tied.

    Each index of a digit of a tensor has a node, beside the nodes of all uses that have this index.
    Where others join the sources of one use to the targets of another, each use has a node too.
    `held` are uses that differ in a way that is not said, and `names` are their tensors.
    """

    def __init__(self, uses: dict[str, list[EdgeBlock]], first: int, start: int) -> None:
        self.groups: list[NodeGroup] = []
        self.blocks: list[EdgeBlock] = []
        self.held: list[EdgeBlock] = []
        self.names: list[str] = []
        self._first, self.end = first, start
        between: dict[tuple[int, int], set[str]] = {}
        for name, found in uses.items():
            for use in found:
                between.setdefault((use.source_group, use.target_group), set()).add(name)
        for name, found in uses.items():
            strides = sorted(
                {prod(use.shape[k:]) for use in found for k in range(len(use.shape) + 1)}
            )
            cuts = list(pairwise(strides))
            if (
                any(outer % inner for inner, outer in cuts)
                or any(use.tensor_strides is not None for use in found)
                or any(crooked(found, cuts, which) for which in WHICH)
            ):
                self.names.append(name)
                self.held += found
                continue
            self._index(found, cuts)
            sources = {use.source_group for use in found}
            targets = {use.target_group for use in found}
            if any(between.get((s, t), {name}) != {name} for s in sources for t in targets):
                self._apart(found)

    def _index(self, uses: list[EdgeBlock], cuts: list[tuple[int, int]]) -> None:
        """Join each index of a tensor to the nodes of all uses."""
        indices: dict[object, int] = {}
        told: dict[object, EdgeBlock] = {}
        for use in uses:
            axes = split_axes(use, cuts)
            told |= {stride: use for axis, _, _, stride in axes if use.axes[axis] in TOLD}
            for which in WHICH:
                moves = getattr(use, f"{which}_strides")
                steps = [moves[axis] * step for axis, _, step, _ in axes]
                moving = [k for k, step in enumerate(steps) if step]
                for k in moving or [-1]:
                    name, size = (which, 1) if k < 0 else (axes[k][3], axes[k][1])
                    if name not in indices:
                        indices[name] = self._group(size)
                    sizes = [
                        n if step else 1 for (_, n, _, _), step in zip(axes, steps, strict=True)
                    ]
                    self._join(
                        use, f"{which} {k}", sizes, indices[name],
                        [int(place == k) for place in range(len(axes))], which, steps,
                        [use.axes[axis] for axis, *_ in axes],
                    )  # fmt: skip
        for place, stride in enumerate(stride for stride in indices if stride in told):
            # An index that tells edges apart in some use.
            group = self.groups[indices[stride] - self._first]
            self.blocks.append(
                replace(
                    told[stride], kind=f"told {place}", tensor=None, attributes=(),
                    shape=(group.size,), axes=("place",),
                    source_group=self._group(1), source_start=self.end - 1,
                    source_strides=(0,), target_group=indices[stride], target_start=group.start,
                    target_strides=(1,),
                )
            )  # fmt: skip

    def _apart(self, uses: list[EdgeBlock]) -> None:
        """Give each use a node, beside all nodes of its ends and one of the tensor."""
        tensor = self._group(1)
        for use in uses:
            own = self._group(1)
            for which in WHICH:
                moves = list(getattr(use, f"{which}_strides"))
                sizes = [n if step else 1 for n, step in zip(use.shape, moves, strict=True)]
                still = [0] * len(sizes)
                self._join(
                    use, f"{which} of a use", sizes, own, still, which, moves, list(use.axes)
                )
            group = self.groups[own - self._first]
            one = replace(use, target_group=own, target_start=group.start)
            self._join(one, "use", [1], tensor, [0], "target", [0], ["unit"])

    def _group(self, size: int) -> int:
        self.groups.append(NodeGroup("tensor", "tensor", self.end, size))
        self.end += size
        return self._first + len(self.groups) - 1

    def _join(
        self, use: EdgeBlock, kind: str, sizes: list[int], group: int, along: list[int],
        which: str, steps: list[int], roles: list[str],
    ) -> None:  # fmt: skip
        """Join an added group to the nodes at one end of a use."""
        self.blocks.append(
            replace(
                use, kind=f"{kind} {use.kind}", tensor=None, shape=tuple(sizes), axes=tuple(roles),
                source_group=group, source_start=self.groups[group - self._first].start,
                source_strides=tuple(along), target_group=getattr(use, f"{which}_group"),
                target_start=getattr(use, f"{which}_start"), target_strides=tuple(steps),
            )
        )  # fmt: skip


def crooked(uses: list[EdgeBlock], cuts: list[tuple[int, int]], which: str) -> bool:
    """Whether two uses give the nodes of one group other indices."""
    found: dict[int, object] = {}
    for use in uses:
        moves = getattr(use, f"{which}_strides")
        steps = {
            stride: moves[axis] * step
            for axis, _, step, stride in split_axes(use, cuts)
            if moves[axis]
        }
        own = getattr(use, f"{which}_start"), steps
        if found.setdefault(getattr(use, f"{which}_group"), own) != own:
            return True
    return False


def split_axes(use: EdgeBlock, cuts: list[tuple[int, int]]) -> list[tuple[int, int, int, int]]:
    """Split the axes of a block at strides: axis, size, step along the axis, stride."""
    result = []
    inner = 1
    for axis in reversed(range(len(use.shape))):
        outer = inner * use.shape[axis]
        result += [
            (axis, end // stride, stride // inner, stride)
            for stride, end in cuts
            if inner <= stride and end <= outer
        ]
        inner = outer
    return result[::-1]
