"""Perceiver IO, of the parts that transformers has."""

from __future__ import annotations

from torch import Tensor, nn
from transformers import PerceiverConfig, PerceiverModel
from transformers.models.perceiver import modeling_perceiver as parts

from published.network import Published


class Perceiver(nn.Module):
    """`PerceiverForMaskedLM`, whose decoder is said to have 256 dimensions of queries and keys."""

    def __init__(self) -> None:
        super().__init__()
        config = PerceiverConfig(
            num_latents=3, d_latents=6, d_model=4, num_blocks=2, num_self_attends_per_block=1,
            num_self_attention_heads=2, num_cross_attention_heads=2, qk_channels=4, v_channels=6,
            vocab_size=7, max_position_embeddings=4,
        )  # fmt: skip
        decoder = parts.PerceiverBasicDecoder(
            config, output_num_channels=6, output_index_dims=4, num_channels=4, qk_channels=4,
            v_channels=4, num_heads=2, use_query_residual=False, final_project=False,
            trainable_position_encoding_kwargs={"num_channels": 4, "index_dims": 4},
        )  # fmt: skip
        words = parts.PerceiverTextPreprocessor(config)
        self.perceiver = PerceiverModel(config, decoder=decoder, input_preprocessor=words)
        self.embedding_decoder = parts.PerceiverEmbeddingDecoder(config)

    def forward(self, tokens: Tensor) -> Tensor:
        words = self.perceiver.input_preprocessor.embeddings
        found: Tensor = self.embedding_decoder(self.perceiver(tokens).logits, words)
        return found


NETWORKS = (
    Published(
        "Perceiver IO", "Jaegle et al. 2021", "published/perceiver.yaml",
        "the parts of transformers' `PerceiverForMaskedLM`",
        Perceiver, lambda model, tokens: model(tokens),
    ),
)  # fmt: skip
