"""Random fields of the layers that compare, rank and choose."""

from __future__ import annotations

from spec.primitives import Shape
from spec.testing.axis_fields import counted, one_axis
from spec.testing.pen import Fields, Pen


def compared(pen: Pen, x: Shape) -> Fields:
    """Write a comparison with a number."""
    return {"other": pen.pick((1, 0, 0.5))}


def middle(pen: Pen, x: Shape) -> Fields:
    """Write a statistic of order along an axis."""
    return pen.some(dim=one_axis(pen, x)[0], keepdim=pen.chance(0.8))


def kthvalue(pen: Pen, x: Shape) -> Fields:
    """Write which number in order along an axis."""
    dim, size = one_axis(pen, x)
    fields: Fields = {"k": pen.count(1, size), **pen.some(keepdim=pen.chance(0.8))}
    return fields if dim in (len(x), -1) and pen.chance() else {"dim": dim, **fields}


def ranked(pen: Pen, x: Shape) -> Fields:
    """Write how many items along an axis are the largest or smallest."""
    dim, size = one_axis(pen, x)
    fields: Fields = {"k": pen.count(1, size), **pen.some(largest=pen.chance(0.3))}
    return fields if dim in (len(x), -1) and pen.chance() else {"dim": dim, **fields}


def top_k(pen: Pen, x: Shape) -> Fields:
    """Write what becomes of the items that are not among the largest."""
    return {**ranked(pen, x), **pen.some(value=pen.pick((0, -1, 2)))}


def hardmax(pen: Pen, x: Shape) -> Fields:
    """Write along which axis the largest item is chosen."""
    return pen.some(dim=one_axis(pen, x)[0], first=pen.chance(0.7))


def place(pen: Pen, x: Shape) -> Fields:
    """Write along which axis the place of an item is found."""
    return {"dim": one_axis(pen, x)[0], **pen.some(keepdim=pen.chance(0.8))}


def gather(pen: Pen, x: Shape) -> Fields:
    """Write along which axis items are chosen."""
    return {"dim": counted(pen, pen.count(0, len(x) - 1), len(x))}
