"""T5 of both versions, by transformers."""

from __future__ import annotations

from functools import partial

from torch import Tensor
from transformers import T5Config, T5ForConditionalGeneration

from published.network import Published


def t5(gated: bool = False) -> T5ForConditionalGeneration:
    config = T5Config(
        vocab_size=12, d_model=6, d_kv=2, d_ff=5, num_layers=2, num_heads=2,
        relative_attention_num_buckets=4, relative_attention_max_distance=3,
        feed_forward_proj="gated-gelu" if gated else "relu", tie_word_embeddings=not gated,
        decoder_start_token_id=0,
    )  # fmt: skip
    return T5ForConditionalGeneration(config)


def logits(model: T5ForConditionalGeneration, ids: Tensor, answer: Tensor) -> Tensor:
    return model(input_ids=ids, decoder_input_ids=answer).logits  # type: ignore[no-any-return]


NETWORKS = (
    Published(
        "T5", "Raffel et al. 2020", "published/t5.yaml",
        "transformers `T5ForConditionalGeneration`", t5, logits, tolerance=1e-5,
    ),
    Published(
        "T5 v1.1", "Raffel et al. 2020; Shazeer 2020", "published/t5.yaml",
        "transformers `T5ForConditionalGeneration`", partial(t5, gated=True), logits,
        variables={"gated": True}, tolerance=1e-5,
    ),
)  # fmt: skip
