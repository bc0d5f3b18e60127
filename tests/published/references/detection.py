"""Detection of objects, as transformers has it."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from transformers import DetrConfig, DetrForObjectDetection, ResNetConfig

from published.network import Published


def detr() -> nn.Module:
    backbone = ResNetConfig(
        num_channels=1, embedding_size=2, hidden_sizes=[4, 4, 4, 8], depths=[1, 1, 1, 1],
        layer_type="bottleneck", out_features=["stage4"],
    )  # fmt: skip
    config = DetrConfig(
        backbone_config=backbone, num_channels=1, num_queries=3, d_model=4, encoder_layers=1,
        decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=5,
        decoder_ffn_dim=5, num_labels=2,
    )  # fmt: skip
    return DetrForObjectDetection(config)


def objects(model: nn.Module, image: Tensor) -> Sequence[Tensor]:
    found = model(image)
    return found.logits, found.pred_boxes


NETWORKS = (
    Published(
        "DETR", "Carion et al. 2020", "published/detr.yaml",
        "transformers `DetrForObjectDetection`",
        detr, objects,
    ),
)  # fmt: skip
