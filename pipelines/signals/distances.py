"""Exact signed distances to solids: negative inside, in the solid's own axes, in float64."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Distances = NDArray[np.float64]


def sphere(points: Distances, radius: float) -> Distances:
    """Give distances to a sphere around 0."""
    return np.asarray(np.linalg.norm(points, axis=1) - radius)


def box(points: Distances, *sides: float) -> Distances:
    """Give distances to a box around 0, of three half sides."""
    beyond = np.abs(points) - np.asarray(sides)
    outside = np.linalg.norm(np.maximum(beyond, 0), axis=1)
    return np.asarray(outside + np.minimum(beyond.max(axis=1), 0))


def torus(points: Distances, ring: float, tube: float) -> Distances:
    """Give distances to a torus around the z axis: the radius of its ring, and of its tube."""
    across = np.linalg.norm(points[:, :2], axis=1) - ring
    return np.asarray(np.hypot(across, points[:, 2]) - tube)


def cylinder(points: Distances, radius: float, half: float) -> Distances:
    """Give distances to a cylinder along z, of a radius and half a height."""
    return box(profile(points), radius, half)


def capsule(points: Distances, radius: float, half: float) -> Distances:
    """Give distances to the points within `radius` of a segment along z, of half a length."""
    beyond = points - np.clip(points, *np.outer([-1, 1], [0, 0, half]))
    return np.asarray(np.linalg.norm(beyond, axis=1) - radius)


def cone(points: Distances, radius: float, half: float) -> Distances:
    """Give distances to a cone along z: base at -half, of a radius, tip at half."""
    return triangle(profile(points), [(-radius, -half), (radius, -half), (0, half)])


def profile(points: Distances) -> Distances:
    """Give the distance from the z axis, and z: what a solid of revolution depends on."""
    return np.stack([np.linalg.norm(points[:, :2], axis=1), points[:, 2]], 1)


def triangle(points: Distances, corners: Sequence[ArrayLike]) -> Distances:
    """Give distances to a triangle in the plane, its corners counterclockwise."""
    nearest = np.full(len(points), np.inf)
    inside = np.ones(len(points), bool)
    ends = np.asarray(corners, np.float64)
    for start, end in zip(ends, np.roll(ends, -1, 0), strict=True):
        side, way = end - start, points - start
        along = np.clip(way @ side / (side @ side), 0, 1)
        nearest = np.minimum(nearest, np.linalg.norm(way - along[:, None] * side, axis=1))
        inside &= side[0] * way[:, 1] - side[1] * way[:, 0] > 0
    return np.where(inside, -nearest, nearest)


DISTANCES: Mapping[str, Callable[..., Distances]] = {
    "sphere": sphere,
    "box": box,
    "torus": torus,
    "cylinder": cylinder,
    "capsule": capsule,
    "cone": cone,
}
