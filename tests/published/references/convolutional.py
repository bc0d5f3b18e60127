"""Convolutional networks, as transformers has them."""

from __future__ import annotations

from torch import nn
from transformers import (
    ConvNextV2Config,
    ConvNextV2ForImageClassification,
    EfficientNetConfig,
    EfficientNetForImageClassification,
    PoolFormerConfig,
    PoolFormerForImageClassification,
    RegNetConfig,
    RegNetForImageClassification,
)

from published.network import Published


def convnextv2() -> nn.Module:
    config = ConvNextV2Config(
        num_channels=1, patch_size=2, hidden_sizes=[2, 3], depths=[2, 1], num_stages=2, num_labels=2
    )
    return ConvNextV2ForImageClassification(config)


def efficientnet() -> nn.Module:
    """Widths are 1/128 of those below, and even; the second block's image has an odd size."""
    config = EfficientNetConfig(
        num_channels=1, image_size=10, width_coefficient=1 / 128, depth_coefficient=1.0,
        depth_divisor=2, kernel_sizes=[3, 5], in_channels=[32, 512], out_channels=[512, 768],
        depthwise_padding=[1], strides=[1, 2], num_block_repeats=[1, 2], expand_ratios=[1, 2],
        squeeze_expansion_ratio=0.5, hidden_dim=10, num_labels=2,
    )  # fmt: skip
    return EfficientNetForImageClassification(config)


def regnet() -> nn.Module:
    config = RegNetConfig(
        num_channels=1, embedding_size=4, hidden_sizes=[4, 4, 4, 6], depths=[1, 1, 1, 2],
        groups_width=2, layer_type="y", num_labels=2,
    )  # fmt: skip
    return RegNetForImageClassification(config)


def poolformer() -> nn.Module:
    config = PoolFormerConfig(
        num_channels=1, hidden_sizes=[2, 3, 3, 4], depths=[1, 1, 1, 1], mlp_ratio=1.0, num_labels=2
    )
    return PoolFormerForImageClassification(config)


NETWORKS = (
    Published(
        "RegNetY", "Radosavovic et al. 2020", "published/regnet.yaml",
        "transformers `RegNetForImageClassification`",
        regnet, lambda model, image: model(image).logits,
    ),
    Published(
        "PoolFormer", "Yu et al. 2022", "published/poolformer.yaml",
        "transformers `PoolFormerForImageClassification`",
        poolformer, lambda model, image: model(image).logits,
    ),
    Published(
        "ConvNeXt V2", "Woo et al. 2023", "published/convnextv2.yaml",
        "transformers `ConvNextV2ForImageClassification`",
        convnextv2, lambda model, image: model(image).logits,
    ),
    Published(
        "EfficientNet", "Tan & Le 2019", "published/efficientnet.yaml",
        "transformers `EfficientNetForImageClassification`",
        efficientnet, lambda model, image: model(image).logits,
    ),
)  # fmt: skip
