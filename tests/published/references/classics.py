"""Convolutional networks that began something, restated after their papers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from published.network import Published


class Subsampling(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        sums = 4 * nn.functional.avg_pool2d(x, 2)
        return squashed(sums * self.weight[:, None, None] + self.bias[:, None, None])


class LeNet5(nn.Module):
    """Subsampling with coefficients, a table of connections, and distances from codes."""

    def __init__(self, seen: list[list[int]]) -> None:
        super().__init__()
        self.seen = seen
        self.C1 = nn.Conv2d(1, 6, 3)
        self.S2 = Subsampling(6)
        self.C3 = nn.ModuleList(nn.Conv2d(len(maps), 1, 3) for maps in seen)
        self.S4 = Subsampling(len(seen))
        self.C5 = nn.Conv2d(len(seen), 4, 3)
        self.F6 = nn.Linear(4, 5)
        self.codes = nn.Parameter(torch.zeros(3, 5))

    def forward(self, image: Tensor) -> Tensor:
        x = self.S2(squashed(self.C1(image)))
        maps = [conv(x[:, seen]) for conv, seen in zip(self.C3, self.seen, strict=True)]
        x = squashed(self.C5(self.S4(squashed(torch.cat(maps, 1))))).flatten(1)
        return (squashed(self.F6(x))[:, None] - self.codes).square().sum(2)


class AlexNet(nn.Module):
    """Halves of convolutions on two processors, and a response norm over neighbours."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 11, stride=4)
        self.conv2 = nn.Conv2d(4, 4, 5, padding=2, groups=2)
        self.conv3 = nn.Conv2d(4, 4, 3, padding=1)
        self.conv4 = nn.Conv2d(4, 6, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(6, 4, 3, padding=1, groups=2)
        self.fc6, self.fc7, self.fc8 = nn.Linear(4, 5), nn.Linear(5, 4), nn.Linear(4, 3)

    def forward(self, image: Tensor) -> Tensor:
        pool = nn.MaxPool2d(3, 2)
        norm = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)
        x = pool(norm(self.conv1(image).relu()))
        x = pool(norm(self.conv2(x).relu()))
        x = self.conv4(self.conv3(x).relu()).relu()
        x = pool(self.conv5(x).relu()).flatten(1)
        return self.fc8(self.fc7(self.fc6(x).relu()).relu())


class Siamese(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 3, 3), nn.Conv2d(3, 4, 2)
        self.fc1, self.fc2 = nn.Linear(16, 5), nn.Linear(5, 1)

    def tower(self, x: Tensor) -> Tensor:
        x = self.conv2(nn.functional.max_pool2d(self.conv1(x).relu(), 2)).relu()
        return self.fc1(x.flatten(1)).sigmoid()

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return self.fc2((self.tower(first) - self.tower(second)).abs()).sigmoid()


class DnCNN(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        layers = [nn.Conv2d(1, width, 3, padding=1, bias=False), nn.ReLU()]
        for _ in range(depth - 2):
            conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
            layers += [conv, nn.BatchNorm2d(width), nn.ReLU()]
        self.dncnn = nn.Sequential(*layers, nn.Conv2d(width, 1, 3, padding=1, bias=False))

    def forward(self, image: Tensor) -> Tensor:
        return image - self.dncnn(image)


def squashed(x: Tensor) -> Tensor:
    return 1.7159 * torch.tanh(2 / 3 * x)


def table() -> list[list[int]]:
    """Give table I of the paper: rings of three and of four, opposite pairs, and all."""
    threes = [[(i + k) % 6 for k in range(3)] for i in range(6)]
    fours = [[(i + k) % 6 for k in range(4)] for i in range(6)]
    pairs = [[i, i + 1, i + 3, (i + 4) % 6] for i in range(3)]
    return [sorted(maps) for maps in (*threes, *fours, *pairs, range(6))]


NETWORKS = (
    Published(
        "LeNet-5", "LeCun et al. 1998", "published/lenet5.yaml", "restated",
        lambda: LeNet5(table()), LeNet5.__call__,
    ),
    Published(
        "AlexNet", "Krizhevsky et al. 2012", "published/alexnet.yaml", "restated",
        AlexNet, AlexNet.__call__,
    ),
    Published(
        "Siamese network", "Koch et al. 2015", "published/siamese.yaml", "restated",
        Siamese, Siamese.__call__,
    ),
    Published(
        "DnCNN", "Zhang et al. 2017", "published/dncnn.yaml", "restated",
        lambda: DnCNN(4, 4), DnCNN.__call__,
    ),
)  # fmt: skip
