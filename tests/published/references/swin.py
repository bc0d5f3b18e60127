"""Transformers with shifted windows, as transformers has them."""

from __future__ import annotations

from torch import nn
from transformers import SwinConfig, SwinForImageClassification

from published.network import Published


def swin() -> nn.Module:
    config = SwinConfig(
        image_size=8, patch_size=2, num_channels=1, embed_dim=4, depths=[2, 1], num_heads=[2, 2],
        window_size=2, mlp_ratio=1.0, num_labels=3,
    )  # fmt: skip
    return SwinForImageClassification(config)


NETWORKS = (
    Published(
        "Swin", "Liu et al. 2021", "published/swin.yaml",
        "transformers `SwinForImageClassification`",
        swin, lambda model, image: model(image).logits,
    ),
)  # fmt: skip
