"""The parameter graph of products of values: product nodes, and sums of them."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from graphgen.lower.parameter.ahead import next_uses
from graphgen.lower.parameter.layout import (
    Axis,
    Digit,
    Layout,
    born,
    cut_at_all,
    inner_ends,
    row_major,
)
from graphgen.lower.parameter.spread import NEURONS, spread
from graphgen.lower.parameter.state import Lowering, Row
from spec import Operation
from spec.primitives import Contract

Operand = dict[str, Axis]


def product(state: Lowering, operation: Operation, primitive: Contract) -> None:
    """Lower a sum of products of values, such as the scores of attention.

    There is a product node for each item along the axes of neurons of any operand; positions are
    multiplied and summed inside it, as the step says: for each operand the digits of its positions,
    in the order of their birth, by numbers and sizes; the numbers of the result come first.
    An operand's edges say its own; operands that say the same may be exchanged. A value may lie on
    the neurons of several groups: an edge comes from each, with the operand's number. Where an axis
    of neurons is summed, a sum node follows.
    """
    layouts, operands = aligned(state, operation, primitive)
    ranked = Ranks(state, operation, primitive, layouts, operands)
    layouts, operands = ranked.layouts, ranked.operands
    found = {letter: next(axes[letter] for axes in operands if letter in axes)
             for letter in ranked.letters}  # fmt: skip
    nodes = ranked.nodes(found)
    sizes = [found[letter][place].size for letter, place in nodes]
    target = state.group(operation.output, "neuron", prod(sizes))
    strides = row_major(sizes)
    numbers = {
        (letter, place): number
        for number, (letter, place) in enumerate(
            (letter, place)
            for letter in ranked.letters
            for place, digit in enumerate(found[letter])
            if digit.group is None
        )
    }
    roles = [numbered(axes, numbers) for axes in operands]
    alone = not any(layout.carried for layout in layouts)
    for number, (layout, axes) in enumerate(zip(layouts, operands, strict=True)):
        role = roles[number]
        told = (("positions", role),) if role else ()
        for group in dict.fromkeys([layout.group, *(d.group or 0 for d in layout.carried)]):
            rows: list[Row] = []
            for (letter, place), size, goal in zip(nodes, sizes, strides, strict=True):
                digit = axes[letter][place] if letter in axes else None
                step = digit.stride if digit is not None and digit.group == group else 0
                rows.append((size, "unit", step, goal))
            start = layout.start if group == layout.group else 0
            state.connect(
                operation, "operand", rows, (group, start), (target, 0),
                attributes=told if alone else (("operand", number),),
            )  # fmt: skip
    kept = sum(letter in primitive.output for letter, _ in numbers)
    state.step(target, "product", operands=tuple(sorted(roles) if alone else roles), kept=kept)
    state.layouts[operation.output] = summed(
        state, operation, ranked, found, nodes, (target, strides)
    )


class Ranks:
    """The order of operands and letters, as far as their roles tell: no spelling plays a part.

    Letters of the result come before those that are summed; then those that the next operations
    sum, norm or cut come last; those that all operands have come first; an operand's own lie as its
    positions were born. Operands are ordered by what is done next to their own letters, and by
    where they come from.
    """

    def __init__(
        self, state: Lowering, operation: Operation, primitive: Contract,
        layouts: list[Layout], operands: list[Operand],
    ) -> None:  # fmt: skip
        self.output = primitive.output
        self.next = dict(zip(self.output, next_uses(state, operation.output), strict=True))
        keys = [
            (
                sorted(self.next.get(letter, ()) for letter in axes),
                state.colour(layout.group),
                layout.start,
                [self.output.find(letter) for letter in axes],
            )
            for layout, axes in zip(layouts, operands, strict=True)
        ]
        order = sorted(range(len(keys)), key=keys.__getitem__)
        self.layouts = [layouts[place] for place in order]
        self.operands = [operands[place] for place in order]
        self.letters = sorted({*self.output, *(c for axes in operands for c in axes)}, key=self.key)

    def key(self, letter: str) -> tuple[object, ...]:
        """Give what a letter is ordered by."""
        holders = [place for place, axes in enumerate(self.operands) if letter in axes]
        digits = self.operands[holders[0]][letter]
        born = max((digit.stride for digit in digits if digit.group is None), default=0)
        place = list(self.operands[holders[0]]).index(letter)
        return (
            letter not in self.output,
            self.next.get(letter, ()),
            len(holders) < len(self.operands),
            holders,
            -born,
            place,
        )

    def nodes(self, found: Operand) -> list[tuple[str, int]]:
        """List the digits of neurons, those of one role as they lie in their group."""
        keyed = []
        for letter in self.letters:
            holders = [place for place, axes in enumerate(self.operands) if letter in axes]
            own = self.layouts[holders[0]].group
            for place, digit in enumerate(found[letter]):
                if digit.group is not None:
                    role = self.key(letter)[:-2]
                    keyed.append((role, digit.group != own, digit.group, -digit.stride,
                                  (letter, place)))  # fmt: skip
        return [node for *_, node in sorted(keyed)]


def numbered(axes: Operand, numbers: dict[tuple[str, int], int]) -> tuple[tuple[int, int], ...]:
    """List the positions of an operand in the order of their birth: number and size of each."""
    found = [
        (digit.stride, numbers[letter, place], digit.size)
        for letter, axis in axes.items()
        for place, digit in enumerate(axis)
        if digit.group is None
    ]
    return tuple((number, size) for _, number, size in sorted(found, reverse=True))


def summed(
    state: Lowering,
    operation: Operation,
    ranked: Ranks,
    found: Operand,
    nodes: list[tuple[str, int]],
    products: tuple[int, tuple[int, ...]],
) -> Layout:
    """Add the sums over neurons, if there are any, and give the layout of the result."""
    target, strides = products
    sizes = [found[letter][place].size for letter, place in nodes]
    kept = [n for n, (letter, _) in zip(sizes, nodes, strict=True) if letter in ranked.output]
    result, goals = target, strides
    if len(kept) < len(nodes):
        result, goals = (
            state.group(f"{operation.output}.sum", "neuron", prod(kept)),
            row_major(kept),
        )
        ends = iter(goals)
        rows: list[Row] = [
            (size, "unit", step, next(ends) if letter in ranked.output else 0)
            for (letter, _), size, step in zip(nodes, sizes, strides, strict=True)
        ]
        state.connect(operation, "sum", rows, (target, 0), (result, 0))
    kept_nodes = [node for node in nodes if node[0] in ranked.output]
    ends_of = dict(zip(kept_nodes, goals, strict=True))
    letters = [letter for letter in ranked.letters if letter in ranked.output]
    axes = [
        tuple(
            digit if digit.group is None else Digit(digit.size, result, ends_of[letter, place])
            for place, digit in enumerate(found[letter])
        )
        for letter in letters
    ]
    laid = born(axes, result)
    return replace(laid, axes=tuple(laid.axes[letters.index(c)] for c in ranked.output))


def aligned(
    state: Lowering, operation: Operation, primitive: Contract
) -> tuple[list[Layout], list[Operand]]:
    """Cut each letter's axes alike in all operands: neurons that meet positions take them along."""
    layouts = [state.layout(name) for name in operation.inputs]
    letters = primitive.operands[: primitive.values]
    while True:
        operands = [
            dict(zip(own, layout.axes, strict=True))
            for own, layout in zip(letters, layouts, strict=True)
        ]
        apart = {letter for letter in set("".join(letters)) if not cut_alike(operands, letter)}
        if not apart:
            return layouts, operands
        layouts = [
            layout
            if apart.isdisjoint(own)
            else spread(
                state,
                operation,
                layout,
                {axis: NEURONS for axis, letter in enumerate(own) if letter in apart},
                single={axis for axis, letter in enumerate(own) if letter in apart},
            )
            for own, layout in zip(letters, layouts, strict=True)
        ]


def cut_alike(operands: list[Operand], letter: str) -> bool:
    """Cut a letter's axes at all ends that one of them has; say whether they are alike then."""
    holders = [axes for axes in operands if letter in axes]
    ends = {end for axes in holders for end in inner_ends(axes[letter])}
    cuts = [cut_at_all(axes[letter], ends) for axes in holders]
    if None in cuts or len({tuple(d.group is None for d in cut or ()) for cut in cuts}) > 1:
        return False
    for axes, cut in zip(holders, cuts, strict=True):
        axes[letter] = cut or ()
    return True
