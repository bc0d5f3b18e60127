"""Two outputs side by side: how far apart they are, where, and whether rounding explains it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.dtypes import is_real
from graphgen.errors import GraphError
from graphgen.rounding import TOLERANCE
from spec import Architecture
from spec.primitives import show

LIMITS: dict[str, float] = {**TOLERANCE, "bfloat16": 5e-2, "float16": 1e-2}
"""The largest difference that rounding explains, relative to the spread of an output, by dtype."""

ALIKE = 1e-1
"""Values that lie closer together than this share of their mean are measured by that share."""


@dataclass(frozen=True)
class Difference:
    """How far an output of a description is from what was expected.

    `largest` is the largest difference, at the index `place`, where `actual` and `expected` stand;
    `spread` the standard deviation of what was expected, and `limit` the share of it that counts as
    rounding. `problem` says why there is nothing to compare, or nothing.
    """

    output: str
    shape: tuple[int, ...]
    limit: float
    largest: float = 0.0
    spread: float = 1.0
    place: tuple[int, ...] = ()
    actual: float = 0.0
    expected: float = 0.0
    problem: str = ""

    @property
    def relative(self) -> float:
        """The largest difference as a share of the spread; NaN if nothing can be compared."""
        return float("nan") if self.problem else self.largest / self.spread

    @property
    def agrees(self) -> bool:
        """Whether the difference is no more than rounding."""
        return self.relative <= self.limit

    def __str__(self) -> str:
        name = f"output {self.output!r}"
        if self.problem:
            return f"{name}: {self.problem}"
        verb = "agrees within" if self.agrees else "differs by"
        return (
            f"{name} {verb} {self.relative:.3g} of its spread (up to {self.limit:g} is rounding): "
            f"the largest difference, {self.largest:.3g}, is at {list(self.place)}, where the "
            f"description has {self.actual:.6g} and {self.expected:.6g} was expected; the spread "
            f"is {self.spread:.3g}"
        )


def compare(output: str, actual: NDArray[Any], expected: NDArray[Any], limit: float) -> Difference:
    """Compare an output `(N, ...)` with what was expected.

    NaN is never equal to anything, NaN included; infinities are equal where both are the same.
    Raises `GraphError` for shapes that differ.
    """
    shape = actual.shape
    if shape != expected.shape:
        raise GraphError(
            f"output {output!r}: the description gives {list(shape)}, but {list(expected.shape)} "
            f"was expected{shape_advice(shape, expected.shape)}"
        )
    if not is_real(expected.dtype) and expected.dtype.kind not in "biu":
        raise GraphError(
            f"output {output!r}: expected real numbers to compare with, got {expected.dtype}"
        )
    a, b = actual.astype(np.float64), expected.astype(np.float64)
    problem = not_comparable(a, b)
    if problem:
        return Difference(output, shape, limit, problem=problem)
    if not a.size:
        return Difference(output, shape, limit, problem="has no values to compare")
    finite = np.isfinite(b)
    # Infinities are the same in both here.
    difference = np.abs(np.subtract(a, b, out=np.zeros_like(a), where=finite))
    place = np.unravel_index(int(difference.argmax()), shape)
    return Difference(
        output, shape, limit, float(difference[place]), spread_of(b[finite]),
        tuple(int(i) for i in place), float(a[place]), float(b[place]),
    )  # fmt: skip


def not_comparable(a: NDArray[Any], b: NDArray[Any]) -> str:
    """Say of values that are NaN, or infinite in one place only; nothing where there are none."""
    wrong = np.isnan(a), np.isnan(b)
    counts = [int(each.sum()) for each in wrong]
    if any(counts):
        first = np.argwhere(wrong[0] | wrong[1])[0].tolist()
        both = ", and NaN is equal to nothing; try other inputs" if all(counts) else ""
        return (
            f"of {a.size} values {counts[0]} are NaN in the description, {counts[1]} in what was "
            f"expected, the first at {first}{both}"
        )
    infinite = (np.isinf(a) | np.isinf(b)) & (a != b)
    if infinite.any():
        first = np.argwhere(infinite)[0].tolist()
        return f"{int(infinite.sum())} values are infinite in one of the two, the first at {first}"
    if a.size and not np.isfinite(b).any():
        return "all values are infinite, so that nothing can be compared; try other inputs"
    return ""


def spread_of(values: NDArray[Any]) -> float:
    """Give the standard deviation, at least a share of the mean; 1 if all values are zero."""
    with np.errstate(over="ignore"):
        spread = max(float(values.std()), ALIKE * float(np.abs(values.mean())))
    return spread if 0 < spread < np.inf else max(float(np.abs(values).max()), 0.0) or 1.0


def shape_advice(actual: Sequence[int], expected: Sequence[int]) -> str:
    """Say what shapes that do not fit have in common."""
    if tuple(actual[1:]) == tuple(expected) or tuple(actual) == (1, *expected):
        return "; the batch axis is missing in front: as an array y, write y[None]"
    if tuple(actual[1:]) == tuple(expected[1:]):
        return f"; the first axis is the batch: {actual[0]} inputs, and {expected[0]} outputs"
    if sorted(actual) == sorted(expected):
        return "; the axes stand in another order, and the first one is the batch"
    return "; the first axis is the batch"


def named_outputs(
    net: Architecture, found: Sequence[NDArray[Any]], names: Sequence[str] | None, whose: str
) -> list[tuple[str, NDArray[Any]]]:
    """Give outputs with the names of the description's, of which one may give several.

    Where they have `names`, those of the description are taken, or else the first ones; without,
    there have to be as many. Raises `GraphError` where there are too few or too many.
    """
    wanted = net.outputs
    if names is not None and set(wanted) <= set(names):
        by_name = dict(zip(names, found, strict=True))
        return [(name, by_name[name]) for name in wanted]
    if len(found) == len(wanted) or (names is not None and len(found) > len(wanted)):
        return list(zip(wanted, found, strict=False))
    shapes = ", ".join(
        f"{names[i]} {list(y.shape)}" if names is not None else str(list(y.shape))
        for i, y in enumerate(found)
    )
    ours = ", ".join(f"{name} {show(net.shapes[name])}" for name in wanted)
    raise GraphError(
        f"{whose} {len(found)} outputs ({shapes or 'none'}), the description {len(wanted)} "
        f"({ours}); give those that are meant, in this order"
    )


def table(differences: Sequence[Difference]) -> str:
    """Write a line for each output: its shape, its largest difference and where, and the verdict.

    Differences are shares of the output's spread.
    """
    rows = [("output", "shape", "difference", "rounding", "at", "")]
    for d in differences:
        shape = " x ".join(map(str, d.shape))
        if d.problem:
            rows.append((d.output, shape, "-", f"{d.limit:g}", "-", "NOT COMPARED"))
        else:
            at = ", ".join(map(str, d.place))
            verdict = "agrees" if d.agrees else "DIFFERS"
            rows.append((d.output, shape, f"{d.relative:.3g}", f"{d.limit:g}", at, verdict))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def limit_of(dtypes: Mapping[str, Any] | Sequence[str]) -> float:
    """Give the limit of the coarsest of some dtypes, by their names; float32's for others."""
    return max((LIMITS.get(name, LIMITS["float32"]) for name in dtypes), default=0.0)
