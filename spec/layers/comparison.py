"""eq, ne, lt, le, gt, ge: 1 where two numbers compare so, 0 elsewhere."""

from __future__ import annotations

from typing import ClassVar

from spec.fields import number
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Shape, ShapeError
from spec.records import record


@record(frozen=True, kw_only=True)
class Comparison(Layer):
    """A comparison with a number, or with a second input."""

    inputs_allowed: ClassVar[tuple[int, int]] = (1, 2)

    other: float | None = number(default=None, summary="the number, if there is no second input")

    def infer(self, *shapes: Shape) -> Comparison:
        if (self.other is None) == (len(shapes) == 1):
            raise ShapeError(f"`{self.type}` needs either `other` or a second input")
        return self

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        x, *others = inputs
        if others:
            return self.compare(scope, difference(scope, x, others[0]))
        shift = -(self.other or 0.0)
        return self.compare(scope, scope.function("shift_by", x, value=shift) if shift else x)

    def compare(self, scope: Scope, more: Value) -> Value:
        """Compare a difference with 0."""
        raise NotImplementedError


@register("eq")
@record(frozen=True, kw_only=True)
class Equal(Comparison):
    """1 where x is `other`, or equals a second input, 0 elsewhere, as `torch.eq`.

    Numbers are finite; single numbers and axes of size 1 are repeated.
    """

    def compare(self, scope: Scope, more: Value) -> Value:
        apart = scope.function("scale_by", unequal(scope, more), factor=-1.0)
        return scope.function("shift_by", apart, value=1.0)


@register("ne")
@record(frozen=True, kw_only=True)
class NotEqual(Comparison):
    """0 where x is `other`, or equals a second input, 1 elsewhere, as `torch.ne`.

    Numbers are finite; single numbers and axes of size 1 are repeated.
    """

    def compare(self, scope: Scope, more: Value) -> Value:
        return unequal(scope, more)


@register("gt")
@record(frozen=True, kw_only=True)
class Greater(Comparison):
    """1 where x is greater than `other`, or a second input, 0 elsewhere, as `torch.gt`.

    Single numbers and axes of size 1 are repeated.
    """

    def compare(self, scope: Scope, more: Value) -> Value:
        return scope.function("heaviside", more, values=0.0)


@register("ge")
@record(frozen=True, kw_only=True)
class GreaterOrEqual(Comparison):
    """1 where x is at least `other`, or a second input, 0 elsewhere, as `torch.ge`.

    Single numbers and axes of size 1 are repeated.
    """

    def compare(self, scope: Scope, more: Value) -> Value:
        return scope.function("heaviside", more, values=1.0)


@register("lt")
@record(frozen=True, kw_only=True)
class Less(Comparison):
    """1 where x is less than `other`, or a second input, 0 elsewhere, as `torch.lt`.

    Single numbers and axes of size 1 are repeated.
    """

    def compare(self, scope: Scope, more: Value) -> Value:
        return scope.function("heaviside", less(scope, more), values=0.0)


@register("le")
@record(frozen=True, kw_only=True)
class LessOrEqual(Comparison):
    """1 where x is at most `other`, or a second input, 0 elsewhere, as `torch.le`.

    Single numbers and axes of size 1 are repeated.
    """

    def compare(self, scope: Scope, more: Value) -> Value:
        return scope.function("heaviside", less(scope, more), values=1.0)


def difference(scope: Scope, x: Value, y: Value) -> Value:
    """Subtract y from x."""
    return scope.combine("add", x, scope.function("scale_by", y, factor=-1.0))


def less(scope: Scope, x: Value) -> Value:
    """Turn the sign."""
    return scope.function("scale_by", x, factor=-1.0)


def unequal(scope: Scope, difference: Value) -> Value:
    """Give 0 where a difference is 0, 1 elsewhere."""
    return scope.function("square", scope.function("sign", difference))
