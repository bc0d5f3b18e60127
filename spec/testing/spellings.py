"""One function said in another way: by other operations, with the same results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod
from random import Random

from spec.architecture import Architecture, Operation
from spec.functions import FUNCTIONS, LINEAR, POSITIVE
from spec.primitives import (
    Concat,
    Contract,
    Elementwise,
    Fixed,
    Primitive,
    Reduce,
    Reshape,
    Shape,
    Slice,
    Take,
    Transpose,
    Window,
)
from spec.primitives.contract import LETTERS
from spec.primitives.elementwise import NESTED
from spec.testing.listing import Unfit
from spec.testing.pen import Pen


def respelled(net: Architecture, rng: Random) -> Architecture:
    """Say one thing otherwise: letters, order, axes that lie otherwise for a while, factors.

    The operations alone are others, so that the hash is that of `net`. Gives `net` itself where
    what was drawn has no place.
    """
    pen = Pen(rng)
    text = Text(dict(net.shapes), list(net.operations), tuple(net.index_inputs))
    try:
        pen.pick(WAYS)(pen, text)
    except Unfit:
        return net
    return replace(net, operations=tuple(text.operations), shapes=text.shapes)


@dataclass
class Text:
    """The operations of a network, to be written anew."""

    shapes: dict[str, Shape]
    operations: list[Operation]
    indices: tuple[str, ...] = ()
    added: list[Operation] = field(default_factory=list)

    def choose(self, pen: Pen, fits: Callable[[Operation], bool]) -> int:
        """Choose an operation of a kind: its place."""
        found = [place for place, one in enumerate(self.operations) if fits(one)]
        if not found:
            raise Unfit
        return pen.pick(found)

    def new(self, primitive: Primitive, *inputs: str, like: Operation, last: bool = False) -> str:
        """Note one more operation; the last one gives what `like` gave."""
        shape = primitive.shape(tuple(self.shapes[name] for name in inputs), ())
        name = like.output if last else f"{like.output} anew {len(self.added)}"
        self.shapes[name] = shape
        self.added.append(Operation(primitive, inputs, (), name, like.layer))
        return name

    def same(self, like: Operation, primitive: Primitive, *inputs: str, shape: Shape) -> str:
        """Note the operation itself with another primitive, whose result has a name of its own."""
        name = f"{like.output} anew {len(self.added)}"
        self.shapes[name] = shape
        self.added.append(replace(like, primitive=primitive, inputs=inputs, output=name))
        return name

    def put(self, place: int) -> None:
        """Put what was noted in the place of an operation."""
        self.operations[place : place + 1] = self.added


def relettered(pen: Pen, text: Text) -> None:
    """Take other letters in all sums of products."""
    letters = "".join(LETTERS[i] for i in pen.order(len(LETTERS)))
    table = str.maketrans(LETTERS, letters)
    text.operations = [
        replace(o, primitive=replace(o.primitive, equation=o.primitive.equation.translate(table)))
        if isinstance(o.primitive, Contract)
        else o
        for o in text.operations
    ]


def relisted(pen: Pen, text: Text) -> None:
    """List the operations in another order, each behind what it reads."""
    made = {operation.output for operation in text.operations}
    rest, done = list(text.operations), set[str]()
    text.operations = []
    while rest:
        ready = [o for o in rest if all(name in done or name not in made for name in o.inputs)]
        following = pen.pick(ready)
        rest.remove(following)
        done.add(following.output)
        text.operations.append(following)


def commuted(pen: Pen, text: Text) -> None:
    """Take the operands of a sum, a product or a maximum in another order."""

    def fits(one: Operation) -> bool:
        kind = one.primitive
        if isinstance(kind, Contract):
            return kind.values > 1
        return isinstance(kind, Elementwise) and kind.function in NESTED and len(one.inputs) > 1

    place = text.choose(pen, fits)
    one = text.operations[place]
    order = pen.order(len(one.inputs))
    primitive = one.primitive
    if isinstance(primitive, Contract):
        words = [primitive.operands[number] for number in order]
        words += primitive.operands[primitive.values :]
        primitive = replace(primitive, equation=f"{','.join(words)}->{primitive.output}")
    inputs = tuple(one.inputs[number] for number in order)
    text.operations[place] = replace(one, primitive=primitive, inputs=inputs)


def turned_product(pen: Pen, text: Text) -> None:
    """Let the axes of a sum of products lie otherwise, and turn them back."""
    place = text.choose(pen, lambda one: isinstance(one.primitive, Contract))
    one = text.operations[place]
    if not isinstance(one.primitive, Contract):
        raise Unfit
    order = pen.order(len(one.primitive.output))
    output = "".join(one.primitive.output[axis] for axis in order)
    equation = f"{','.join(one.primitive.operands)}->{output}"
    shape = tuple(text.shapes[one.output][axis] for axis in order)
    name = text.same(one, replace(one.primitive, equation=equation), *one.inputs, shape=shape)
    text.new(Transpose(inverse(order)), name, like=one, last=True)
    text.put(place)


def turned_within(pen: Pen, text: Text) -> None:
    """Do something to values whose axes lie otherwise, and turn the result back."""

    def fits(one: Operation) -> bool:
        kind, rank = one.primitive, len(text.shapes[one.output])
        alike = all(len(text.shapes[name]) == rank for name in one.inputs)
        if isinstance(kind, Elementwise):
            return alike and not one.parameters and kind.function != "band_mask"
        whole = isinstance(kind, Reduce) and bool(kind.axes) and kind.keepdim
        return alike and (whole or isinstance(kind, Concat | Slice | Take))

    place = text.choose(pen, fits)
    one = text.operations[place]
    order = pen.order(len(text.shapes[one.output]))
    back = inverse(order)
    primitive = one.primitive
    if isinstance(primitive, Reduce):
        primitive = replace(primitive, axes=tuple(sorted(back[a] for a in primitive.axes)))
    elif isinstance(primitive, Concat | Slice | Take):
        primitive = replace(primitive, axis=back[primitive.axis])
    turned = {name: text.new(Transpose(tuple(order)), name, like=one)
              for name in dict.fromkeys(one.inputs)}  # fmt: skip
    shape = tuple(text.shapes[one.output][axis] for axis in order)
    name = text.same(one, primitive, *(turned[name] for name in one.inputs), shape=shape)
    text.new(Transpose(back), name, like=one, last=True)
    text.put(place)


def factored(pen: Pen, text: Text) -> None:
    """Multiply before something by 2, and by 1/2 behind it."""

    def fits(one: Operation) -> bool:
        kind, shapes = one.primitive, text.shapes
        if isinstance(kind, Reduce):
            return kind.statistic in ("mean", "sum", "max", "kthvalue")
        if isinstance(kind, Elementwise):
            function = FUNCTIONS.get(kind.function)
            passing = function.passing(dict(kind.arguments)) if function else ""
            return kind.function in ("multiply", "band_mask") or passing in (LINEAR, POSITIVE)
        if isinstance(kind, Take):
            return not (kind.is_filled and kind.value)
        moves = isinstance(kind, Contract | Reshape | Slice | Transpose | Window)
        return moves and one.inputs[0] in shapes

    place = text.choose(pen, fits)
    one = text.operations[place]
    which = pen.count(0, len(one.inputs) - 1)
    if one.inputs[which] in fixed_values(text):
        raise Unfit  # numbers that are computed of fixed ones have no factor, and indices none
    larger = text.new(scaled(2.0), one.inputs[which], like=one)
    inputs = (*one.inputs[:which], larger, *one.inputs[which + 1 :])
    name = text.same(one, one.primitive, *inputs, shape=text.shapes[one.output])
    text.new(scaled(0.5), name, like=one, last=True)
    text.put(place)


def split_factor(pen: Pen, text: Text) -> None:
    """Multiply by two numbers in place of one, or by a value of one number."""
    place = text.choose(
        pen,
        lambda one: isinstance(one.primitive, Elementwise) and one.primitive.function == "scale_by",
    )
    one = text.operations[place]
    if not isinstance(one.primitive, Elementwise):
        raise Unfit
    factor = dict(one.primitive.arguments)["factor"]
    name = text.new(scaled(4.0), one.inputs[0], like=one)
    if pen.chance():
        text.new(scaled(factor / 4), name, like=one, last=True)
    else:
        shape = (1,) * len(text.shapes[one.output])
        number = text.new(Fixed(shape, "numbers", (factor / 4,)), one.inputs[0], like=one)
        text.new(Elementwise("multiply"), name, number, like=one, last=True)
    text.put(place)


def averaged(pen: Pen, text: Text) -> None:
    """Take a sum for a mean, or a mean for a sum, and divide or multiply by the number of items."""
    place = text.choose(
        pen,
        lambda one: (
            isinstance(one.primitive, Reduce)
            and one.primitive.statistic in ("mean", "sum")
            and bool(one.primitive.axes)
        ),
    )
    one = text.operations[place]
    if not isinstance(one.primitive, Reduce):
        raise Unfit
    count = prod(text.shapes[one.inputs[0]][axis] for axis in one.primitive.axes)
    statistic, factor = ("sum", 1 / count) if one.primitive.statistic == "mean" else ("mean", count)
    other = replace(one.primitive, statistic=statistic)
    name = text.same(one, other, *one.inputs, shape=text.shapes[one.output])
    text.new(scaled(factor), name, like=one, last=True)
    text.put(place)


def fixed_values(text: Text) -> set[str]:
    """List the values that are computed of fixed numbers, or of indices, alone."""
    found = {*text.indices}
    for one in text.operations:
        alone = bool(one.inputs) and found.issuperset(one.inputs) and not one.parameters
        if isinstance(one.primitive, Fixed) or alone:
            found.add(one.output)
    return found


def scaled(factor: float) -> Elementwise:
    """Give the multiplication by a constant."""
    return Elementwise("scale_by", (("factor", float(factor)),))


def inverse(order: list[int]) -> tuple[int, ...]:
    """Give the order that undoes another."""
    return tuple(order.index(place) for place in range(len(order)))


WAYS: tuple[Callable[[Pen, Text], None], ...] = (
    relettered, relisted, relisted, commuted, turned_product, turned_within, turned_within,
    factored, factored, split_factor, averaged,
)  # fmt: skip
