"""What layers that choose items along axes share: the simplest primitive of each choice."""

from __future__ import annotations

from collections.abc import Iterable

from spec.layer import Scope, Value
from spec.primitives import ShapeError, Slice, Take, show
from spec.primitives.take import NONE, Run, beyond, joined, most_padding, part_of, run_of


def taken(scope: Scope, x: Value, axis: int, runs: Iterable[Run], value: float = 0.0) -> Value:
    """Give items along an axis by runs, of -1 for a constant; x itself where it is whole."""
    runs = joined(runs)
    if runs in (joined([(0, x.shape[axis], 1)]), ()):
        return x
    if len(runs) == 1 and runs[0][0] != NONE and runs[0][2] in (0, 1):
        first, count, step = runs[0]
        if step or count == 1:
            return scope.apply(Slice(axis, first, first + count), x)
    filled = any(first == NONE for first, _, _ in runs)
    return scope.apply(Take(axis, runs, float(value) if filled else 0.0), x)


def padded(
    scope: Scope, x: Value, axis: int, around: tuple[int, int], mode: str, value: float = 0.0
) -> Value:
    """Put items before and behind those of an axis; negative numbers take some away."""
    size, (before, behind) = x.shape[axis], around
    kept = range(size)
    if mode == "circular":  # what is taken away does not come in again at the other end
        kept = kept[max(0, -before) : size - max(0, -behind)]
        before, behind = max(0, before), max(0, behind)
    most = most_padding(mode, len(kept))
    if most is not None and max(around) > most:
        raise ShapeError(
            f"padding of {max(around)} is more than {mode!r} has at the borders of axis "
            f"{axis + 1} of {show(x.shape)}: at most {most}"
        )
    if before + len(kept) + behind < 1 or not kept:
        raise ShapeError(f"padding of {list(around)} leaves nothing of axis {axis + 1} of "
                         f"{show(x.shape)}")  # fmt: skip
    front, back = beyond(mode, kept, max(before, 0), max(behind, 0))
    whole = max(before, 0) + len(kept) + max(behind, 0)
    runs = part_of((front, run_of(kept), back), max(-before, 0), whole - max(-behind, 0))
    return taken(scope, x, axis, runs, value)
