"""The control that proposes nothing: what remains of a learned optimizer is its nominal term."""

from __future__ import annotations

from torch import Tensor

from metanet.batch import Batch
from metanet.models.editor import Editor
from metanet.options import OPTIONS


class NoProposal(Editor, options=OPTIONS):
    """An editor whose changes are zero.

        editor = NoProposal(channels=8, conditions=5, members=2)

    A learned optimizer with it is Adam with one learned step.
    """

    def __init__(self, members: int = 1, *, channels: int = 1, conditions: int = 0) -> None:
        super().__init__(members=members)

    def changes(self, batch: Batch) -> list[Tensor]:
        return [
            part.values.new_zeros(len(part.values), self.members, part.values.shape[1])
            for part in batch.parts
        ]

    def proposed(self, numbers: Tensor, conditions: Tensor | None) -> Tensor:
        """Give no changes (networks, members, P)."""
        return numbers.new_zeros(len(numbers), self.members, numbers.shape[1])
