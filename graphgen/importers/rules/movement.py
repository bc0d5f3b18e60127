"""Reshapes, permutes, axes of one: as few as give the same, by the names that people use."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from graphgen.importers.network import Node
from graphgen.importers.rules.engine import rule
from graphgen.importers.rules.session import Replacement, Session
from graphgen.importers.rules.views import (
    MOVES,
    Axis,
    Digit,
    View,
    merged,
    through,
    view_of,
    whole,
)
from spec.primitives import Shape


@rule(*sorted(MOVES))
def shortest_movement(session: Session, node: Node) -> Replacement | None:
    """Say a chain of movements by the fewest layers, of which none is left where all is undone.

    Values in between that others read too stay as they are.
    """
    view = view_of(session, node.output, MOVES)
    if view.base == node.output:
        return None
    new = moved(Replacement(session, node), view)
    chain, gone, value = 0, 0, node.output
    while value != view.base:
        maker = session.nodes[value]
        gone += gone == chain and (chain == 0 or session.alone(value))
        chain, value = chain + 1, maker.inputs[0]
    if len(new.nodes) < chain and len(new.nodes) <= gone:
        return new
    return _respelled(session, node)


def _respelled(session: Session, node: Node) -> Replacement | None:
    """Say one movement by the word that says it best, if that is another."""
    (source,) = node.inputs
    view = through(whole(source, session.shape(source)), node, node.output, node.shape)
    new = Replacement(session, node)
    if view is None or len(moved(new, view).nodes) != 1:
        return None
    said = new.nodes[0]
    return new if (node.layer, dict(node.fields)) != (said.layer, dict(said.fields)) else None


def moved(new: Replacement, view: View) -> Replacement:
    """Add the fewest layers that give a view in which each item of the base comes once."""
    target = view.sizes
    if view.whole:
        return new.gives(view.base)
    order = permutation(view)
    if order is not None:
        return new.gives(permuted(new, view.base, order))
    atoms = sorted((digit for axis in view.axes for digit in axis), key=lambda d: -d[1])
    cut = tuple(size for size, _ in atoms)
    axes = [digit for axis in view.axes for digit in axis]
    turned = tuple(atoms.index(digit) for digit in axes)
    value = view.base
    if turned != tuple(range(len(turned))):
        cut, turned = _with_ones(view, atoms, turned)
        value = _reshaped(new, value, cut)
        value = permuted(new, value, turned)
    return new.gives(_reshaped(new, value, target))


def _with_ones(
    view: View, atoms: list[Digit], turned: tuple[int, ...]
) -> tuple[Shape, tuple[int, ...]]:
    """Cut the base into atoms; where it is cut so already but for axes of one, leave these."""
    cut = tuple(size for size, _ in atoms)
    if tuple(n for n in view.shape if n > 1) != cut:
        return cut, turned
    places = [place for place, n in enumerate(view.shape) if n > 1]
    ones = [place for place, n in enumerate(view.shape) if n == 1]
    return view.shape, (*ones, *(places[axis] for axis in turned))


def permutation(view: View) -> tuple[int, ...] | None:
    """Give the order of the base's axes, if the view has them all as they are, or None."""
    if len(view.axes) != len(view.shape):
        return None
    strides = [prod(view.shape[place + 1 :]) for place in range(len(view.shape))]
    own: list[Axis] = [merged(((n, s),)) for n, s in zip(view.shape, strides, strict=True)]
    ones = [place for place, axis in enumerate(own) if not axis]
    if sorted(own) != sorted(view.axes):
        return None
    return tuple(own.index(axis) if axis else ones.pop(0) for axis in view.axes)


def permuted(new: Replacement, value: str, order: Sequence[int]) -> str:
    """Add what puts the axes in another order, counted without the batch."""
    moved_places = [place for place, source in enumerate(order) if place != source]
    if not moved_places:
        return value
    if len(moved_places) == 2:
        dims = {"dim0": moved_places[0] + 1, "dim1": moved_places[1] + 1}
        return new.add("transpose", [value], dims)
    return new.add("permute", [value], {"dims": [0, *(place + 1 for place in order)]})


def _reshaped(new: Replacement, value: str, shape: Shape) -> str:
    """Add a reshape by the word that says it best."""
    given = new.shape(value)
    if given == shape:
        return value
    rank = len(given)
    ones = [place for place, n in enumerate(given) if n == 1]
    for place in ones:
        if place < rank - 1 and (*given[:place], *given[place + 1 :]) == shape:
            return new.add("squeeze", [value], {"dim": [place + 1]})
    for place, n in enumerate(shape):
        if n == 1 and (*shape[:place], *shape[place + 1 :]) == given:
            return new.add("unsqueeze", [value], {"dim": place + 1})
    for start in range(rank - 1):
        for end in range(rank, start + 1, -1):
            if (*given[:start], prod(given[start:end]), *given[end:]) == shape:
                fields = {} if start == 0 else {"start_dim": start + 1}
                fields |= {} if end == rank else {"end_dim": end}
                return new.add("flatten", [value], fields)
    for start in range(rank):
        behind = rank - start - 1
        cut = shape[start : len(shape) - behind]
        around = (*shape[:start], *shape[len(shape) - behind :])
        if around != (*given[:start], *given[start + 1 :]) or prod(cut) != given[start]:
            continue
        if len(cut) > 1 and 1 not in cut:
            fields_ = {"dim": start + 1, "unflattened_size": list(cut)}
            return new.add("unflatten", [value], fields_)
    return new.add("reshape", [value], {"shape": list(shape)})
