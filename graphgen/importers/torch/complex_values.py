"""Complex numbers as two values: rotations of pairs, and Fourier transforms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.operators import elementwise as each
from graphgen.importers.operators.joining import stack
from graphgen.importers.operators.resize import along
from graphgen.importers.operators.taking import select
from graphgen.importers.torch.operators import OPERATORS, VIEWS
from graphgen.importers.torch.operators.registry import traced
from graphgen.importers.torch.reading import COMPLEX, Reading, kind_of
from graphgen.importers.traced import Constant, Traced

PART_BY_PART = VIEWS | {
    "sum", "mean", "neg", "cat", "stack", "flip", "roll", "index_select", "repeat", "pad",
    "constant_pad_nd", "where",
}  # fmt: skip
"""What an operator of these makes of a complex number it makes of both parts."""

MAKERS = ("view_as_complex", "complex", "polar", "_fft_r2c")


@dataclass(frozen=True)
class ComplexValue:
    """A complex number, of which at least one part is computed."""

    real: Traced
    imag: Traced

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape in the model."""
        return self.real.shape


def is_complex(argument: Any) -> bool:
    """Whether an argument holds a complex number that is computed."""
    if isinstance(argument, dict):
        return any(map(is_complex, argument.values()))
    if isinstance(argument, (list, tuple)):
        return any(map(is_complex, argument))
    return isinstance(argument, ComplexValue)


def of_complex(t: Reading, name: str, arguments: list[Any], named: dict[str, Any]) -> Any:
    """Give what an operator makes of complex numbers, or makes them of."""
    if name in OF_ALL:
        return OF_ALL[name](t, *arguments, **named)
    if name in ("to", "_to_copy") and kind_of(t.node) != COMPLEX:
        t.refuse("it drops the imaginary part of complex numbers")
    if name in PART_BY_PART and name in OPERATORS:
        parts = [
            OPERATORS[name](t, *_part(arguments, which), **_part(named, which))
            for which in ("real", "imag")
        ]
        if isinstance(parts[0], list):
            return [ComplexValue(*pair) for pair in zip(*parts, strict=True)]
        return ComplexValue(*parts)
    t.refuse("the importer does not know this operator of complex numbers")


def _part(argument: Any, which: str) -> Any:
    if isinstance(argument, dict):
        return {key: _part(inner, which) for key, inner in argument.items()}
    if isinstance(argument, list):
        return [_part(inner, which) for inner in argument]
    if isinstance(argument, (ComplexValue, Constant)):
        whole = pair(argument) if not isinstance(argument, ComplexValue) else argument
        if isinstance(argument, Constant) and argument.array.dtype.kind != "c":
            return argument
        return getattr(whole, which)
    return argument


def pair(x: Any) -> ComplexValue:
    """Give both parts of anything."""
    if isinstance(x, ComplexValue):
        return x
    if isinstance(x, complex):
        x = Constant(np.asarray(x))
    x = traced(x)
    if isinstance(x, Constant) and x.array.dtype.kind == "c":
        return ComplexValue(Constant(x.array.real), Constant(x.array.imag))
    return ComplexValue(x, Constant(np.broadcast_to(np.zeros(()), x.shape)))


def _is_zero(x: Traced) -> bool:
    return each.number(x) == 0


def _times(t: Reading, x: Traced, y: Traced) -> Traced | None:
    return None if _is_zero(x) or _is_zero(y) else each.multiply(t, x, y)


def _total(t: Reading, shape: Sequence[int], x: Traced | None, y: Traced | None) -> Traced:
    if x is None or y is None:
        one = x if y is None else y
        return Constant(np.broadcast_to(np.zeros(()), tuple(shape))) if one is None else one
    return each.add(t, x, y)


def multiply(t: Reading, x: Any, y: Any) -> ComplexValue:
    """Give the product."""
    a, b = pair(x), pair(y)
    shape = np.broadcast_shapes(a.shape, b.shape)
    minus = _times(t, a.imag, b.imag)
    real = _total(
        t, shape, _times(t, a.real, b.real), None if minus is None else each.affine(t, minus, -1.0)
    )
    imag = _total(t, shape, _times(t, a.real, b.imag), _times(t, a.imag, b.real))
    return ComplexValue(real, imag)


def add(t: Reading, x: Any, y: Any, *, alpha: float = 1) -> ComplexValue:
    """Give `x + alpha y`."""
    a, b = pair(x), pair(y)
    return ComplexValue(
        each.add(t, a.real, b.real, float(alpha)), each.add(t, a.imag, b.imag, float(alpha))
    )


