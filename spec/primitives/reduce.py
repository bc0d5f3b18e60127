"""Reduce: a statistic over windows of space."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show
from spec.primitives.window import extent
from spec.records import record


@record(frozen=True)
class Reduce(Primitive):
    """A statistic over a sliding window, some bins, or whole axes: `max`, `mean` and others.

    With `output_size` each spatial axis of size n is cut into that many bins, from
    `floor(i n / bins)` to `ceil((i + 1) n / bins)`, as PyTorch's adaptive pooling does; an entry of
    0 keeps the axis as it is. Otherwise a window of `kernel_size` moves by `stride`; padding
    counts as zeros in a mean if `count_include_pad`, and never in a maximum; what the last window
    reaches further, `overhang`, never counts. A mean divides by `divisor`, if it is given. With
    `axes` (counted without the batch) everything along these is reduced, to size 1 if `keepdim`;
    `sum`, `logsumexp`, the logarithm of the sum of exponentials, and `kthvalue`, the `k`-th number
    in ascending order, are for these only.
    """

    statistic: str
    kernel_size: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    padding: tuple[int, ...] = ()
    count_include_pad: bool = True
    output_size: tuple[int, ...] = ()
    axes: tuple[int, ...] = ()
    keepdim: bool = False
    overhang: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    divisor: int = 0
    k: int = 0
    name: ClassVar[str] = "reduce"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        if self.axes:
            if not all(0 <= axis < len(x) for axis in self.axes):
                raise ShapeError(f"axes {[a + 1 for a in self.axes]} are not all in {show(x)}")
            count = prod(x[axis] for axis in self.axes)
            if self.statistic == "kthvalue" and not 1 <= self.k <= count:
                raise ShapeError(f"`k` is {self.k}, but there are {count} items, got {show(x)}")
            kept = [1 if axis in self.axes else n for axis, n in enumerate(x)]
            gone = () if self.keepdim else self.axes
            return tuple(n for axis, n in enumerate(kept) if axis not in gone)
        dims = len(self.output_size or self.kernel_size)
        if len(x) != dims + 1:
            raise ShapeError(
                f"{dims}-dimensional pooling needs an input of {dims + 2} axes "
                f"(batch, channels, {'space' if dims == 1 else f'{dims} of space'}), got {show(x)}"
            )
        if self.output_size:
            return (x[0], *(bins or n for n, bins in zip(x[1:], self.output_size, strict=True)))
        rows = zip(
            x[1:], self.kernel_size, self.stride, self.padding, self.dilations, self.overhangs,
            strict=True,
        )  # fmt: skip
        space = tuple(extent(n + o, k, s, p, d) for n, k, s, p, d, o in rows)
        if min(space) < 1:
            raise ShapeError(f"a window of {list(self.kernel_size)} does not fit into {show(x)}")
        return (x[0], *space)

    @property
    def dilations(self) -> tuple[int, ...]:
        """The steps between the items of a window."""
        return self.dilation or (1,) * len(self.kernel_size)

    @property
    def overhangs(self) -> tuple[int, ...]:
        """How many items further the last window reaches, along each axis."""
        return self.overhang or (0,) * len(self.kernel_size)

    def channel_axis(self, rank: int) -> int | None:
        return None if self.axes else 0
