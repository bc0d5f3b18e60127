"""Pooling that covers whole axes: a reduction of these."""

from __future__ import annotations

from spec.primitives import Reduce, Reshape, Shape


def whole_axes(primitive: Reduce, before: Shape, after: Shape) -> Reduce | Reshape:
    """Give pooling whose windows cover whole axes as a reduction; none of axes of one item."""
    axes = primitive.axes or covered(primitive, before)
    if axes is None:
        return primitive
    long = tuple(axis for axis in axes if before[axis] > 1)
    if not long:
        return Reshape(after)
    keeps = primitive.keepdim or not primitive.axes
    if long == primitive.axes or not keeps:
        return primitive
    return Reduce(primitive.statistic, axes=long, keepdim=keeps, k=primitive.k)


def covered(primitive: Reduce, shape: Shape) -> tuple[int, ...] | None:
    """List the axes that pooling reduces whole; None where it does more than that.

    >>> covered(Reduce("mean", output_size=(1,)), (4, 6))
    (1,)
    """
    axes = []
    if primitive.overhang or primitive.divisor:
        return None
    for place, size in enumerate(shape[1:]):
        if primitive.output_size:
            bins = primitive.output_size[place] or size
            whole, alone = bins == 1, bins == size
        else:
            kernel, padding = primitive.kernel_size[place], primitive.padding[place]
            whole = kernel == size and not padding
            alone = kernel == primitive.stride[place] == 1 and not padding
        if whole:
            axes.append(place + 1)
        elif not alone:
            return None
    return tuple(axes)
