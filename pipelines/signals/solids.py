"""Solids as signals: the signed distances to spheres, boxes, tori, cylinders, capsules, cones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.signals.distances import DISTANCES, Distances
from pipelines.signals.signal_set import Signal, SignalSet, generator

KINDS = tuple(DISTANCES)
_STEP = 1e-6
_SPREAD = 0.05


@dataclass(frozen=True)
class Solid:
    """A solid somewhere in space.

        Solid("box", (0.2, 0.3, 0.4), center=(0, 0, 0.1)).distance([[0, 0, 1]])

    Attributes:
        kind: one of `KINDS`.
        size: what its function in `pipelines.signals.distances` takes, such as a radius.
        center: where its middle is.
        rotation: a rotation matrix, by rows: it turns the solid's own axes into those of space.
    """

    kind: str
    size: tuple[float, ...]
    center: tuple[float, ...] = (0.0, 0.0, 0.0)
    rotation: tuple[tuple[float, ...], ...] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))

    @classmethod
    def from_labels(cls, labels: Mapping[str, Any]) -> Solid:
        """Read the labels of a signal or of a record."""
        rotation = tuple(map(tuple, labels["rotation"]))
        return cls(labels["kind"], tuple(labels["size"]), tuple(labels["center"]), rotation)

    def labels(self) -> dict[str, Any]:
        """Give the solid as plain data, from which `from_labels` gives it again, exactly."""
        return {
            "kind": self.kind,
            "size": list(self.size),
            "center": list(self.center),
            "rotation": [list(row) for row in self.rotation],
        }

    def distance(self, points: ArrayLike) -> Distances:
        """Give the exact signed distances of points `(P, 3)`, float64 `(P,)`; negative inside."""
        own = (np.asarray(points, np.float64) - self.center) @ np.asarray(self.rotation)
        return DISTANCES[self.kind](own, *self.size)

    def gradient(self, points: ArrayLike) -> Distances:
        """Give the gradients of the distance `(P, 3)`, by central differences."""
        places = np.asarray(points, np.float64)
        steps = _STEP * np.eye(3)
        ends = [self.distance(places + step) - self.distance(places - step) for step in steps]
        return np.stack(ends, 1) / (2 * _STEP)


class Solids(SignalSet):
    """Random solids within [-1, 1]^3, one kind as likely as another; the labels are `Solid`'s.

    Of the `points`, a share `near_surface` lies around the surface, at distances of 0.05 or so; the
    others are uniform.
    """

    dimensions = 3
    channels = 1
    peak = None

    def __init__(self, seed: int, points: int, near_surface: float) -> None:
        self.sizes = {"train": None, "test": None}
        self._seed, self._points, self._near = seed, points, round(near_surface * points)

    def _signal(self, split: str, number: int) -> Signal:
        rng = generator(self._seed, split, number)
        solid = random_solid(rng)
        places = rng.uniform(-1, 1, (self._points, 3))
        near = places[: self._near]
        # From a point along the gradient by the distance, one is on the surface.
        near -= solid.distance(near)[:, None] * solid.gradient(near)
        near += rng.normal(0, _SPREAD, near.shape)
        coordinates = np.clip(places, -1, 1).astype(np.float32)
        values = solid.distance(coordinates)[:, None].astype(np.float32)
        return Signal(coordinates, values, solid.labels())


def random_solid(rng: np.random.Generator) -> Solid:
    """Draw a solid that lies within [-1, 1]^3."""
    kind = KINDS[rng.integers(len(KINDS))]
    first, second, third = rng.uniform(0.2, 0.45, 3)
    size = {
        "sphere": (first,),
        "box": (first, second, third),
        "torus": (first, first * second),
        "capsule": (first / 2, second),
    }.get(kind, (first, second))
    reach = _reach(kind, size)
    return Solid(
        kind,
        tuple(map(float, size)),
        tuple(map(float, rng.uniform(reach - 1, 1 - reach, 3))),
        tuple(tuple(map(float, row)) for row in _rotation(rng)),
    )


def _reach(kind: str, size: tuple[float, ...]) -> float:
    """Give the radius of a sphere around the middle that holds the solid."""
    if kind in ("torus", "capsule"):
        return sum(size)
    return float(np.linalg.norm(size))


def _rotation(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a rotation, uniform over all, from a quaternion."""
    w, x, y, z = (quaternion := rng.normal(size=4)) / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
