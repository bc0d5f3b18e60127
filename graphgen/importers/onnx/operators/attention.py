"""Attention as an operator of its own."""

from __future__ import annotations

from typing import Any

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.operators import shapes
from graphgen.importers.operators.attention import scaled_dot_product_attention
from graphgen.importers.traced import Traced, Value


@onnx("Attention")
def attention(node: Node) -> Any:
    """Attend from queries, keys and values of three or four axes.

    What is said otherwise is read by the operator's own definition.
    """
    t = node.tracer
    known = {"is_causal", "kv_num_heads", "q_num_heads", "scale", "softcap", "softmax_precision"}
    plain = (
        known.issuperset(node.attributes)
        and not any(node.has(place) for place in (4, 5, 6))
        and not any(node.wants(place) for place in (1, 2, 3))
        and not node.attribute("softcap", 0.0)
        and not (node.has(3) and node.attribute("is_causal", 0))
        # Where no key is seen the operator gives 0, and a softmax over nothing no number.
        and not (node.has(3) and node.kind(3) == "b" and isinstance(node[3], Value))
    )
    if not plain:
        return NotImplemented
    parts = [node[place] for place in range(3)]
    flat = len(parts[0].shape) == 3
    if flat:
        counts = [node.attribute("q_num_heads"), *[node.attribute("kv_num_heads")] * 2]
        parts = [split_heads(node, x, heads) for x, heads in zip(parts, counts, strict=True)]
    queries, keys = parts[0].shape[1], parts[1].shape[1]
    found = scaled_dot_product_attention(
        t,
        parts[0],
        parts[1],
        parts[2],
        node.optional(3),
        is_causal=bool(node.attribute("is_causal", 0)),
        scale=node.attribute("scale"),
        enable_gqa=queries != keys,
    )
    return join_heads(node, found) if flat else found


def split_heads(node: Node, x: Traced, heads: int) -> Traced:
    """Give `[N, tokens, heads * features]` as `[N, heads, tokens, features]`."""
    samples, tokens, width = x.shape
    cut = shapes.reshape(node.tracer, x, (samples, tokens, heads, width // heads))
    return shapes.transpose(node.tracer, cut, 1, 2)


def join_heads(node: Node, x: Traced) -> Traced:
    """Undo `split_heads`."""
    samples, heads, tokens, features = x.shape
    turned = shapes.transpose(node.tracer, x, 1, 2)
    return shapes.reshape(node.tracer, turned, (samples, tokens, heads * features))
