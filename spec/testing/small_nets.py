"""The reference networks at sizes at which their graphs can be searched through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spec.architecture import Architecture
from spec.load import load

SMALL_NETS: dict[str, dict[str, Any]] = {
    "albert": {"vocabulary": 3, "length": 2, "size": 2, "width": 4, "hidden": 3, "depth": 2},
    "bert": {"vocabulary": 3, "length": 2, "width": 4, "hidden": 3, "depth": 1, "classes": 2},
    "cnn": {"size": 4, "width": 2, "classes": 2},
    "cnn1d": {"length": 6, "width": 2, "classes": 2},
    "convnext": {"size": 4, "widths": [2, 3], "classes": 2},
    "deepsets": {"items": 3, "width": 3, "classes": 2},
    "densenet": {"size": 4, "width": 2, "growth": 2, "blocks": [1, 1], "transitions": [2],
                 "classes": 2},
    "gpt2": {"vocabulary": 3, "length": 2, "width": 4, "depth": 1},
    "llama": {"vocabulary": 3, "length": 2, "width": 4, "heads": 2, "kv_heads": 1, "hidden": 3,
              "depth": 1},
    "lora": {"length": 2, "width": 4, "hidden": 3},
    "lstm_classifier": {"vocabulary": 3, "length": 2, "width": 2, "classes": 2},
    "mixer": {"size": 4, "patch": 2, "width": 2, "tokens": 2, "hidden": 3, "classes": 2},
    "mlp": {"size": 2, "width": 4, "classes": 2},
    "mobilenet": {"size": 4, "width": 2, "last": 2, "rows": [[1, 2, 1, 1], [2, 2, 1, 2]],
                  "classes": 2},
    "p4_cnn": {"size": 3, "width": 2, "classes": 2, "depth": 1},
    "residual_cnn": {"size": 4, "width": 2, "classes": 2, "stages": 1},
    "resnet": {"size": 4, "width": 2, "classes": 2, "blocks": [1]},
    "siren": {"width": 4},
    "triplane": {"points": 2, "features": 2, "resolution": 2, "width": 3, "channels": 2},
    "unet": {"size": 4, "width": 2, "depth": 1},
    "vit": {"size": 4, "patch": 2, "width": 4, "hidden": 3, "depth": 1, "classes": 2},
}  # fmt: skip
"""The variables of each reference network that make it small."""


def small_net(name: str) -> Architecture:
    """Load a reference network at a small size."""
    path = Path(__file__).parent.parent / "nets" / f"{name}.yaml"
    return load(path, **SMALL_NETS[name])
