"""Colours of groups: what a group is and where it comes from, whatever anything is called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256

from graphgen.lower.drafts import BlockDraft, Draft


class Colours:
    """The colour of each group, as a hash, by what has led to it so far."""

    def __init__(self, groups: Sequence[Draft]) -> None:
        self.groups = groups
        self.leading: dict[int, list[BlockDraft]] = defaultdict(list)
        self.known: dict[int, tuple[int, int, bytes]] = {}

    def add(self, block: BlockDraft) -> None:
        """Note what leads to a group."""
        self.leading[block.target_group].append(block)

    def of(self, group: int) -> bytes:
        """Give the colour of a group, after those of all groups that lead to it."""
        open_, entered = [group], set[int]()
        while open_:
            last = open_[-1]
            before = [] if last in entered or self.is_known(last) else self.leading[last]
            entered.add(last)
            sources = [block.source_group for block in before]
            missing = [n for n in sources if n not in entered and not self.is_known(n)]
            open_ += missing
            if not missing:
                open_.pop()
                if not self.is_known(last):
                    self.known[last] = self.colour(last)
        return self.known[group][-1]

    def is_known(self, group: int) -> bool:
        """Whether a group is as it was when it got its colour."""
        now = len(self.groups[group].steps), len(self.leading[group])
        return self.known.get(group, ())[:2] == now

    def colour(self, group: int) -> tuple[int, int, bytes]:
        """Give a group's colour by those around it, with the numbers of its steps and blocks."""
        draft, blocks = self.groups[group], self.leading[group]
        around = sorted(
            repr((
                block.kind, block.shape, block.axes, block.source_start, block.source_strides,
                block.target_start, block.target_strides, block.step, block.attributes,
                self.known.get(block.source_group, (0, 0, b""))[-1],
            ))
            for block in blocks
        )  # fmt: skip
        what = repr((draft.kind, draft.size, draft.steps, around))
        return len(draft.steps), len(blocks), sha256(what.encode()).digest()
