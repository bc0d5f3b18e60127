"""Transformers of images, as transformers has them."""

from __future__ import annotations

from torch import nn
from transformers import (
    BeitConfig,
    BeitForImageClassification,
    DeiTConfig,
    DeiTForImageClassificationWithTeacher,
    Dinov2Config,
    Dinov2ForImageClassification,
    MobileViTConfig,
    MobileViTForImageClassification,
    SegformerConfig,
    SegformerForSemanticSegmentation,
)

from published.network import Published


def segformer() -> nn.Module:
    config = SegformerConfig(
        num_channels=1, depths=[1, 1, 1, 1], hidden_sizes=[2, 4, 4, 6],
        num_attention_heads=[1, 2, 2, 3], mlp_ratios=[1, 1, 1, 1], decoder_hidden_size=3,
        num_labels=2,
    )  # fmt: skip
    return SegformerForSemanticSegmentation(config)


def beit() -> nn.Module:
    config = BeitConfig(
        hidden_size=4, num_hidden_layers=2, num_attention_heads=2, intermediate_size=3,
        image_size=8, patch_size=4, num_channels=1, use_relative_position_bias=True, num_labels=2,
    )  # fmt: skip
    return BeitForImageClassification(config)


def dinov2() -> nn.Module:
    config = Dinov2Config(
        hidden_size=4, num_hidden_layers=2, num_attention_heads=2, mlp_ratio=1, image_size=8,
        patch_size=4, num_channels=1, num_labels=2,
    )  # fmt: skip
    return Dinov2ForImageClassification(config)


def deit() -> nn.Module:
    config = DeiTConfig(
        hidden_size=4, num_hidden_layers=2, num_attention_heads=2, intermediate_size=3,
        image_size=8, patch_size=4, num_channels=1, num_labels=2,
    )  # fmt: skip
    return DeiTForImageClassificationWithTeacher(config)


def mobilevit() -> nn.Module:
    config = MobileViTConfig(
        num_channels=1, image_size=64, hidden_sizes=[2, 2, 4],
        neck_hidden_sizes=[2, 2, 2, 2, 2, 2, 4], num_attention_heads=2, mlp_ratio=1.0, num_labels=2,
    )  # fmt: skip
    return MobileViTForImageClassification(config)


NETWORKS = (
    Published(
        "MobileViT", "Mehta & Rastegari 2021", "published/mobilevit.yaml",
        "transformers `MobileViTForImageClassification`",
        mobilevit, lambda model, image: model(image).logits,
    ),
    Published(
        "BEiT", "Bao et al. 2021", "published/beit.yaml",
        "transformers `BeitForImageClassification`",
        beit, lambda model, image: model(image).logits,
    ),
    Published(
        "DINOv2", "Oquab et al. 2023", "published/dinov2.yaml",
        "transformers `Dinov2ForImageClassification`",
        dinov2, lambda model, image: model(image).logits,
    ),
    Published(
        "DeiT", "Touvron et al. 2020", "published/deit.yaml",
        "transformers `DeiTForImageClassificationWithTeacher`",
        deit, lambda model, image: model(image).logits,
    ),
    Published(
        "SegFormer", "Xie et al. 2021", "published/segformer.yaml",
        "transformers `SegformerForSemanticSegmentation`",
        segformer, lambda model, image: model(image).logits,
    ),
)  # fmt: skip
