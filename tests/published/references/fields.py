"""Fields of coordinates, restated after papers, with the names of their code."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from published.network import Published


def encoded(x: Tensor, frequencies: int) -> Tensor:
    """Encode positions: the value, and sine and cosine of its doublings."""
    turned = [
        function(x * 2.0**i) for i in range(frequencies) for function in (torch.sin, torch.cos)
    ]
    return torch.cat([x, *turned], -1)


class NeRF(nn.Module):
    """Eight layers of positions in the original, and one that sees the direction."""

    def __init__(self, depth: int, width: int, skip: int, frequencies: tuple[int, int]) -> None:
        super().__init__()
        self.skip, self.frequencies = skip, frequencies
        positions, views = (3 + 6 * count for count in frequencies)
        widths = [positions] + [width + positions * (i == skip) for i in range(depth - 1)]
        self.pts_linears = nn.ModuleList(nn.Linear(size, width) for size in widths)
        self.views_linears = nn.ModuleList([nn.Linear(views + width, width // 2)])
        self.feature_linear = nn.Linear(width, width)
        self.alpha_linear = nn.Linear(width, 1)
        self.rgb_linear = nn.Linear(width // 2, 3)

    def forward(self, position: Tensor, direction: Tensor) -> Tensor:
        points = encoded(position, self.frequencies[0])
        h = points
        for i, layer in enumerate(self.pts_linears):
            h = layer(h).relu()
            if i == self.skip:
                h = torch.cat([points, h], -1)
        alpha = self.alpha_linear(h)
        h = torch.cat([self.feature_linear(h), encoded(direction, self.frequencies[1])], -1)
        for layer in self.views_linears:
            h = layer(h).relu()
        return torch.cat([self.rgb_linear(h), alpha], -1)


NETWORKS = (
    Published(
        "NeRF", "Mildenhall et al. 2020", "published/nerf.yaml", "restated",
        lambda: NeRF(5, 4, 2, (3, 2)), NeRF.__call__,
    ),
)  # fmt: skip
