"""What is done next to each axis of a value, by which axes are told apart however they lie."""

from __future__ import annotations

from graphgen.lower.parameter.state import Lowering
from spec.primitives import (
    Concat,
    Contract,
    Elementwise,
    Normalise,
    Primitive,
    Reduce,
    Reshape,
    Shape,
    Slice,
    Take,
    Transpose,
)

MOST_LEVELS, MOST_VALUES = 3, 256
"""How many operations behind one another are looked at, and how many values."""

Axes = tuple[int | None, ...]
"""For each axis of a value, which axis it is of the one that is looked at from."""


def next_uses(state: Lowering, name: str) -> list[tuple[str, ...]]:
    """Say of each axis of a value which operations sum, norm or cut it next, as sorted words.

    Functions of single items, transpositions and axes of one are passed. Where axes are joined or
    cut, or leave the network, it is their order that counts.
    """
    count = len(state.shapes[name])
    found: list[list[str]] = [[] for _ in range(count)]

    def note(axes: Axes, axis: int, level: int, word: str) -> None:
        origin = axes[axis]
        if origin is not None:
            found[origin].append(f"{level} {word}")

    seen = {(0, name, tuple[int | None, ...](range(count)))}
    open_ = [*seen]
    while open_ and len(seen) <= MOST_VALUES:
        level, value, axes = open_.pop()
        shape = state.shapes[value]
        for number, output in enumerate(state.outputs):
            for axis in range(len(axes) if output == value else 0):
                note(axes, axis, level, f"output {number} {axis}")
        for reader in state.readers.get(value, ()):
            primitive = reader.primitive
            place = reader.inputs.index(value)
            told = acted_on(primitive, place, shape)
            for axis, word in told.items():
                note(axes, axis, level, f"{primitive.name} {word}")
            after = passed(primitive, place, axes, shape)
            if after is None and isinstance(primitive, Reshape):
                for axis in range(len(axes)):
                    note(axes, axis, level, f"reshape {axis} of {len(axes)}")
            following = (level + bool(told), reader.output, after or ())
            if after is not None and following[0] < MOST_LEVELS and following not in seen:
                seen.add(following)
                open_.append(following)
    return [tuple(sorted(words)) for words in found]


def acted_on(primitive: Primitive, place: int, shape: Shape) -> dict[int, str]:
    """Give the axes of an operand that an operation does something to, each with a word for it."""
    rank = len(shape)
    if isinstance(primitive, Normalise) and primitive.statistics in ("layer", "rms", "softmax"):
        return dict.fromkeys(range(rank - primitive.size, rank), primitive.statistics)
    if isinstance(primitive, Reduce):
        return dict.fromkeys(primitive.axes, primitive.statistic)
    if isinstance(primitive, Contract) and place < primitive.values:
        weight = "".join(primitive.operands[primitive.values :])
        return {
            axis: f"{weight.find(letter)}"
            for axis, letter in enumerate(primitive.operands[place])
            if letter not in primitive.output
        }
    return {primitive.axis: ""} if isinstance(primitive, Slice | Take | Concat) else {}


def passed(primitive: Primitive, place: int, axes: Axes, shape: Shape) -> Axes | None:
    """Say where the axes of an operand come to lie; None where they are not followed."""
    if isinstance(primitive, Elementwise | Normalise | Slice | Take | Concat):
        return axes
    if isinstance(primitive, Transpose):
        return tuple(axes[axis] for axis in primitive.order)
    if isinstance(primitive, Reduce) and primitive.axes:
        kept = [None if axis in primitive.axes else origin for axis, origin in enumerate(axes)]
        left = [n for axis, n in enumerate(kept) if axis not in primitive.axes]
        return tuple(kept if primitive.keepdim else left)
    if isinstance(primitive, Contract) and place < primitive.values:
        here = dict(zip(primitive.operands[place], axes, strict=True))
        return tuple(here.get(letter) for letter in primitive.output)
    if isinstance(primitive, Reshape):
        long = [axis for axis, size in enumerate(shape) if size > 1]
        if [shape[axis] for axis in long] == [size for size in primitive.target if size > 1]:
            follow = iter(long)
            return tuple(axes[next(follow)] if size > 1 else None for size in primitive.target)
    return None
