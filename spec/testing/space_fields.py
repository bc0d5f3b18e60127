"""Random fields of the layers that pool and resample space."""

from __future__ import annotations

from spec.primitives import Shape
from spec.testing.pen import Fields, Pen


def pooling(pen: Pen, x: Shape) -> Fields:
    """Write a pooling over sliding windows."""
    kernel = [pen.count(1, 3) for _ in x[1:]]
    return {
        "kernel_size": pen.sizes(kernel),
        **pen.some(
            stride=pen.sizes([pen.count(1, 2) for _ in kernel]),
            padding=pen.sizes([pen.count(0, n // 2) for n in kernel]),
        ),
    }


def mean_pooling(pen: Pen, x: Shape) -> Fields:
    """Write a mean over sliding windows."""
    return {**pooling(pen, x), **pen.some(count_include_pad=pen.chance())}


def adaptive_pooling(pen: Pen, x: Shape) -> Fields:
    """Write a pooling into a fixed number of bins."""
    return {"output_size": pen.sizes([pen.count(1, min(n + 1, 3)) for n in x[1:]])}


def upsample(pen: Pen, x: Shape) -> Fields:
    """Write an interpolation."""
    mode = pen.pick(("nearest", "linear"))
    fields: Fields = {"mode": mode} | ({"align_corners": True} if mode == "linear" else {})
    if pen.chance():
        return fields | {"scale_factor": pen.sizes([pen.count(1, 2) for _ in x[1:]])}
    return fields | {"size": pen.sizes([pen.count(1, 4) for _ in x[1:]])}
