"""Decoded space: what networks compute on a grid, in which samples are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from graphgen import Template
from pipelines.errors import PipelineError
from pipelines.generation.population import Rows, tensors_of
from pipelines.inrs.decode import decode
from pipelines.signals import grid
from spec import Architecture

TOGETHER = 64
LIMITS: Mapping[str, tuple[float, float] | None] = {
    "curves": None,
    "images": (0.0, 1.0),
    "solids": (-0.2, 0.2),  # farther from the surface, a signed distance says little of the solid
}


def decoded(
    net: Architecture,
    template: Template,
    values: Rows,
    offset: float,
    points: NDArray[np.float32],
) -> Rows:
    """Evaluate networks (N, P) at points (p, d): what they compute, (N, p * channels)."""
    rows = [np.empty((0, len(points) * net.output_shapes[0][0]), np.float32)]
    places = torch.from_numpy(points)
    with torch.inference_mode():
        for i in range(0, len(values), TOGETHER):
            chosen = torch.from_numpy(np.ascontiguousarray(values[i : i + TOGETHER]))
            found = decode(net, tensors_of(template, chosen), places, offset)
            rows.append(found.flatten(1).numpy())
    return np.concatenate(rows)


def limited(values: Rows, signals: str) -> Rows:
    """Clip what networks compute to the range that matters for images, or for solids."""
    limits = LIMITS[signals]
    return values if limits is None else values.clip(*limits)


def grid_for(net: Architecture, sizes: Sequence[int]) -> NDArray[np.float32]:
    """Give the points of a grid that a network takes; `PipelineError` where it takes others."""
    wanted = list(net.inputs.values())
    if wanted != [(len(sizes),)]:
        raise PipelineError(
            f"`grid` is {list(sizes)}, for points of {len(sizes)} coordinates, but the networks "
            f"take {' and '.join(str(list(shape)) for shape in wanted)}: give a size for each "
            "coordinate"
        )
    return grid(*sizes)


def valid(net: Architecture, template: Template, values: Rows, offset: float) -> NDArray[np.bool_]:
    """Say which networks are finite and give finite values on a coarse grid, (N,)."""
    result: NDArray[np.bool_] = np.asarray(np.isfinite(values).all(1))
    dimensions = next(iter(net.inputs.values()))[0]
    points = grid(*[9 if dimensions < 3 else 5] * dimensions)
    result[result] = np.isfinite(decoded(net, template, values[result], offset, points)).all(1)
    return result
