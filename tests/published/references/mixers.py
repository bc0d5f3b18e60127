"""Perceptrons that mix tokens, restated, with the names of timm."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from published.network import Published


class MLP(nn.Module):
    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(nn.functional.gelu(self.fc1(x)))


class Affine(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1, 1, width))
        self.beta = nn.Parameter(torch.zeros(1, 1, width))

    def forward(self, x: Tensor) -> Tensor:
        return self.alpha * x + self.beta


class MixerBlock(nn.Module):
    def __init__(self, width: int, tokens: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(width, eps=1e-6) for _ in range(2))
        self.mlp_tokens, self.mlp_channels = MLP(tokens, 3), MLP(width, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.mlp_tokens(self.norm1(x).mT).mT
        return x + self.mlp_channels(self.norm2(x))


class ResMLPBlock(nn.Module):
    def __init__(self, width: int, tokens: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = Affine(width), Affine(width)
        self.linear_tokens, self.mlp_channels = nn.Linear(tokens, tokens), MLP(width, 5)
        self.ls1, self.ls2 = (nn.Parameter(torch.ones(width)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.ls1 * self.linear_tokens(self.norm1(x).mT).mT
        return x + self.ls2 * self.mlp_channels(self.norm2(x))


class Mixer(nn.Module):
    """Patches, blocks, and the mean over tokens."""

    def __init__(self, block: type[nn.Module], norm: nn.Module, width: int) -> None:
        super().__init__()
        self.stem = nn.Module()
        self.stem.proj = nn.Conv2d(1, width, 2, 2)
        self.blocks = nn.Sequential(*(block(width, 4) for _ in range(2)))
        self.norm, self.head = norm, nn.Linear(width, 3)

    def forward(self, image: Tensor) -> Tensor:
        tokens = self.stem.proj(image).flatten(2).mT
        return self.head(self.norm(self.blocks(tokens)).mean(1))


NETWORKS = (
    Published(
        "MLP-Mixer", "Tolstikhin et al. 2021", "published/mlp_mixer.yaml", "restated",
        lambda: Mixer(MixerBlock, nn.LayerNorm(4, eps=1e-6), 4), Mixer.__call__,
    ),
    Published(
        "ResMLP", "Touvron et al. 2021", "published/resmlp.yaml", "restated",
        lambda: Mixer(ResMLPBlock, Affine(4), 4), Mixer.__call__,
    ),
)  # fmt: skip
