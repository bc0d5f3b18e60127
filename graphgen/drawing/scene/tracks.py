"""Tracks: wires that would lie on one another in a channel lie side by side."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

PITCH = 4.0


@dataclass
class Channel:
    """A strip in which wires run along: each net has an interval, and gets a track."""

    spans: dict[Hashable, tuple[float, float]] = field(default_factory=dict)
    tracks: dict[Hashable, int] = field(default_factory=dict)

    def add(self, net: Hashable, a: float, b: float) -> None:
        """Let a net run from a to b, beside where it runs already."""
        low, high = self.spans.get(net, (a, a))
        self.spans[net] = (min(low, a, b), max(high, a, b))

    def assign(self, apart: float = 0.0) -> None:
        """Give each net the first track in which no other comes nearer than `apart`."""
        ends: list[float] = []
        for net, (low, high) in sorted(self.spans.items(), key=lambda item: item[1]):
            track = next((i for i, end in enumerate(ends) if end + apart < low), len(ends))
            if track == len(ends):
                ends.append(high)
            ends[track] = high
            self.tracks[net] = track

    @property
    def size(self) -> float:
        """The room that the tracks need."""
        return PITCH * (1 + max(self.tracks.values(), default=-1))
