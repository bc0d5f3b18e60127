"""Attention from queries, keys and values."""

from __future__ import annotations

from graphgen.importers.operators import attention
from graphgen.importers.torch.operators.registry import aten
from graphgen.importers.torch.reading import BOOLEAN, Reading, kind_of
from graphgen.importers.traced import Traced


@aten("scaled_dot_product_attention")
def attend(
    t: Reading,
    query: Traced,
    key: Traced,
    value: Traced,
    mask: Traced | None = None,
    dropout: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Traced:
    own = t.node.kwargs.get("attn_mask", t.node.args[3] if len(t.node.args) > 3 else None)
    return attention.scaled_dot_product_attention(
        t, query, key, value, mask, is_causal=is_causal, scale=scale, enable_gqa=enable_gqa,
        says_what_is_seen=own is not None and kind_of(own) == BOOLEAN,
    )  # fmt: skip
