"""What a random description knows of the value between two layers."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from spec.primitives import Shape


@dataclass(frozen=True)
class Flow:
    """A value's shape without the batch axis, and where its neurons lie.

    `neurons` is the axis of the neurons; `merged` says that this axis holds positions too, after
    flattening; `fresh` that nothing has settled the neurons' axis of an input yet.
    """

    shape: Shape
    neurons: int = 0
    merged: bool = False
    fresh: bool = False

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    @property
    def maps(self) -> bool:
        """Whether windows may slide over it: neurons on axis 0, and one or two axes of space."""
        return self.neurons == 0 and self.rank in (2, 3)

    @property
    def channels(self) -> bool:
        """Whether a convolution may read it."""
        return self.maps and not self.merged

    @property
    def features(self) -> bool:
        """Whether a matrix product may read it: neurons on the last axis."""
        return self.neurons == self.rank - 1

    def flattened(self, start: int, end: int) -> Flow:
        """Merge the axes `start` to `end`, both included, counted without the batch."""
        shape = (*self.shape[:start], prod(self.shape[start : end + 1]), *self.shape[end + 1 :])
        if start <= self.neurons <= end:
            positions = prod(self.shape[start : end + 1]) // self.shape[self.neurons]
            return Flow(shape, start, self.merged or positions > 1)
        neurons = self.neurons - (end - start if self.neurons > end else 0)
        return Flow(shape, neurons, self.merged)
