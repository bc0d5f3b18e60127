"""Networks with gates and couplings, restated, with the names of public code."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from published.network import Published


class SpatialGate(nn.Module):
    def __init__(self, width: int, tokens: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.proj = nn.Linear(tokens, tokens)

    def forward(self, x: Tensor) -> Tensor:
        u, v = x.chunk(2, -1)
        return u * self.proj(self.norm(v).mT).mT


class GatedBlock(nn.Module):
    def __init__(self, width: int, hidden: int, tokens: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.mlp_channels = nn.Module()
        self.mlp_channels.fc1 = nn.Linear(width, hidden)
        self.mlp_channels.gate = SpatialGate(hidden // 2, tokens)
        self.mlp_channels.fc2 = nn.Linear(hidden // 2, width)

    def forward(self, x: Tensor) -> Tensor:
        parts = self.mlp_channels
        return x + parts.fc2(parts.gate(nn.functional.gelu(parts.fc1(self.norm(x)))))


class GMLP(nn.Module):
    def __init__(self, width: int, hidden: int, depth: int) -> None:
        super().__init__()
        self.stem = nn.Module()
        self.stem.proj = nn.Conv2d(1, width, 2, 2)
        self.blocks = nn.Sequential(*(GatedBlock(width, hidden, 4) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, 3)

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.norm(self.blocks(self.stem.proj(image).flatten(2).mT)).mean(1))


class HighwayLayer(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.transform = nn.Linear(width, width)
        self.gate = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        share = self.gate(x).sigmoid()
        return share * self.transform(x).relu() + (1 - share) * x


class Highway(nn.Module):
    def __init__(self, pixels: int, width: int, depth: int, classes: int) -> None:
        super().__init__()
        self.input = nn.Linear(pixels, width)
        self.layers = nn.Sequential(*(HighwayLayer(width) for _ in range(depth)))
        self.output = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.layers(self.input(x).relu())).log_softmax(-1)


class RealNVP(nn.Module):
    """Points become latent values; the scales sum to the logarithm of the determinant."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.register_buffer("mask", torch.tensor([[0.0, 1.0], [1.0, 0.0]] * depth)[:depth])
        self.s = nn.ModuleList(nn.Sequential(*net(width), nn.Tanh()) for _ in range(depth))
        self.t = nn.ModuleList(nn.Sequential(*net(width)) for _ in range(depth))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        logarithm = x.new_zeros(len(x))
        for i in reversed(range(len(self.s))):
            kept = self.mask[i]
            known = kept * x
            scale, shift = (1 - kept) * self.s[i](known), (1 - kept) * self.t[i](known)
            x = (1 - kept) * (x - shift) * torch.exp(-scale) + known
            logarithm = logarithm - scale.sum(1)
        return x, logarithm


def net(width: int) -> list[nn.Module]:
    return [
        nn.Linear(2, width), nn.LeakyReLU(), nn.Linear(width, width), nn.LeakyReLU(),
        nn.Linear(width, 2),
    ]  # fmt: skip


NETWORKS = (
    Published(
        "gMLP", "Liu et al. 2021", "published/gmlp.yaml", "restated",
        lambda: GMLP(4, 10, 2), GMLP.__call__,
    ),
    Published(
        "Highway network", "Srivastava et al. 2015", "published/highway.yaml", "restated",
        lambda: Highway(5, 6, 3, 3), Highway.__call__,
    ),
    Published(
        "RealNVP", "Dinh et al. 2017", "published/realnvp.yaml", "restated",
        lambda: RealNVP(4, 3), RealNVP.__call__,
    ),
)  # fmt: skip
