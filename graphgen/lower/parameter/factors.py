"""Constant factors and shifts in one place, however a network says them.

A factor is moved behind all that it passes through: it is the same whether queries, keys or their
products are divided, and whether the mean is a mean or a sum over a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite, prod

from graphgen.lower.parameter.operations import changed
from spec import Operation
from spec.functions import FUNCTIONS, LINEAR, POSITIVE
from spec.primitives import (
    Concat,
    Contract,
    Elementwise,
    Fixed,
    Primitive,
    Reduce,
    Resample,
    Reshape,
    Rotary,
    Shape,
    Slice,
    Take,
    Transpose,
    Window,
)

FACTOR, SHIFT = "scale_by", "shift_by"
DIGITS = 12
"""Digits of a factor that are told: what several numbers multiply to has no more."""

LINEAR_MAPS = (Concat, Resample, Reshape, Rotary, Slice, Transpose, Window)


def with_late_factors(
    operations: Sequence[Operation], outputs: Sequence[str], shapes: dict[str, Shape]
) -> list[Operation]:
    """Give operations of the same outputs that multiply by constants as late as can be.

    A value that is made anew, without its factor, has a name of its own; its shape is added.
    """
    late = _Late(shapes)
    for operation in operations:
        late.add(operation)
    for name in outputs:
        late.whole(name)
    return alive(late.made, outputs)


def alive(operations: Sequence[Operation], outputs: Sequence[str]) -> list[Operation]:
    """Leave out what no output and no parameter's operation depends on."""
    read = {*outputs}
    kept: list[Operation] = []
    for operation in reversed(operations):
        if operation.output in read or operation.parameters:
            read.update(operation.inputs)
            kept.append(operation)
    return kept[::-1]


class _Late:
    """The operations so far; `factors` says of a value of which other it is how many times."""

    def __init__(self, shapes: dict[str, Shape]) -> None:
        self.shapes = shapes
        self.made: list[Operation] = []
        self.maker: dict[str, Operation] = {}
        self.factors: dict[str, tuple[str, float]] = {}

    def add(self, operation: Operation) -> None:
        """Add an operation, and leave factors of what it reads for later where these pass."""
        for plain in self.without_constants(operation):
            self.add_plain(plain)

    def add_plain(self, operation: Operation) -> None:
        primitive = operation.primitive
        scales = isinstance(primitive, Elementwise) and primitive.function == FACTOR
        if not scales and self.factors.keys().isdisjoint(operation.inputs):
            self.emit(operation)
            return
        found = [self.factors.get(name, (name, 1.0)) for name in operation.inputs]
        if isinstance(primitive, Elementwise) and scales:
            factor = dict(primitive.arguments)["factor"]
            if factor and isfinite(factor):
                ((base, before),) = found
                self.leave(operation, base, before * factor)
                return
        factor = passing(primitive, not operation.parameters, [number for _, number in found])
        if factor is None or factor == 1:
            inputs = operation.inputs if factor is None else [base for base, _ in found]
            self.emit(changed(operation, primitive, map(self.whole, inputs)))
            return
        base = f"{operation.output}:without"
        self.shapes[base] = self.shapes[operation.output]
        inputs = tuple(name for name, _ in found)
        self.emit(replace(operation, inputs=inputs, output=base))
        self.leave(operation, base, factor)

    def leave(self, operation: Operation, base: str, factor: float) -> None:
        """Remember that a value is another one times a factor; a sum over a number is a mean."""
        before = self.maker.get(base)
        if before is not None and isinstance(before.primitive, Reduce) and before.primitive.axes:
            count = prod(self.shapes[before.inputs[0]][axis] for axis in before.primitive.axes)
            other = {("sum", told(1 / count)): "mean", ("mean", told(count)): "sum"}.get(
                (before.primitive.statistic, told(factor))
            )
            if other is not None:
                averaged = replace(before.primitive, statistic=other)
                self.emit(replace(before, primitive=averaged, output=operation.output))
                return
        self.factors[operation.output] = base, factor

    def whole(self, name: str) -> str:
        """Give the name of a value with its factor, which is multiplied now."""
        if name in self.factors and name not in self.maker:
            base, factor = self.factors[name]
            arguments = (("factor", told(factor)),)
            layer = self.maker[base].layer if base in self.maker else base
            if told(factor) == 1:
                primitive: Primitive = Reshape(self.shapes[name])
            else:
                primitive = Elementwise(FACTOR, arguments)
            self.emit(Operation(primitive, (base,), (), name, layer))
        return name

    def emit(self, operation: Operation) -> None:
        self.made.append(operation)
        self.maker[operation.output] = operation

    def without_constants(self, operation: Operation) -> list[Operation]:
        """Let sums and products with one constant number be what they are of a single value."""
        primitive, inputs = operation.primitive, operation.inputs
        if not isinstance(primitive, Elementwise) or operation.parameters:
            return [operation]
        if primitive.function == SHIFT:
            return self.joined_shift(operation)
        if primitive.function not in ("add", "multiply") or len(inputs) < 2:
            return [operation]
        numbers = [self.constant(name) for name in inputs]
        left = [n for n, number in zip(inputs, numbers, strict=True) if number is None]
        known = [number for number in numbers if number is not None]
        shape = self.shapes[operation.output]
        if not known or not left or not any(self.shapes[name] == shape for name in left):
            return [operation]
        adds = primitive.function == "add"
        number = sum(known) if adds else prod(known)
        if not isfinite(number):
            return [operation]
        function = Elementwise(SHIFT, (("value", number),)) if adds else scaled_by(number)
        if len(left) == 1:
            rest, before = left[0], []
        else:
            rest = f"{operation.output}:values"
            self.shapes[rest] = shape
            before = [replace(operation, inputs=tuple(left), output=rest)]
        last = replace(operation, primitive=function, inputs=(rest,))
        return before + (self.joined_shift(last) if adds else [last])

    def joined_shift(self, operation: Operation) -> list[Operation]:
        """Let shifts that follow one another be one, or none where nothing is added."""
        (name,) = operation.inputs
        value = shift_of(operation)
        before = self.maker.get(name)
        if before is not None and before.inputs and shift_of(before) is not None:
            operation = replace(operation, inputs=before.inputs)
            value = told((value or 0.0) + (shift_of(before) or 0.0))
        if value == 0:
            primitive: Primitive = Reshape(self.shapes[operation.output])
        else:
            primitive = Elementwise(SHIFT, (("value", value),))
        return [replace(operation, primitive=primitive)]

    def constant(self, name: str) -> float | None:
        """Give the one number that a value is everywhere; None if it is not fixed so."""
        maker = self.maker.get(name)
        if maker is None or not isinstance(maker.primitive, Fixed):
            return None
        fixed = maker.primitive
        if fixed.formula != "numbers" or len(fixed.numbers) != 1:
            return None
        return float(fixed.numbers[0])


