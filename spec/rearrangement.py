"""How the axes of a stored tensor become those of the architecture's: `h w i o -> o i h w`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import prod

from spec.errors import quoted
from spec.primitives import Shape, ShapeError
from spec.records import record

ARROW = "->"
MAX_AXES = 16
_TOKEN = re.compile(r"\s*(?:([A-Za-z_][A-Za-z0-9_]*)|(1)|([()])|(\S))")
Groups = tuple[tuple[str, ...], ...]


@record(frozen=True)
class Rearrangement:
    """A change of axes by name, as in einops: each axis stands once on either side.

    Axes in parentheses lie in one axis, the first of them slowest; `1` is an axis of size one.
    `sizes` has the size of each name. It moves every scalar to a place of its own, so it can be
    undone.
    """

    text: str
    stored: Groups
    own: Groups
    sizes: tuple[tuple[str, int], ...]

    @property
    def stored_shape(self) -> Shape:
        """The shape as it is stored."""
        return self._shape(self.stored)

    @property
    def own_shape(self) -> Shape:
        """The shape that the architecture has."""
        return self._shape(self.own)

    @property
    def order(self) -> tuple[int, ...]:
        """The place among the stored names of each name of the architecture's side."""
        stored = [name for group in self.stored for name in group]
        return tuple(stored.index(name) for group in self.own for name in group)

    @property
    def crosses(self) -> bool:
        """Whether axes change places: not where each scalar stays in its row, as in packed heads.

        >>> rearrangement("(h k) w -> (k h) w", (6, 4), {"h": 2}).crosses
        False
        """
        sizes = dict(self.sizes)
        stored, own = (
            [kept for group in side if (kept := {name for name in group if sizes[name] > 1})]
            for side in (self.stored, self.own)
        )
        return stored != own and self.order != tuple(sorted(self.order))

    def _shape(self, groups: Groups) -> Shape:
        sizes = dict(self.sizes)
        return tuple(prod(sizes[name] for name in group) for group in groups)


def rearrangement(text: str, own_shape: Shape, sizes: Mapping[str, int]) -> Rearrangement:
    """Read a change of axes for a tensor of the architecture; `ShapeError` if it does not fit.

    >>> rearrangement("h w i o -> o i h w", (8, 3, 5, 7), {}).stored_shape
    (5, 7, 3, 8)
    """
    stored, own = _sides(text)
    left, right = ([name for group in side for name in group] for side in (stored, own))
    for side in (left, right):
        for name in side:
            if side.count(name) > 1:
                raise ShapeError(f"{quoted(text)} names the axis {quoted(name)} twice on one side")
    if {*left} != {*right}:
        odd = sorted({*left} ^ {*right})[0]
        raise ShapeError(f"{quoted(text)} has the axis {quoted(odd)} on one side alone")
    if len(left) > MAX_AXES:
        raise ShapeError(f"{quoted(text)} names more than {MAX_AXES} axes")
    for name in sizes:
        if name not in left:
            raise ShapeError(f"`sizes` has {quoted(name)}, which {quoted(text)} does not name")
    if len(own) != len(own_shape):
        raise ShapeError(
            f"{quoted(text)} gives {len(own)} axes, but the tensor is {list(own_shape)}"
        )
    known = dict(sizes)
    for group, size in zip(own, own_shape, strict=True):
        unknown = [name for name in group if name not in known]
        rest = prod(known[name] for name in group if name in known)
        if len(unknown) > 1:
            raise ShapeError(f"give the size of {quoted(unknown[0])} in `sizes`")
        if unknown:
            known[unknown[0]] = size // rest
        if prod(known[name] for name in group) != size:
            inside = " ".join(group) or "1"
            raise ShapeError(
                f"{quoted(text)}: {quoted(inside)} does not make {size}, the axis's size"
            )
    return Rearrangement(text, stored, own, tuple((name, known[name]) for name in left))


def _sides(text: str) -> tuple[Groups, Groups]:
    parts = text.split(ARROW)
    if len(parts) != 2:
        raise ShapeError(
            f"expected the stored axes, an arrow, and the architecture's, such as 'i o -> o i'; "
            f"got {quoted(text)}"
        )
    return _groups(parts[0], text), _groups(parts[1], text)


def _groups(side: str, text: str) -> Groups:
    groups: list[tuple[str, ...]] = []
    inside: list[str] | None = None
    for name, _, bracket, other in _TOKEN.findall(side.rstrip()):
        if other or ((bracket == "(") == (inside is not None) and bracket):
            raise ShapeError(f"{quoted(text)} is no list of axes: names, 1, and parentheses")
        if bracket == "(":
            inside = []
        elif bracket == ")":
            groups.append(tuple(inside or ()))
            inside = None
        elif inside is not None:
            inside += [name] if name else []
        else:
            groups.append((name,) if name else ())
    if inside is not None:
        raise ShapeError(f"{quoted(text)} has a parenthesis that is not closed")
    return tuple(groups)
