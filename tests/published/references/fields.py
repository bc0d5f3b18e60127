"""Fields of coordinates, restated after papers, with the names of their code."""

from __future__ import annotations

from itertools import pairwise

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


class Sine(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(30 * self.linear(x))


class SIREN(nn.Module):
    def __init__(self, dimensions: int, width: int, depth: int) -> None:
        super().__init__()
        hidden = [Sine(width, width) for _ in range(depth)]
        self.net = nn.Sequential(Sine(dimensions, width), *hidden, nn.Linear(width, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Perceptron(nn.Module):
    def __init__(self, *sizes: int) -> None:
        super().__init__()
        self.linears = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(sizes))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.linears[:-1]:
            x = layer(x).tanh()
        return self.linears[-1](x)


class DeepONet(nn.Module):
    """The function at its sensors, and a place, come together in a dot product."""

    def __init__(self) -> None:
        super().__init__()
        self.branch, self.trunk = Perceptron(4, 5, 3), Perceptron(2, 4, 3)
        self.b = nn.Parameter(torch.zeros(()))

    def forward(self, function: Tensor, place: Tensor) -> Tensor:
        dot = torch.einsum("bi,bi->b", self.branch(function), self.trunk(place).tanh())
        return dot[:, None] + self.b


NETWORKS = (
    Published(
        "NeRF", "Mildenhall et al. 2020", "published/nerf.yaml", "restated",
        lambda: NeRF(5, 4, 2, (3, 2)), NeRF.__call__,
    ),
    Published(
        "SIREN", "Sitzmann et al. 2020", "published/siren.yaml", "restated",
        lambda: SIREN(2, 5, 2), SIREN.__call__,
    ),
    Published(
        "DeepONet", "Lu et al. 2021", "published/deeponet.yaml", "restated",
        DeepONet, DeepONet.__call__,
    ),
)  # fmt: skip
