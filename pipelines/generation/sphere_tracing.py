"""Pictures of solids: rays that step along by the signed distance until they meet the surface."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Distance = Callable[[Floats], Floats]
EYE = (1.0, 0.55, 0.75)
STEPS, HIT, SHORTEN, REACH = 48, 0.01, 0.8, 1.8
AMBIENT = 0.25


def render(distance: Distance, count: int, size: int = 64) -> Floats:
    """Show `count` solids in [-1, 1]^3 by parallel rays, (count, size, size); 1 where is none.

    `distance` takes points (count, p, 3), and gives signed distances (count, p). Steps are shorter
    than the distances, since those of a network are not exact. Light comes from the eye's side.
    """
    forward, right, up = camera()
    ticks = np.linspace(-1.5, 1.5, size, dtype=np.float32)
    across, along = np.meshgrid(ticks, -ticks)
    start = across[..., None] * right + along[..., None] * up - REACH * forward
    points = np.repeat(start.reshape(1, -1, 3), count, 0)
    for _ in range(STEPS):
        inside = np.abs(points).max(2) <= 1
        # Outside the cube a network was never fitted: steps there are short and blind.
        step = np.where(inside, distance(points.clip(-1, 1)), 2 * REACH / STEPS)
        moving = ~(inside & (step < HIT))
        points = points + np.where(moving, SHORTEN * step, 0)[..., None] * forward
    inside = np.abs(points).max(2) <= 1
    hit = inside & (distance(points.clip(-1, 1)) < 2 * HIT)
    normals = gradient(distance, points)
    light = normals @ (-forward + 0.5 * up).astype(np.float32) / np.float32(np.sqrt(1.25))
    shade = np.where(hit, AMBIENT + (1 - AMBIENT) * 0.85 * light.clip(0, 1), 1.0)
    return np.asarray(shade.reshape(count, size, size), dtype=np.float32)


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
