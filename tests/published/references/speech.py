"""Networks of speech, by transformers."""

from __future__ import annotations

import torch
from transformers import (
    SpeechT5HifiGan,
    SpeechT5HifiGanConfig,
    Wav2Vec2Config,
    Wav2Vec2ConformerConfig,
    Wav2Vec2ConformerForCTC,
    Wav2Vec2ForCTC,
)

from published.network import Published


def wav2vec2() -> Wav2Vec2ForCTC:
    config = Wav2Vec2Config(
        vocab_size=5, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=6, conv_dim=(4, 4, 4), conv_kernel=(4, 3, 2), conv_stride=(2, 2, 2),
        num_feat_extract_layers=3, num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2,
    )  # fmt: skip
    return Wav2Vec2ForCTC(config)


def conformer() -> Wav2Vec2ConformerForCTC:
    config = Wav2Vec2ConformerConfig(
        vocab_size=5, hidden_size=4, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=5, conv_dim=(4, 4), conv_kernel=(4, 3), conv_stride=(2, 2),
        num_feat_extract_layers=2, feat_extract_norm="layer", conv_bias=True,
        num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2, conv_depthwise_kernel_size=3,
        position_embeddings_type="relative", max_source_positions=8, hidden_act="swish",
    )  # fmt: skip
    return Wav2Vec2ConformerForCTC(config)


def hifigan() -> SpeechT5HifiGan:
    config = SpeechT5HifiGanConfig(
        model_in_dim=3, upsample_initial_channel=8, upsample_rates=[2, 2],
        upsample_kernel_sizes=[4, 4], resblock_kernel_sizes=[3, 5],
        resblock_dilation_sizes=[[1, 3], [1, 3]],
    )  # fmt: skip
    model = SpeechT5HifiGan(config)
    model.mean.copy_(torch.tensor([0.3, -0.2, 0.1]))
    model.scale.copy_(torch.tensor([0.8, 1.1, 1.3]))
    return model


NETWORKS = (
    Published(
        "wav2vec 2.0", "Baevski et al. 2020", "published/wav2vec2.yaml",
        "transformers `Wav2Vec2ForCTC`", wav2vec2, lambda model, wave: model(wave).logits,
    ),
    Published(
        "Conformer", "Gulati et al. 2020", "published/conformer.yaml",
        "transformers `Wav2Vec2ConformerForCTC`", conformer, lambda model, wave: model(wave).logits,
        tolerance=1e-5,
    ),
    Published(
        "HiFi-GAN", "Kong et al. 2020", "published/hifigan.yaml", "transformers `SpeechT5HifiGan`",
        hifigan, lambda model, spectrogram: model(spectrogram),
    ),
)  # fmt: skip