def subtract(t: Reading, x: Any, y: Any, *, alpha: float = 1) -> ComplexValue:
    """Give `x - alpha y`."""
    return add(t, x, y, alpha=-alpha)


def view_as_complex(t: Reading, x: Traced) -> ComplexValue:
    """Read the last axis, of two items, as complex numbers."""
    return ComplexValue(select(t, x, -1, 0), select(t, x, -1, 1))


def view_as_real(t: Reading, x: ComplexValue) -> Traced:
    """Give both parts along a new last axis."""
    return stack(t, [x.real, x.imag], len(x.shape))


def polar(t: Reading, size: Any, angle: Any) -> ComplexValue:
    """Give the complex number of a size and an angle."""
    turned = [each.function(t, word, angle) for word in ("cosine", "sine")]
    return ComplexValue(*(each.multiply(t, traced(size), part) for part in turned))


def absolute(t: Reading, x: ComplexValue) -> Traced:
    """Give the size."""
    one, other = (each.function(t, "square", part) for part in (x.real, x.imag))
    return each.function(t, "sqrt", each.add(t, one, other))


def conjugate(t: Reading, x: ComplexValue) -> ComplexValue:
    """Turn the sign of the imaginary part."""
    return ComplexValue(x.real, each.affine(t, x.imag, -1.0))


def _rotations(n: int, rows: int, forward: bool) -> NDArray[Any]:
    sign = -2j if forward else 2j
    turns: NDArray[Any] = np.exp(sign * np.pi * np.outer(np.arange(rows), np.arange(n)) / n)
    return turns


def _scale(n: int, normalization: int) -> float:
    return float((1.0, n**-0.5, 1.0 / n)[normalization])


def transform(
    t: Reading, x: Any, dims: Sequence[int], normalization: int, forward: bool
) -> ComplexValue:
    """Give the discrete Fourier transform along axes."""
    found = pair(x)
    for dim in dims:
        n = found.shape[dim]
        found = _mapped(t, found, dim, _rotations(n, n, forward) * _scale(n, normalization))
    return found


def of_real(
    t: Reading, x: Traced, dims: Sequence[int], normalization: int, onesided: bool
) -> ComplexValue:
    """Give the transform of real numbers, of which one side of the last axis may be enough."""
    *others, last = dims
    n = x.shape[last]
    rows = n // 2 + 1 if onesided else n
    first = _mapped(t, pair(x), last, _rotations(n, rows, True) * _scale(n, normalization))
    return transform(t, first, others, normalization, True)


def to_real(t: Reading, x: Any, dims: Sequence[int], normalization: int, size: int) -> Traced:
    """Give the real numbers whose transform has this one side."""
    *others, last = dims
    found = transform(t, x, others, normalization, False)
    rows = found.shape[last]
    weights = np.full(rows, 2.0)
    weights[0] = 1.0
    if size % 2 == 0:
        weights[-1] = 1.0
    turns = _rotations(size, rows, False).T * weights * _scale(size, normalization)
    real, imag = along(t, found.real, last, turns.real), along(t, found.imag, last, -turns.imag)
    return each.add(t, real, imag)


def _mapped(t: Reading, x: ComplexValue, dim: int, matrix: NDArray[Any]) -> ComplexValue:
    """Apply a complex matrix along an axis."""

    def part(one: Traced, other: Traced, own: NDArray[Any], crossed: NDArray[Any]) -> Traced:
        return _total(
            t,
            (*x.shape[:dim], len(matrix), *x.shape[dim + 1 :]),
            None if _is_zero(one) else along(t, one, dim, own),
            None if _is_zero(other) else along(t, other, dim, crossed),
        )

    return ComplexValue(
        part(x.real, x.imag, matrix.real, -matrix.imag),
        part(x.real, x.imag, matrix.imag, matrix.real),
    )


OF_ALL: dict[str, Any] = {
    "mul": multiply, "add": add, "sub": subtract, "view_as_complex": view_as_complex,
    "view_as_real": view_as_real, "polar": polar, "complex": lambda t, x, y: ComplexValue(x, y),
    "abs": absolute, "conj": conjugate, "_conj": conjugate, "conj_physical": conjugate,
    "real": lambda t, x: x.real, "imag": lambda t, x: x.imag,
    "_fft_c2c": transform, "_fft_r2c": of_real, "_fft_c2r": to_real,
}  # fmt: skip
