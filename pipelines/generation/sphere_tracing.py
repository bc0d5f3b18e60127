"""Pictures of solids: rays that step along by the signed distance until they meet the surface."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Distance = Callable[[Floats], Floats]
EYE = (1.0, 0.55, 0.75)
LIGHT = np.array((0.6, -0.1, 0.79), dtype=np.float32)
STEPS, HIT, SHORTEN = 40, 0.01, 0.8
EDGE, REACH = 1.5, 2.0
AMBIENT, BRIGHTEST = 0.2, 0.9


def render(distance: Distance, count: int, size: int = 64) -> Floats:
    """Show `count` solids in [-1, 1]^3 by parallel rays, (count, size, size); 1 where is none.

    `distance` takes points (count, p, 3), and gives signed distances (count, p). Steps are shorter
    than the distances, since those of a network are not exact.
    """
    forward, right, up = camera()
    ticks = np.linspace(-EDGE, EDGE, size, dtype=np.float32)
    across, along = (plane.reshape(-1, 1) for plane in np.meshgrid(ticks, -ticks))
    start = across * right + along * up - REACH * forward
    ends = np.sort([(side - start) / forward for side in (-1, 1)], axis=0)
    near, far = ends[0].max(1), ends[1].min(1)
    way = np.repeat(near[None], count, 0)
    for _ in range(STEPS):
        step = distance(along_rays(start, forward, way))
        way = way + np.where((step > HIT) & (way < far), SHORTEN * step, 0)
    points = along_rays(start, forward, way)
    hit = (way < far) & (distance(points) < 2 * HIT)
    light = (gradient(distance, points) @ LIGHT).clip(0, 1)
    shade = np.where(hit, AMBIENT + (BRIGHTEST - AMBIENT) * light, 1)
    return np.asarray(shade.reshape(count, size, size), dtype=np.float32)


def along_rays(start: Floats, forward: Floats, way: Floats) -> Floats:
    """Give the points (count, p, 3) at some way along the rays, kept within the cube."""
    return np.asarray((start + way[..., None] * forward).clip(-1, 1), dtype=np.float32)


def camera() -> tuple[Floats, Floats, Floats]:
    """Give the way a ray goes, and what is right and up in the picture."""
    forward = -np.array(EYE) / np.linalg.norm(EYE)
    right = np.cross(forward, [0, 0, 1])
    right = right / np.linalg.norm(right)
    up = np.cross(right, forward)
    return forward.astype(np.float32), right.astype(np.float32), up.astype(np.float32)


def gradient(distance: Distance, points: Floats, step: float = 0.01) -> Floats:
    """Give unit normals at points (count, p, 3), by differences of the distance."""
    columns = []
    for axis in np.eye(3, dtype=np.float32) * step:
        ahead, behind = (distance((points + way * axis).clip(-1, 1)) for way in (1, -1))
        columns.append(ahead - behind)
    found = np.stack(columns, 2)
    return np.asarray(found / np.linalg.norm(found, axis=2, keepdims=True).clip(1e-9))
