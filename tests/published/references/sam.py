"""Segment Anything, as transformers has it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from transformers import (
    SamConfig,
    SamMaskDecoderConfig,
    SamModel,
    SamPromptEncoderConfig,
    SamVisionConfig,
)

from published.network import Array, Published
from spec import Architecture


def sam() -> nn.Module:
    vision = SamVisionConfig(
        hidden_size=4, output_channels=8, num_hidden_layers=2, num_attention_heads=2,
        num_channels=1, image_size=8, patch_size=4, window_size=3, global_attn_indexes=[1],
        num_pos_feats=4, mlp_dim=3,
    )  # fmt: skip
    prompts = SamPromptEncoderConfig(
        hidden_size=8, image_size=8, patch_size=4, mask_input_channels=4
    )
    decoder = SamMaskDecoderConfig(
        hidden_size=8, mlp_dim=3, num_hidden_layers=2, num_attention_heads=2,
        num_multimask_outputs=1, iou_head_hidden_dim=3,
    )  # fmt: skip
    return SamModel(
        SamConfig(vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder)
    )


def masks(
    model: nn.Module, image: Tensor, points: Tensor, labels: Tensor, box: Tensor, mask: Tensor
) -> Sequence[Tensor]:
    """Give the one mask for the prompt as a whole, and the others for its parts."""
    found = [
        model(
            pixel_values=image, input_points=points[:, None], input_labels=labels[:, None].long(),
            input_boxes=box[:, None], input_masks=mask, multimask_output=several,
        )
        for several in (False, True)
    ]  # fmt: skip
    return (
        torch.cat([one.pred_masks for one in found], 2).squeeze(1),
        torch.cat([one.iou_scores for one in found], 2).squeeze(1),
    )


def prompts(net: Architecture, rng: np.random.Generator) -> Sequence[Array]:
    image, mask = (rng.standard_normal((2, *net.inputs[name])) for name in ("image", "mask"))
    points, box = (rng.uniform(0, 8, (2, *net.inputs[name])) for name in ("points", "box"))
    return image, points, np.array([[1.0], [0.0]]), box, mask


NETWORKS = (
    Published(
        "Segment Anything", "Kirillov et al. 2023", "published/sam.yaml", "transformers `SamModel`",
        sam, masks, inputs=prompts,
    ),
)  # fmt: skip
