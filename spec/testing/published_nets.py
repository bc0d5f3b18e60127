"""The reference networks at the sizes of their papers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spec.architecture import Architecture
from spec.load import load

IMAGENET = {"channels": 3, "size": 224, "classes": 1000}

PUBLISHED_NETS: dict[str, dict[str, Any]] = {
    "bert": {"vocabulary": 30522, "length": 512, "width": 768, "heads": 12, "hidden": 3072,
             "depth": 12},
    "cnn": {"channels": 3, "size": 32, "width": 64, "depth": 4},
    "cnn1d": {"channels": 12, "length": 1000, "width": 64, "depth": 4},
    "convnext": {**IMAGENET, "patch": 4, "widths": [96, 192, 384, 768], "blocks": [3, 3, 9, 3]},
    "deepsets": {"items": 1000, "features": 3, "classes": 40, "width": 256, "depth": 3},
    "densenet": {**IMAGENET, "width": 64, "growth": 32, "blocks": [6, 12, 24, 16],
                 "transitions": [128, 256, 512], "imagenet": True},
    "gpt2": {"vocabulary": 50257, "length": 1024, "width": 768, "heads": 12, "depth": 12},
    "llama": {"vocabulary": 128256, "length": 8192, "width": 4096, "heads": 32, "kv_heads": 8,
              "hidden": 14336, "depth": 32, "base": 500000},
    "lora": {"length": 512, "width": 768, "heads": 12, "hidden": 3072, "rank": 8},
    "lstm_classifier": {"vocabulary": 30000, "length": 400, "width": 512},
    "mixer": {**IMAGENET, "patch": 16, "width": 768, "tokens": 384, "hidden": 3072, "depth": 12},
    "mlp": {"size": 28, "width": 512, "depth": 3},
    "mobilenet": {**IMAGENET, "width": 32, "last": 1280,
                  "rows": [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2],
                           [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1]]},
    "p4_cnn": {"size": 28, "width": 10, "depth": 7},
    "residual_cnn": {"channels": 3, "size": 32, "width": 64, "stages": 4, "blocks": 2},
    "resnet": {**IMAGENET, "width": 64, "blocks": [2, 2, 2, 2], "imagenet": True},
    "siren": {"dimensions": 2, "channels": 1, "width": 256, "depth": 3},
    "triplane": {"features": 32, "resolution": 256, "width": 64, "depth": 1},
    "unet": {"size": 512, "width": 64, "depth": 4},
    "vit": {**IMAGENET, "patch": 16, "width": 768, "heads": 12, "hidden": 3072, "depth": 12},
}  # fmt: skip
"""The variables of each network; those without a paper have sizes that are usual."""


def published_net(name: str) -> Architecture:
    """Load a reference network at its published size."""
    return load(Path(__file__).parents[1] / "nets" / f"{name}.yaml", **PUBLISHED_NETS[name])
