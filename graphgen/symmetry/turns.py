"""Turns: function symmetries of channels that have orientations, outside of the graph's own."""

from __future__ import annotations

from spec import Architecture, Operation
from spec.primitives import Elementwise, Normalise, Reduce, Window


def turns(net: Architecture) -> tuple[tuple[int, int], ...]:
    """List the orientations and the number of hidden channels of p4 and p4m convolutions that turn.

    Turning a kernel moves the orientations of its channel in a circle, which the next kernels undo
    by moving theirs, and a pool over orientations does not notice. This exchanges taps, which a
    parameter graph tells apart. Channels whose orientations are read otherwise are not counted.
    """
    return _Channels(net).turning()


class _Channels:
    """The values that have orientations, tied where they are added."""

    def __init__(self, net: Architecture) -> None:
        self.net = net
        self.tied: list[int] = []
        self.sizes: list[tuple[int, int]] = []
        self.kept: set[int] = set()
        self.values: dict[str, int] = {}
        uses: dict[str, int] = {}
        for operation in net.operations:
            for name in operation.parameters:
                uses[name] = uses.get(name, 0) + 1
        for operation in net.operations:
            self._pass_on(operation, uses)
        for name in net.outputs:
            if name in self.values:
                self._keep(self.values[name])

    def turning(self) -> tuple[tuple[int, int], ...]:
        """List orientations and channels of what may turn, each channel by itself."""
        kept = {self._root(place) for place in self.kept}
        return tuple(
            (orientations, channels)
            for place, (channels, orientations) in enumerate(self.sizes)
            if self._root(place) == place and place not in kept
        )

    def _root(self, place: int) -> int:
        while self.tied[place] != place:
            place = self.tied[place]
        return place

    def _keep(self, place: int) -> None:
        self.kept.add(place)

    def _pass_on(self, operation: Operation, uses: dict[str, int]) -> None:
        primitive = operation.primitive
        inputs = [self.values[name] for name in operation.inputs if name in self.values]
        if isinstance(primitive, Window) and primitive.symmetry:
            place = len(self.tied)
            self.tied.append(place)
            self.sizes.append((self.net.shapes[operation.output][0], primitive.orientations))
            self.values[operation.output] = place
            if any(uses[name] > 1 for name in operation.parameters):
                for other in (place, *inputs):
                    self._keep(other)
            return
        if not inputs:
            return
        first, *others = inputs
        passes = isinstance(primitive, Normalise) and primitive.statistics != "layer"
        if isinstance(primitive, Elementwise) and len(inputs) == len(operation.inputs):
            ranks = [len(self.net.tensors[name].shape) for name in operation.parameters]
            shared = all(primitive.axis in (0, None) and rank == 1 for rank in ranks)
            passes = shared and primitive.function != "band_mask"
        if passes:
            for other in others:
                self.tied[self._root(other)] = self._root(first)
            self.values[operation.output] = first
        elif isinstance(primitive, Reduce) and primitive.axes:
            if 1 not in primitive.axes:
                self.values[operation.output] = first
            if 0 in primitive.axes:
                self._keep(first)
        else:
            for place in inputs:
                self._keep(place)
