"""CLIP, as transformers has it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPModel

from published.network import Array, Published
from spec import Architecture

LAST = 19
"""The end-of-text token: the one with the largest index."""


def clip() -> nn.Module:
    return CLIPModel(
        CLIPConfig(
            text_config={
                "vocab_size": LAST + 1, "hidden_size": 4, "intermediate_size": 5,
                "num_hidden_layers": 2, "num_attention_heads": 2, "max_position_embeddings": 5,
                "bos_token_id": 0, "pad_token_id": 1, "eos_token_id": LAST,
            },
            vision_config={
                "hidden_size": 6, "intermediate_size": 7, "num_hidden_layers": 1, "image_size": 4,
                "num_attention_heads": 2, "patch_size": 2, "num_channels": 1,
            },
            projection_dim=3,
        )
    )  # fmt: skip


def logits(model: nn.Module, texts: Tensor, images: Tensor) -> Tensor:
    """Give the logits of each sample's image and texts."""
    pairs = zip(texts, images[:, None], strict=True)
    return torch.cat([model(input_ids=t, pixel_values=i).logits_per_image for t, i in pairs])


def texts_and_image(net: Architecture, rng: np.random.Generator) -> Sequence[Array]:
    texts = rng.integers(0, LAST, (2, *net.inputs["texts"]))
    ends = rng.integers(1, texts.shape[-1], (*texts.shape[:-1], 1))
    np.put_along_axis(texts, ends, LAST, -1)
    return texts, rng.standard_normal((2, *net.inputs["image"]))


NETWORKS = (
    Published(
        "CLIP", "Radford et al. 2021", "published/clip.yaml", "transformers `CLIPModel`",
        clip, logits, inputs=texts_and_image,
    ),
)  # fmt: skip
