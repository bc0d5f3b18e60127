"""Transpositions as late as can be: what does not care how axes lie comes before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from graphgen.lower.parameter.folding import folded
from graphgen.lower.parameter.operations import changed
from spec import Operation
from spec.primitives import (
    Concat,
    Contract,
    Elementwise,
    Fixed,
    Learned,
    Primitive,
    Reduce,
    Shape,
    Slice,
    Take,
    Transpose,
)
from spec.primitives.contract import LETTERS

Order = tuple[int, ...]

MOVING = (Concat, Contract, Reduce, Slice, Take, Transpose)
"""What is written otherwise where the axes of what it reads are, or may be, in another order."""


def with_late_turns(
    operations: Sequence[Operation], outputs: Sequence[str], shapes: dict[str, Shape]
) -> list[Operation]:
    """Give operations of the same outputs, where a transposition is behind all that it passes.

    It passes functions of single items, sums and products of values that lie alike, and what acts
    along one axis, which is another one then; products of values take it in their letters. What is
    put beside a learned value is turned as that lies, and fixed values as the others.
    The shapes of new values are added.
    """
    late = _Late(shapes)
    for operation in operations:
        late.add(operation)
    for name in outputs:
        late.whole(name)
    return late.made


class _Late:
    """The operations so far; `turned` says of a value of which other it is, in which order."""

    def __init__(self, shapes: dict[str, Shape]) -> None:
        self.shapes = shapes
        self.made: list[Operation] = []
        self.turned: dict[str, tuple[str, Order]] = {}
        self.names: set[str] = set()
        self.learned: set[str] = set()
        self.fixed: dict[str, Operation] = {}

    def add(self, operation: Operation) -> None:
        """Add an operation, and leave transpositions of what it reads for later where they pass."""
        primitive = operation.primitive
        if isinstance(primitive, Learned):
            self.learned.add(operation.output)
        if isinstance(primitive, Fixed):
            self.fixed[operation.output] = operation
        if not isinstance(primitive, MOVING) and self.turned.keys().isdisjoint(operation.inputs):
            self.emit(operation)
            return
        found = [self.found(name) for name in operation.inputs]
        if isinstance(primitive, Transpose):
            ((base, before),) = found
            self.turned[operation.output] = base, behind(primitive.order, before)
            return
        if isinstance(primitive, Contract):
            product, after = lettered(primitive, [order for _, order in found])
            self.leave(operation, product, [base for base, _ in found], after)
            return
        orders = {order for _, order in found}
        if isinstance(primitive, Elementwise) and len(orders) > 1:
            lying = {order for base, order in found if base not in self.fixed}
            learned = {order for base, order in found if base in self.learned}
            orders = learned or lying
        order = orders.pop() if len(orders) == 1 and not operation.parameters else ()
        inside = passed(primitive, order) if order else None
        if inside is None:
            self.emit(changed(operation, primitive, map(self.whole, operation.inputs)))
            return
        back = tuple(order.index(axis) for axis in range(len(order)))
        inputs = [self.name(base, behind(back, own)) for base, own in found]
        self.leave(operation, inside[0], inputs, inside[1])

    def found(self, name: str) -> tuple[str, Order]:
        """Say of which value another one is a transposition, and the order of its axes."""
        return self.turned.get(name, (name, tuple(range(len(self.shapes[name])))))

    def leave(
        self, operation: Operation, primitive: Primitive, inputs: Sequence[str], order: Order
    ) -> None:
        """Add an operation whose result is turned later."""
        base = operation.output
        if order != tuple(range(len(order))):
            base = f"{operation.output}:unturned"
            shape = self.shapes[operation.output]
            self.shapes[base] = tuple(shape[order.index(axis)] for axis in range(len(order)))
            self.turned[operation.output] = base, order
        result = changed(operation, primitive, inputs)
        self.emit(result if base == result.output else replace(result, output=base))

    def whole(self, name: str) -> str:
        """Turn a value now, for what reads it."""
        base, order = self.found(name)
        if name != base and name not in self.names:
            self.emit(Operation(Transpose(order), (base,), (), name, name))
        return name

    def name(self, base: str, order: Order) -> str:
        """Give the name of a value that is turned."""
        if order == tuple(range(len(order))):
            return base
        name = f"{base}:{order}"
        shape = self.shapes[base]
        self.shapes[name] = tuple(shape[axis] for axis in order)
        self.turned[name] = base, order
        told = folded(Transpose(order), [self.fixed.get(base)])
        if told is None or name in self.names:
            return self.whole(name)
        self.emit(Operation(told, (), (), name, self.fixed[base].layer))
        return name

    def emit(self, operation: Operation) -> None:
        self.made.append(operation)
        self.names.add(operation.output)


def behind(order: Order, before: Order) -> Order:
    """Give the one order that two are, one behind the other."""
    return tuple(before[axis] for axis in order)


def lettered(primitive: Contract, orders: Sequence[Order]) -> tuple[Contract, Order]:
    """Give a product of values before they are turned; letters and result follow the operands.

    >>> lettered(Contract("kj,ki->ij", values=2), [(1, 0), (0, 1)])
    (Contract(equation='ab,bc->ac', values=2, prepared=None), (1, 0))
    """
    equation, after = equation_before(primitive.equation, tuple(orders))
    same = equation == primitive.equation
    return primitive if same else replace(primitive, equation=equation), after


@lru_cache(maxsize=4096)
def equation_before(equation: str, orders: tuple[Order, ...]) -> tuple[str, Order]:
    """Write a product of the first values before they are turned, and the order of its result."""
    operands, _, result = equation.partition("->")
    words = operands.split(",")
    for place, order in enumerate(orders):
        words[place] = "".join(words[place][order.index(axis)] for axis in range(len(order)))
    names = {letter: LETTERS[n] for n, letter in enumerate(dict.fromkeys("".join(words)))}
    output = sorted(names[letter] for letter in result)
    after = tuple(output.index(names[letter]) for letter in result)
    words = ["".join(names[letter] for letter in word) for word in words]
    return f"{','.join(words)}->{''.join(output)}", after


def passed(primitive: Primitive, order: Order) -> tuple[Primitive, Order] | None:
    """Give what acts on values before they are turned, and the order of its result's axes.

    >>> passed(Slice(0, 1, 2), (1, 0))
    (Slice(axis=1, start=1, stop=2), (1, 0))
    """
    if isinstance(primitive, Elementwise):
        return None if primitive.function == "band_mask" else (primitive, order)
    if isinstance(primitive, Concat | Slice | Take):
        axis = order[primitive.axis]
        return primitive if axis == primitive.axis else replace(primitive, axis=axis), order
    if isinstance(primitive, Reduce) and primitive.axes:
        axes = tuple(sorted(order[axis] for axis in primitive.axes))
        along = primitive if axes == primitive.axes else replace(primitive, axes=axes)
        if primitive.keepdim:
            return along, order
        left = [axis for place, axis in enumerate(order) if place not in primitive.axes]
        return along, tuple(sorted(left).index(axis) for axis in left)
    return None
