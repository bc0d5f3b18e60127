"""A small CNN as a description and as a module of torch, of which one may differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

import spec

TEXT = """
inputs: {image: [3, 8, 8]}
layers:
- conv2d: {out_channels: 4, kernel_size: 3, padding: 1, stride: 2}
- batch_norm: {eps: 1.0e-5}
- gelu
- max_pool2d: {kernel_size: 2, stride: 2, padding: 1}
- flatten
- linear: {out_features: 2}
"""
NET = spec.loads(TEXT)
X = np.random.default_rng(0).standard_normal((5, 3, 8, 8)).astype(np.float32)


def network(
    eps: float = 1e-5, activation: nn.Module | None = None, pad: str = "", ceil: bool = False
) -> nn.Module:
    torch.manual_seed(0)
    first = [nn.Conv2d(3, 4, 3, padding=1, stride=2)]
    if pad:
        first = [nn.Conv2d(3, 4, 3, padding=1, stride=2, padding_mode=pad)]
    made = nn.Sequential(
        *first,
        nn.BatchNorm2d(4, eps=eps),
        activation or nn.GELU(),
        nn.MaxPool2d(2, 2, 1, ceil_mode=ceil),
        nn.Flatten(),
        nn.Linear(36, 2),
    )
    return made.eval()


def arrays(module: nn.Module) -> dict[str, Any]:
    return dict(module.state_dict())
