"""Networks of speech, by transformers."""

from __future__ import annotations

from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

from published.network import Published


def wav2vec2() -> Wav2Vec2ForCTC:
    config = Wav2Vec2Config(
        vocab_size=5, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=6, conv_dim=(4, 4, 4), conv_kernel=(4, 3, 2), conv_stride=(2, 2, 2),
        num_feat_extract_layers=3, num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2,
    )  # fmt: skip
    return Wav2Vec2ForCTC(config)


NETWORKS = (
    Published(
        "wav2vec 2.0", "Baevski et al. 2020", "published/wav2vec2.yaml",
        "transformers `Wav2Vec2ForCTC`", wav2vec2, lambda model, wave: model(wave).logits,
    ),
)  # fmt: skip
