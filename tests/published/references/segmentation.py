"""U^2-Net, restated after the paper, with the authors' names."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from published.network import Published

LEVELS = ((7, False), (6, False), (5, False), (4, False), (4, True), (4, True))
WIDTH = 2


def like(x: Tensor, other: Tensor) -> Tensor:
    return functional.interpolate(x, size=other.shape[2:], mode="bilinear", align_corners=False)


def pooled(x: Tensor) -> Tensor:
    return functional.max_pool2d(x, 2, 2, ceil_mode=True)


class Convolution(nn.Module):
    def __init__(self, before: int, dilation: int) -> None:
        super().__init__()
        self.conv_s1 = nn.Conv2d(before, WIDTH, 3, padding=dilation, dilation=dilation)
        self.bn_s1 = nn.BatchNorm2d(WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.bn_s1(self.conv_s1(x)))


class U(nn.Module):
    """A residual U, which pools between its levels, or is dilated by them if it is `flat`."""

    def __init__(self, before: int, levels: int, flat: bool) -> None:
        super().__init__()
        self.levels, self.flat = levels, flat
        self.rebnconvin = Convolution(before, 1)
        for level in range(1, levels + 1):
            dilation = 2 ** (level - 1) if flat else 1 + (level == levels)
            self.add_module(f"rebnconv{level}", Convolution(WIDTH, dilation))
            if level < levels:
                dilation = dilation if flat else 1
                self.add_module(f"rebnconv{level}d", Convolution(2 * WIDTH, dilation))

    def forward(self, x: Tensor) -> Tensor:
        begun = y = self.rebnconvin(x)
        found: list[Tensor] = []
        for level in range(1, self.levels):
            y = pooled(y) if level > 1 and not self.flat else y
            y = self.get_submodule(f"rebnconv{level}")(y)
            found.append(y)
        y = self.get_submodule(f"rebnconv{self.levels}")(y)
        for level in range(self.levels - 1, 0, -1):
            other = found[level - 1]
            y = self.get_submodule(f"rebnconv{level}d")(torch.cat([like(y, other), other], 1))
        return begun + y


class U2Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        for number, (levels, flat) in enumerate(LEVELS, start=1):
            self.add_module(f"stage{number}", U(WIDTH if number > 1 else 1, levels, flat))
            self.add_module(f"side{number}", nn.Conv2d(WIDTH, 1, 3, padding=1))
            if number < len(LEVELS):
                self.add_module(f"stage{number}d", U(2 * WIDTH, levels, flat))
        self.outconv = nn.Conv2d(len(LEVELS), 1, 1)

    def forward(self, x: Tensor) -> Sequence[Tensor]:
        found: list[Tensor] = []
        for number in range(1, len(LEVELS) + 1):
            x = self.get_submodule(f"stage{number}")(pooled(x) if number > 1 else x)
            found.append(x)
        for number in range(len(LEVELS) - 1, 0, -1):
            other = found[number - 1]
            x = self.get_submodule(f"stage{number}d")(torch.cat([like(x, other), other], 1))
            found[number - 1] = x
        sides = [self.get_submodule(f"side{n}")(x) for n, x in enumerate(found, start=1)]
        sides = [like(side, sides[0]) for side in sides]
        return [side.sigmoid() for side in (self.outconv(torch.cat(sides, 1)), *sides)]


NETWORKS = (
    Published(
        "U^2-Net", "Qin et al. 2020", "published/u2net.yaml", "restated",
        U2Net, lambda model, x: model(x),
    ),
)  # fmt: skip
