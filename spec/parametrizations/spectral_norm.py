"""spectral_norm: a weight divided by its largest singular value, as training has measured it."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from spec.architecture import TensorSpec
from spec.parametrizations.kinds import Made, Parametrization, axis_of
from spec.primitives import Contract, Elementwise, Learned, Primitive, Reshape, Shape
from spec.primitives.contract import LETTERS

if TYPE_CHECKING:
    from spec.layer import Scope, Value


def declare(
    scope: Scope, prefix: str, shape: Shape, initial: tuple[str, float], how: Parametrization
) -> tuple[TensorSpec, tuple[TensorSpec, ...]]:
    """Declare a weight and the two vectors between which its spectral norm is measured."""
    first = axis_of(how["dim"], shape)
    names = ("_orig", "_u", "_v") if how["legacy"] else (".original", ".0._u", ".0._v")
    tensor = scope.declare(prefix + names[0], shape, initial)
    sizes = (shape[first], prod(shape) // shape[first])
    vectors = tuple(
        scope.statistic(prefix + name, (size,), size**-0.5)
        for name, size in zip(names[1:], sizes, strict=True)
    )
    return tensor, vectors


def apply(scope: Scope, primitive: Primitive, x: Value, tensor: TensorSpec, made: Made) -> Value:
    """Apply a weight and divide by `u W v`, as the power iteration has left the vectors."""
    y = scope.record(primitive, x, tensors=(tensor,))
    left, right = made.others
    letters = LETTERS[: len(tensor.shape)]
    first = axis_of(made.how["dim"], tensor.shape)
    row, others = letters[first], letters[:first] + letters[first + 1 :]
    sizes = tuple(size for axis, size in enumerate(tensor.shape) if axis != first)
    vector = scope.record(Learned(), x, tensors=(right,))
    if others:
        vector = scope.record(Reshape(sizes), vector)
    image = scope.record(Contract(f"{others},{letters}->{row}"), vector, tensors=(tensor,))
    norm = scope.record(Contract(f"{row},{row}->"), image, tensors=(left,))
    inverse = scope.record(Elementwise("reciprocal"), norm)
    inverse = scope.record(Reshape((1,) * len(y.shape)), inverse)
    return scope.record(Elementwise("multiply"), y, inverse)
