"""Transformers of two towers, by transformers."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    MarianConfig,
    MarianMTModel,
    PreTrainedModel,
    WhisperConfig,
    WhisperForConditionalGeneration,
)

from published.network import Published


def whisper() -> WhisperForConditionalGeneration:
    config = WhisperConfig(
        vocab_size=12, num_mel_bins=3, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=5,
        decoder_ffn_dim=5, d_model=6, max_source_positions=4, max_target_positions=4,
        pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1,
    )  # fmt: skip
    return WhisperForConditionalGeneration(config)


def bart() -> BartForConditionalGeneration:
    config = BartConfig(
        vocab_size=12, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=5, decoder_ffn_dim=5, d_model=6,
        max_position_embeddings=5, forced_eos_token_id=None,
    )  # fmt: skip
    return with_last_bias(BartForConditionalGeneration(config))


def marian() -> MarianMTModel:
    config = MarianConfig(
        vocab_size=12, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=5, decoder_ffn_dim=5, d_model=6,
        max_position_embeddings=5, activation_function="swish", scale_embedding=True,
        pad_token_id=0, eos_token_id=1, decoder_start_token_id=0, forced_eos_token_id=None,
    )  # fmt: skip
    return with_last_bias(MarianMTModel(config))


def with_last_bias(model: PreTrainedModel) -> PreTrainedModel:
    """Fill the buffer that is added to the logits, which begins as zeros."""
    model.final_logits_bias.copy_(torch.linspace(-1, 1, 12))
    return model


def of_features(model: PreTrainedModel, features: Tensor, answer: Tensor) -> Tensor:
    return model(input_features=features, decoder_input_ids=answer).logits  # type: ignore[no-any-return]


def of_tokens(model: PreTrainedModel, ids: Tensor, answer: Tensor) -> Tensor:
    return model(input_ids=ids, decoder_input_ids=answer).logits  # type: ignore[no-any-return]


NETWORKS = (
    Published(
        "Whisper", "Radford et al. 2022", "published/whisper.yaml",
        "transformers `WhisperForConditionalGeneration`", whisper, of_features,
    ),
    Published(
        "BART", "Lewis et al. 2020", "published/bart.yaml",
        "transformers `BartForConditionalGeneration`", bart, of_tokens,
    ),
    Published(
        "Marian", "Junczys-Dowmunt et al. 2018", "published/marian.yaml",
        "transformers `MarianMTModel`", marian, of_tokens,
    ),
)  # fmt: skip
