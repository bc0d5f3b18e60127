"""Attention that is spelled out: `softmax(cap(scale q k^T) + mask) v`, in any order of axes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from graphgen.importers.network import Node
from graphgen.importers.rules.engine import rule
from graphgen.importers.rules.letters import Product, product_of
from graphgen.importers.rules.masks import Seen, as_bias, fields_of, hides, over_scores, seen_of
from graphgen.importers.rules.movement import permuted
from graphgen.importers.rules.numbers import AFFINE, affine_of
from graphgen.importers.rules.session import Replacement, Session

ATTENTION = "scaled_dot_product_attention"


@dataclass(frozen=True)
class Scores:
    """What shares are made of: a product of queries and keys, and what happens to it."""

    product: Product
    scale: float = 1.0
    capped: float | None = None
    outer: float = 1.0
    seen: tuple[Seen, ...] = ()
    biases: tuple[str, ...] = field(default=())


@rule("matmul", "einsum")
def attention(session: Session, node: Node) -> Replacement | None:
    """Products of shares and values, where the shares are those of products of queries and keys.

    Not where others read the shares or the scores, where the softmax goes along another axis than
    that of the sum, or where a query sees no key.
    """
    product = product_of(session, node)
    if product is None:
        return None
    for place in (0, 1):
        shares = session.made(product.values[place], "softmax")
        if shares is None or not session.alone(shares.output):
            continue
        scores = scores_of(session, shares.inputs[0])
        if scores is not None:
            found = _attention(session, node, product, place, shares, scores)
            if found is not None:
                return found
    return None


def scores_of(session: Session, value: str) -> Scores | None:
    """Read scores back to the product of queries and keys; None where they are anything else."""
    node = session.maker(value)
    if node is None or not session.alone(value):
        return None
    if node.layer in ("matmul", "einsum"):
        product = product_of(session, node)
        return None if product is None else Scores(product)
    if node.layer in AFFINE:
        x, scale, shift = affine_of(session, value)
        inner = scores_of(session, x)
        if inner is None or scale <= 0 or inner.biases:
            return None  # a shift for all keys alike plays no part
        if inner.capped is None:
            return replace(inner, scale=inner.scale * scale) if not shift else None
        return replace(inner, outer=inner.outer * scale)
    if node.layer == "tanh":
        inner = scores_of(session, node.inputs[0])
        if inner is None or inner.capped is not None or inner.seen or inner.biases:
            return None
        return replace(inner, capped=inner.scale)
    if node.layer == "masked_fill":
        x, mask = node.inputs
        array = session.array(mask)
        if array is None or not hides(float(node.fields["value"])):
            return None
        return _masked(session, x, array == 0, node)
    if node.layer == "where":
        condition, x, y = node.inputs
        array, hidden = session.array(condition), session.array(y)
        if array is None or hidden is None or not bool(np.all(hidden <= -1e4)):
            return None
        return _masked(session, x, array != 0, node)
    if node.layer == "add" and len(node.inputs) == 2:
        for x, mask in (node.inputs, node.inputs[::-1]):
            array = session.array(mask)
            seen = None if array is None else seen_of(array)
            if seen is not None:
                return _masked(session, x, seen, node)
            inner = None if session.shape(x) != node.shape else scores_of(session, x)
            if inner is not None:
                return replace(inner, biases=(*inner.biases, mask))
    return None


def _masked(session: Session, x: str, seen: Seen, node: Node) -> Scores | None:
    inner = scores_of(session, x)
    if inner is None or session.shape(x) != node.shape:
        return None
    return replace(inner, seen=(*inner.seen, over_scores(seen, len(node.shape))))


def _attention(
    session: Session, node: Node, product: Product, place: int, shares: Node, scores: Scores
) -> Replacement | None:
    inner = scores.product
    dim = shares.fields.get("dim", -1) % (len(shares.shape) + 1) - 1
    # The letters of the shares are those of the scores.
    named = dict(zip(product.words[place], inner.output, strict=True))
    s = inner.output[dim]
    if product.summed != {product.words[place][dim]} or len(inner.summed) != 1:
        return None
    (d,) = inner.summed
    sides = [i for i in (0, 1) if s in inner.words[i] and s not in inner.words[1 - i]]
    if len(sides) != 1:
        return None
    k, q = sides[0], 1 - sides[0]
    front = [c for c in inner.output if c in inner.words[k] and c != s]
    queries = [c for c in inner.words[q] if c not in front and c != d]
    if len(queries) != 1 or any(c not in inner.words[q] for c in front):
        return None
    (t,) = queries
    values = "".join(named.get(c, "\0") for c in product.words[1 - place])
    if values.count("\0") != 1 or set(values) != {*front, s, "\0"}:
        return None
    new = Replacement(session, node)

    def ordered(value: str, word: str, order: str) -> str:
        return permuted(new, value, [word.index(c) for c in order])

    lead = "".join(front)
    operands = [
        ordered(inner.values[q], inner.words[q], lead + t + d),
        ordered(inner.values[k], inner.words[k], lead + s + d),
        ordered(product.values[1 - place], values, lead + s + "\0"),
    ]
    if not _fits(session, new, operands):
        return None
    fields = _fields(scores, new.shape(operands[0])[-1])
    turned = [inner.output.index(c) for c in lead + t + s]
    bias = _bias(session, new, scores, fields, turned, operands)
    if bias is None:
        return None
    y = new.add(ATTENTION, [*operands, *bias], fields)
    output = "".join(named.get(c, "\0") for c in product.output)
    return new.gives(ordered(y, lead + t + "\0", output))


def _fits(session: Session, new: Replacement, operands: list[str]) -> bool:
    """Whether queries, keys and values have the same axes in front."""
    q, k, v = (new.shape(x) for x in operands)
    return q[:-2] == k[:-2] == v[:-2]


def _fields(scores: Scores, features: int) -> dict[str, Any]:
    scale = scores.scale if scores.capped is None else scores.capped * scores.outer
    return scale_field(scale, features) | (
        {} if scores.capped is None else {"softcap": scores.outer}
    )


def scale_field(scale: float, features: int) -> dict[str, Any]:
    """Say a scale of scores, where it is not the one that goes without saying."""
    return {} if abs(scale * features**0.5 - 1) < 1e-6 else {"scale": scale}


def _bias(
    session: Session,
    new: Replacement,
    scores: Scores,
    fields: dict[str, Any],
    turned: list[int],
    operands: list[str],
) -> list[str] | None:
    """Say the masks in the fields, or by a bias; None where a query would see no key."""
    found: list[str] = []
    for name in scores.biases:
        shape = new.shape(name)
        if len(shape) > len(turned):
            return None
        wide = (1,) * (len(turned) - len(shape)) + shape
        if shape != wide:
            name = new.add("reshape", [name], {"shape": list(wide)})
        found.append(permuted(new, name, turned))
    queries, keys = (new.shape(x)[-2] for x in operands[:2])
    front = new.shape(operands[0])[:-2]
    seen = np.ones((1,) * len(turned), dtype=bool)
    for each in scores.seen:
        seen = seen & each.transpose(turned)
    seen = over_scores(seen, len(turned))
    if not np.broadcast_to(seen, (*front, queries, keys)).any(-1).all():
        return None
    said = fields_of(seen, queries, keys)
    if said is None:
        found.append(new.add("constant", [], {"values": as_bias(seen)}))
    fields.update(said or {})
    while len(found) > 1:
        found[:2] = [new.add("add", found[:2])]
    return found