def scaled_by(factor: float) -> Elementwise:
    """Give the multiplication by a constant."""
    return Elementwise(FACTOR, (("factor", factor),))


def shift_of(operation: Operation) -> float | None:
    """Give the constant that an operation adds; None if it does something else."""
    primitive = operation.primitive
    if not isinstance(primitive, Elementwise) or primitive.function != SHIFT:
        return None
    value: float = dict(primitive.arguments)["value"]
    return value


def told(factor: float) -> float:
    """Round a factor to the digits that are told.

    >>> told(3**-0.25 * 3**-0.25) == told(3**-0.5)
    True
    """
    return float(f"{factor:.{DIGITS}g}")


def passing(primitive: Primitive, several: bool, factors: Sequence[float]) -> float | None:
    """Give the factor of a result by those of the values; None where these do not pass.

    `several` says that all operands are values: a parameter has no factor.
    """
    if all(factor == 1 for factor in factors):
        return 1.0
    same = factors[0] if len(set(factors)) == 1 else None
    if isinstance(primitive, Contract):
        return prod(factors)
    if isinstance(primitive, LINEAR_MAPS):
        return same
    if isinstance(primitive, Take):
        return None if primitive.is_filled and primitive.value else same
    if isinstance(primitive, Reduce):
        if primitive.statistic in ("mean", "sum"):
            return same
        return positive(same) if primitive.statistic in ("max", "kthvalue") else None
    if not isinstance(primitive, Elementwise):
        return None
    function = primitive.function
    if function == "multiply":
        return prod(factors)
    if function == "add":
        return same if several else None
    if function in ("maximum", "band_mask", "prelu"):
        return positive(same)
    if function not in FUNCTIONS:
        return None
    word = FUNCTIONS[function].passing(dict(primitive.arguments))
    return same if word == LINEAR else positive(same) if word == POSITIVE else None


def positive(factor: float | None) -> float | None:
    """Give a factor if it is positive."""
    return factor if factor is not None and factor > 0 else None
