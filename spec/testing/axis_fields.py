"""Random fields of the layers that move, choose, repeat and pad the items of axes."""

from __future__ import annotations

from spec.primitives import Shape
from spec.testing.pen import Fields, Pen


def counted(pen: Pen, axis: int, rank: int) -> int:
    """Write an axis as a number that counts the batch, from either end."""
    return axis + 1 - (rank + 1) * pen.chance(0.2)


def one_axis(pen: Pen, x: Shape) -> tuple[int, int]:
    """Choose an axis, mostly one of several items: how it is written, and its size."""
    long = [axis for axis, size in enumerate(x) if size > 1]
    axis = pen.pick(long) if long and pen.chance(0.9) else pen.count(0, len(x) - 1)
    return counted(pen, axis, len(x)), x[axis]


def pad(pen: Pen, x: Shape) -> Fields:
    """Write items around one axis or several."""
    axes = pen.pick([n for n in (1, 1, 2) if n <= len(x)] or [1])
    around = [pen.pick((0, 1, 2, 1, -1)) for _ in range(2 * axes)]
    if axes < len(x) and pen.chance(0.4):  # an axis further to the front
        around = [0, 0] * pen.count(1, len(x) - axes) + around
    mode = pen.pick(("constant", "reflect", "replicate", "circular"))
    fields: Fields = {"pad": around} | pen.some(mode=mode)
    if fields.get("mode", "constant") == "constant" and pen.chance():
        fields["value"] = pen.pick((0.5, -2, 0))
    return fields


def roll(pen: Pen, x: Shape) -> Fields:
    """Write a `roll` along one axis or two."""
    axes = pen.order(len(x))[: pen.pick((1, 1, 2))]
    shifts = [pen.pick((1, -1, 2, 3)) for _ in axes]
    dims = [counted(pen, axis, len(x)) for axis in axes]
    if len(axes) == 1 and pen.chance():
        return {"shifts": shifts[0], "dims": dims[0]}
    return {"shifts": shifts, "dims": dims}


def flip(pen: Pen, x: Shape) -> Fields:
    """Write a `flip` of one axis or two."""
    return {"dims": [counted(pen, a, len(x)) for a in pen.order(len(x))[: pen.pick((1, 1, 2))]]}


def permute(pen: Pen, x: Shape) -> Fields:
    """Write any order of the axes."""
    return {"dims": [0, *(counted(pen, axis, len(x)) for axis in pen.order(len(x)))]}


def unsqueeze(pen: Pen, x: Shape) -> Fields:
    """Write an axis of one, anywhere."""
    return {"dim": pen.count(1, len(x) + 1) - (len(x) + 2) * pen.chance(0.2)}


def squeeze(pen: Pen, x: Shape) -> Fields:
    """Write which axes are to go."""
    dims = [counted(pen, axis, len(x)) for axis in pen.order(len(x))[: pen.count(1, 2)]]
    return pen.some(dim=dims if len(dims) > 1 or pen.chance() else dims[0]) if dims else {}


def unflatten(pen: Pen, x: Shape) -> Fields:
    """Write a cut of an axis."""
    dim, size = one_axis(pen, x)
    outer = pen.divisor(size)
    cut = [outer, size // outer]
    if pen.chance(0.3):
        cut[pen.count(0, 1)] = -1
    return {"dim": dim, "unflattened_size": cut}


def stack(pen: Pen, x: Shape) -> Fields:
    """Write a new axis."""
    return pen.some(dim=pen.count(1, len(x) + 1))


def select(pen: Pen, x: Shape) -> Fields:
    """Write one item along an axis."""
    dim, size = one_axis(pen, x)
    return {"dim": dim, "index": pen.count(-size, size - 1)}


def narrow(pen: Pen, x: Shape) -> Fields:
    """Write a run of items along an axis."""
    dim, size = one_axis(pen, x)
    start = pen.count(0, size - 1)
    return {"dim": dim, "start": start, "length": pen.count(1, size - start)}


def slices(pen: Pen, x: Shape) -> Fields:
    """Write a slice with a step."""
    dim, size = one_axis(pen, x)
    return {"dim": dim, "step": pen.pick((2, 1, -1, -2, 3)),
            **pen.some(start=pen.count(-size, size - 1), stop=pen.count(-size, size))}  # fmt: skip


def index_select(pen: Pen, x: Shape) -> Fields:
    """Write items along an axis, in any order and number."""
    dim, size = one_axis(pen, x)
    index = [pen.count(-size, size - 1) for _ in range(pen.count(1, 4))]
    return {"dim": dim, "index": index if len(index) > 1 or pen.chance() else index[0]}


def chunk(pen: Pen, x: Shape) -> Fields:
    """Write a part of an axis."""
    dim, size = one_axis(pen, x)
    return {"chunks": pen.count(1, size + 1), "dim": dim, **pen.some(index=pen.count(0, size - 1))}


def pixel_shuffle(pen: Pen, x: Shape) -> Fields:
    """Write a factor by which channels become space."""
    return {"upscale_factor": pen.pick([r for r in (2, 3, 1) if x[-3] % r**2 == 0])}


def pixel_unshuffle(pen: Pen, x: Shape) -> Fields:
    """Write a factor by which space becomes channels."""
    fit = [r for r in (2, 3, 1) if x[-1] % r == 0 and x[-2] % r == 0]
    return {"downscale_factor": pen.pick(fit)}


def channel_shuffle(pen: Pen, x: Shape) -> Fields:
    """Write how many groups are dealt out."""
    return {"groups": pen.divisor(x[0])}


def unfold(pen: Pen, x: Shape) -> Fields:
    """Write windows of an image."""
    return {
        "kernel_size": pen.sizes([pen.count(1, 2) for _ in range(2)]),
        **pen.some(
            stride=pen.sizes([pen.count(1, 2) for _ in range(2)]),
            padding=pen.sizes([pen.count(0, 1) for _ in range(2)]),
            dilation=pen.sizes([pen.count(1, 2) for _ in range(2)]),
        ),
    }


def expand(pen: Pen, x: Shape) -> Fields:
    """Write larger sizes for axes of one, and axes in front."""
    shape = [pen.pick((2, 1, 3)) if n == 1 else pen.pick((-1, n)) for n in x]
    return {"shape": [pen.count(1, 2)] * pen.chance(0.3) + shape or [2]}


def tile(pen: Pen, x: Shape) -> Fields:
    """Write how often the last axes are there."""
    return {"dims": [pen.pick((1, 2)) for _ in range(pen.count(1, len(x)))]}


def repeat_interleave(pen: Pen, x: Shape) -> Fields:
    """Write how often each item is there."""
    dim, _ = one_axis(pen, x)
    return {"repeats": pen.count(1, 3), "dim": dim}
