"""Encoders in the line of BERT, by transformers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor
from transformers import (
    DebertaConfig,
    DebertaForSequenceClassification,
    DistilBertConfig,
    DistilBertForMaskedLM,
    ElectraConfig,
    ElectraForPreTraining,
    ModernBertConfig,
    ModernBertForMaskedLM,
    PreTrainedModel,
    RobertaConfig,
    RobertaForMaskedLM,
    SqueezeBertConfig,
    SqueezeBertForSequenceClassification,
    XLMConfig,
    XLMWithLMHeadModel,
    XLNetConfig,
    XLNetLMHeadModel,
)

import spec
from graphgen.testing import random_inputs
from published.network import Array, Published


def roberta() -> RobertaForMaskedLM:
    config = RobertaConfig(
        vocab_size=12, hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=6, max_position_embeddings=7, type_vocab_size=1, layer_norm_eps=1e-5,
    )  # fmt: skip
    return RobertaForMaskedLM(config)


def distilbert() -> DistilBertForMaskedLM:
    config = DistilBertConfig(
        vocab_size=12, dim=8, n_layers=2, n_heads=2, hidden_dim=6, max_position_embeddings=5
    )
    return DistilBertForMaskedLM(config)


def electra() -> ElectraForPreTraining:
    config = ElectraConfig(
        vocab_size=12, hidden_size=8, embedding_size=4, num_hidden_layers=2,
        num_attention_heads=2, intermediate_size=6, max_position_embeddings=5,
    )  # fmt: skip
    return ElectraForPreTraining(config)


def deberta() -> DebertaForSequenceClassification:
    config = DebertaConfig(
        vocab_size=12, hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=6, max_position_embeddings=4, relative_attention=True,
        pos_att_type=["c2p", "p2c"], position_biased_input=False, type_vocab_size=0,
        pooler_hidden_size=8, num_labels=3,
    )  # fmt: skip
    return DebertaForSequenceClassification(config)


def modernbert() -> ModernBertForMaskedLM:
    config = ModernBertConfig(
        vocab_size=12, hidden_size=8, intermediate_size=4, num_hidden_layers=3,
        num_attention_heads=2, max_position_embeddings=5, local_attention=2, pad_token_id=0,
        bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2,
    )  # fmt: skip
    return ModernBertForMaskedLM(config)


def squeezebert() -> SqueezeBertForSequenceClassification:
    config = SqueezeBertConfig(
        vocab_size=12, hidden_size=8, embedding_size=8, num_hidden_layers=2,
        num_attention_heads=4, intermediate_size=6, max_position_embeddings=5, q_groups=2,
        k_groups=2, v_groups=2, intermediate_groups=2, output_groups=2, num_labels=3,
    )  # fmt: skip
    return SqueezeBertForSequenceClassification(config)


def xlm() -> XLMWithLMHeadModel:
    config = XLMConfig(
        vocab_size=12, emb_dim=4, n_layers=2, n_heads=2, max_position_embeddings=5, n_langs=2
    )
    return XLMWithLMHeadModel(config)


def xlnet() -> XLNetLMHeadModel:
    config = XLNetConfig(vocab_size=12, d_model=8, n_layer=2, n_head=2, d_inner=6)
    return XLNetLMHeadModel(config)


def logits(model: PreTrainedModel, ids: Tensor) -> Tensor:
    return model(ids).logits  # type: ignore[no-any-return]


def of_types(model: PreTrainedModel, ids: Tensor, types: Tensor) -> Tensor:
    return model(ids, token_type_ids=types).logits  # type: ignore[no-any-return]


def of_segments(model: PreTrainedModel, ids: Tensor, segments: Tensor) -> Tensor:
    return model(ids, token_type_ids=segments.long(), use_mems=False).logits  # type: ignore[no-any-return]


def two_segments(net: spec.Architecture, rng: np.random.Generator) -> Sequence[Array]:
    """Draw the words, and numbers of their segments."""
    ids, segments = random_inputs(net, rng)
    return [ids, (segments > 0).astype(np.float64)]


def of_languages(model: PreTrainedModel, ids: Tensor, languages: Tensor) -> Tensor:
    return model(ids, langs=languages).logits  # type: ignore[no-any-return]


def without_padding(net: spec.Architecture, rng: np.random.Generator) -> Sequence[Array]:
    """Draw inputs whose tokens are not the one that stands for padding."""
    ids, *others = random_inputs(net, rng)
    return [3 + ids % 9, *others]


NETWORKS = (
    Published(
        "RoBERTa", "Liu et al. 2019", "published/roberta.yaml",
        "transformers `RobertaForMaskedLM`", roberta, logits, inputs=without_padding,
    ),
    Published(
        "DistilBERT", "Sanh et al. 2019", "published/distilbert.yaml",
        "transformers `DistilBertForMaskedLM`", distilbert, logits,
    ),
    Published(
        "ELECTRA", "Clark et al. 2020", "published/electra.yaml",
        "transformers `ElectraForPreTraining`", electra, of_types,
    ),
    Published(
        "SqueezeBERT", "Iandola et al. 2020", "published/squeezebert.yaml",
        "transformers `SqueezeBertForSequenceClassification`", squeezebert, of_types,
    ),
    Published(
        "DeBERTa", "He et al. 2021", "published/deberta.yaml",
        "transformers `DebertaForSequenceClassification`", deberta, logits, tolerance=1e-5,
    ),
    Published(
        "ModernBERT", "Warner et al. 2024", "published/modernbert.yaml",
        "transformers `ModernBertForMaskedLM`", modernbert, logits, tolerance=1e-5,
    ),
    Published(
        "XLM", "Conneau & Lample 2019", "published/xlm.yaml",
        "transformers `XLMWithLMHeadModel`", xlm, of_languages, inputs=without_padding,
        tolerance=1e-5,
    ),
    Published(
        "XLNet", "Yang et al. 2019", "published/xlnet.yaml", "transformers `XLNetLMHeadModel`",
        xlnet, of_segments, inputs=two_segments, tolerance=1e-5,
    ),
)  # fmt: skip
