"""Random fields of the layers that pool and resample space."""

from __future__ import annotations

from spec.primitives import Shape
from spec.testing.pen import Fields, Pen


def max_pooling(pen: Pen, x: Shape) -> Fields:
    """Write a maximum over sliding windows, that may have gaps."""
    fields = pooling(pen, x)
    if pen.chance(0.3):
        fields.pop("padding", None)  # between gaps a window could see padding alone
        fields["dilation"] = pen.sizes([pen.count(1, 2) for _ in x[1:]])
    return fields


def pooling(pen: Pen, x: Shape) -> Fields:
    """Write a pooling over sliding windows."""
    kernel = [pen.count(1, 3) for _ in x[1:]]
    return {
        "kernel_size": pen.sizes(kernel),
        **pen.some(
            stride=pen.sizes([pen.count(1, 2) for _ in kernel]),
            padding=pen.sizes([pen.count(0, n // 2) for n in kernel]),
        ),
        **({"ceil_mode": pen.chance(0.8)} if pen.chance(0.4) else {}),
    }


def mean_pooling(pen: Pen, x: Shape) -> Fields:
    """Write a mean over sliding windows."""
    divided = len(x) > 2 and pen.chance(0.2)
    return {**pooling(pen, x), **pen.some(count_include_pad=pen.chance()),
            **({"divisor_override": pen.count(1, 5)} if divided else {})}  # fmt: skip


def power_pooling(pen: Pen, x: Shape) -> Fields:
    """Write a norm over sliding windows."""
    fields = pooling(pen, x)
    fields.pop("padding", None)
    return {"norm_type": pen.pick((2, 1, 4)), **fields}


def adaptive_pooling(pen: Pen, x: Shape) -> Fields:
    """Write a pooling into a fixed number of bins."""
    return {"output_size": pen.sizes([pen.count(1, min(n + 1, 3)) for n in x[1:]])}


def upsample(pen: Pen, x: Shape) -> Fields:
    """Write an interpolation."""
    smooth = {1: ["linear"], 2: ["bilinear", "bicubic"], 3: ["trilinear"]}[len(x) - 1]
    mode = pen.pick(["nearest", *smooth, "nearest-exact", *smooth])
    fields: Fields = {"mode": mode}
    if mode in smooth and pen.chance(0.6):
        fields["align_corners"] = pen.chance()
    if pen.chance():
        factor = pen.pick((2, 1, 1.5, 0.5, 1.7, 2.5, 0.8))
        other = pen.pick((2, 1, factor))
        by = [factor if pen.chance(0.7) else other for _ in x[1:]]
        return fields | {"scale_factor": by[0] if len(set(by)) == 1 and pen.chance() else by}
    return fields | {"size": pen.sizes([pen.count(1, 4) for _ in x[1:]])}
