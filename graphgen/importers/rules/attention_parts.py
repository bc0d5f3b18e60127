"""What attention takes up: factors of queries and keys, fixed masks, keys that heads share."""

from __future__ import annotations

import numpy as np

from graphgen.importers.network import Node
from graphgen.importers.rules.attention import ATTENTION, scale_field
from graphgen.importers.rules.engine import rule
from graphgen.importers.rules.masks import HIDDEN, Seen, fields_of, hides, over_scores, seen_of
from graphgen.importers.rules.movement import moved
from graphgen.importers.rules.numbers import AFFINE, affine_of
from graphgen.importers.rules.session import Replacement, Session
from graphgen.importers.rules.views import COPIES, MOVES, View, view_of

PASSING = MOVES | COPIES | {"rotary"}
"""Layers behind which a factor is the same as in front of them."""


@rule(ATTENTION)
def scaled_operands(session: Session, node: Node) -> Replacement | None:
    """A number that multiplies queries or keys is a factor of the scores.

    Not where others read what is multiplied.
    """
    for place in (0, 1):
        chain, value = [], node.inputs[place]
        while session.alone(value) and session.made(value, *PASSING):
            chain.append(session.nodes[value])
            value = chain[-1].inputs[0]
        if not session.alone(value) or session.made(value, *AFFINE) is None:
            continue
        base, factor, shift = affine_of(session, value)
        if shift or factor <= 0:
            continue
        new = Replacement(session, node)
        for each in reversed(chain):
            base = new.add(each.layer, [base], each.fields, scope=each.scope)
        inputs = (*node.inputs[:place], base, *node.inputs[place + 1 :])
        features = session.shape(node.inputs[0])[-1]
        scale = node.fields.get("scale")
        scale = (features**-0.5 if scale is None else scale) * factor
        fields = {k: v for k, v in node.fields.items() if k != "scale"}
        return new.gives(new.add(ATTENTION, inputs, fields | scale_field(scale, features)))
    return None


@rule(ATTENTION)
def fixed_mask(session: Session, node: Node) -> Replacement | None:
    """A fixed mask that is a band is said by the fields; one that hides nothing is left out."""
    if len(node.inputs) != 4 or node.fields.get("is_causal") or node.fields.get("sliding_window"):
        return None
    array = session.array(node.inputs[3])
    seen = None if array is None else seen_of(array)
    if seen is None:
        return None
    q, k = (session.shape(name) for name in node.inputs[:2])
    said = fields_of(over_scores(seen, len(q)), q[-2], k[-2])
    if said is None or not np.broadcast_to(seen, (*seen.shape[:-2], q[-2], k[-2])).any(-1).all():
        return None
    new = Replacement(session, node)
    return new.gives(new.add(ATTENTION, node.inputs[:3], {**node.fields, **said}))


@rule(ATTENTION)
def masked_bias(session: Session, node: Node) -> Replacement | None:
    """A bias of which a fixed mask hides a band, or nothing, is that bias and the band."""
    if len(node.inputs) != 4 or node.fields.get("is_causal") or node.fields.get("sliding_window"):
        return None
    found = unmasked(session, node.inputs[3])
    if found is None:
        return None
    bias, seen = found
    q, k = (session.shape(name) for name in node.inputs[:2])
    said = fields_of(over_scores(seen, len(q)), q[-2], k[-2])
    if said is None:
        return None
    new = Replacement(session, node)
    inputs = (*node.inputs[:3], bias)
    return new.gives(new.add(ATTENTION, inputs, {**node.fields, **said}))


def unmasked(session: Session, value: str) -> tuple[str, Seen] | None:
    """Give the bias that a fixed mask hides parts of, and what the mask leaves."""
    node = session.made(value, "where", "masked_fill", "add")
    if node is None:
        return None
    if node.layer == "where":
        condition, bias, y = node.inputs
        array, hidden = session.array(condition), session.array(y)
        if array is None or hidden is None or not (hidden <= HIDDEN).all():
            return None
        return bias, array != 0
    if node.layer == "masked_fill":
        bias, mask = node.inputs
        array = session.array(mask)
        if array is None or not hides(float(node.fields["value"])):
            return None
        return bias, array == 0
    if len(node.inputs) != 2:
        return None
    for bias, mask in (node.inputs, node.inputs[::-1]):
        array = session.array(mask)
        seen = None if array is None else seen_of(array)
        if seen is not None:
            return bias, seen
    return None


@rule(ATTENTION)
def shared_keys(session: Session, node: Node) -> Replacement | None:
    """Keys and values that are repeated for several heads are shared by them: `enable_gqa`."""
    if node.fields.get("enable_gqa") or len(node.shape) < 3:
        return None
    views = [view_of(session, name, MOVES | COPIES) for name in node.inputs[1:3]]
    bare = [_without_copies(view) for view in views]
    if bare[0] is None or bare[1] is None or bare[0][0] != bare[1][0]:
        return None
    new = Replacement(session, node)
    inputs = [node.inputs[0]]
    for _, view in (bare[0], bare[1]):
        inputs.append(moved(new, view).value)
    inputs += node.inputs[3:]
    return new.gives(new.add(ATTENTION, inputs, {**node.fields, "enable_gqa": True}))


def _without_copies(view: View) -> tuple[int, View] | None:
    """Give how often the heads on the third last axis are repeated, and the heads alone."""
    if len(view.axes) < 3:
        return None
    heads = view.axes[-3]
    if not heads or heads[-1][1] != 0:
        return None
    axes = (*view.axes[:-3], heads[:-1], *view.axes[-2:])
    if any(stride == 0 for axis in axes for _, stride in axis):
        return None
    return heads[-1][0], View(view.base, view.shape, view.offset, axes)
