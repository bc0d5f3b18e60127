"""The straight line between two networks, and the barrier of the loss along it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.dtypes import is_inexact, wide
from graphgen.errors import GraphError, described, whole
from graphgen.sources import Weights, place_of, weights_from

MOST_POINTS = 1_000_000


def interpolate(a: Weights, b: Weights, share: float) -> dict[str, NDArray[Any]]:
    """Give the weights at `share` of the way from a network to another, 0 to 1.

        middle = interpolate(a, b, 0.5)                 # of arrays, or of files

    Computes in float32 or wider and rounds once, to the dtypes of `a`; the ends are bit by bit `a`
    and `b` where the dtypes agree. Tensors that are not floating point (counters) are those of `a`.
    Raises `GraphError` if the two do not have the same tensors; a `share` outside of 0 to 1
    extrapolates, and must be finite.
    """
    try:
        at = float(share)
    except (TypeError, ValueError, OverflowError):
        at = float("nan")
    if not isfinite(at) or isinstance(share, str):
        raise GraphError(f"`share` is {described(share)}; expected a finite number")
    first, second = weights_from(a, "a"), weights_from(b, "b")
    check_alike(first, second, place_of(a, "a"), place_of(b, "b"))
    return {name: between(array, second[name], at) for name, array in first.items()}


def check_alike(
    a: dict[str, NDArray[Any]], b: dict[str, NDArray[Any]], place_a: str, place_b: str
) -> None:
    """Raise one `GraphError` for all tensors of which two networks do not have the like."""
    wrong = []
    for name in dict.fromkeys([*a, *b]):
        if name not in a or name not in b:
            wrong.append(f"  {name}: only in {place_a if name in a else place_b}")
        elif a[name].shape != b[name].shape:
            wrong.append(f"  {name}: shapes {list(a[name].shape)} and {list(b[name].shape)}")
        elif family(a[name].dtype) != family(b[name].dtype):
            wrong.append(f"  {name}: dtypes {a[name].dtype} and {b[name].dtype}")
    if wrong:
        raise GraphError(
            f"two networks of one architecture are needed, but the tensors of {place_a} and "
            f"{place_b} differ:\n" + "\n".join(wrong)
        )


def family(dtype: np.dtype[Any]) -> tuple[bool, bool]:
    """Tell real, complex and other dtypes apart."""
    return is_inexact(dtype), dtype.kind == "c"


def between(a: NDArray[Any], b: NDArray[Any], share: float) -> NDArray[Any]:
    """Give `(1 - share) a + share b` in the dtype of `a`; `a` if it is not floating point."""
    if not is_inexact(a.dtype) or share == 0:
        return a.copy()
    if share == 1 and a.dtype == b.dtype:
        return b.copy()
    dtype = np.result_type(wide(a.dtype), wide(b.dtype))
    with np.errstate(over="ignore", invalid="ignore"):  # a loss shows what is no number
        result = (1 - share) * a.astype(dtype) + share * b.astype(dtype)
        return result.astype(a.dtype)


@dataclass(frozen=True)
class Barrier:
    """The losses at equal steps along a line, and how far they rise above its ends' own line."""

    shares: tuple[float, ...]
    losses: tuple[float, ...]

    def __post_init__(self) -> None:
        for name, values in (("shares", self.shares), ("losses", self.losses)):
            if not isinstance(values, (tuple, list)) or len(values) < 2:
                raise GraphError(f"`{name}` is {described(values)}; expected two numbers or more")
            for value in values:
                as_number(value, f"an entry of `{name}` is")
        if len(self.shares) != len(self.losses):
            raise GraphError(f"got {len(self.shares)} `shares` and {len(self.losses)} `losses`")

    @property
    def height(self) -> float:
        """The largest rise of the loss above the straight line between the losses of the ends.

        Infinite if a loss between the ends is, NaN if one is NaN, or no rise can be told.
        """
        losses = [float(loss) for loss in self.losses]
        first, last = losses[0], losses[-1]
        if not isfinite(first) or not isfinite(last) or float("-inf") in losses:
            return float("nan")
        rises = [
            loss - ((1 - share) * first + share * last)
            for share, loss in zip(map(float, self.shares), losses, strict=True)
        ]
        return float(np.max(rises))


def loss_barrier(
    loss: Callable[[dict[str, NDArray[Any]]], float], a: Weights, b: Weights, points: int = 25
) -> Barrier:
    """Measure the loss along the straight line between two networks (Frankle et al. 2020).

        barrier = graphgen.loss_barrier(loss, a, graphgen.match(net, a, b).apply(b))
        barrier.height                       # 0 if the loss never rises above its ends' line

    `loss` takes weights, and gives a number, whose NaN makes the height NaN; running statistics may
    have to be measured anew before it is computed, see `metanet.evaluate.reset_statistics`.
    """
    if not callable(loss):
        raise GraphError(f"`loss` is {described(loss)}; expected a function of weights")
    if whole(points, "points") < 2:
        raise GraphError(f"a line needs at least 2 points, got {points}")
    if points > MOST_POINTS:
        raise GraphError(f"`points` is {described(points)}; expected at most {MOST_POINTS}")
    first, second = weights_from(a, "a"), weights_from(b, "b")
    check_alike(first, second, place_of(a, "a"), place_of(b, "b"))
    shares = tuple(float(share) for share in np.linspace(0, 1, points))
    losses = [as_number(loss(interpolate(first, second, share)), "`loss` gave") for share in shares]
    return Barrier(shares, tuple(losses))


def as_number(value: object, told: str) -> float:
    """Give a loss or a share as a number; `GraphError` if it is none, which `told` begins."""
    try:
        if not isinstance(value, str):
            return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        pass
    raise GraphError(f"{told} {described(value)}; expected a number") from None
