"""Convolutional networks, restated after their papers, with the names of torchvision."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from published.network import Published


class Convolution(nn.Module):
    """A convolution, a batch norm and a ReLU, as those of GoogLeNet are called."""

    def __init__(self, before: int, out: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, out, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.bn(self.conv(x)))


class Inception(nn.Module):
    def __init__(self, before: int, row: Sequence[int]) -> None:
        super().__init__()
        self.branch1 = Convolution(before, row[0])
        self.branch2 = nn.Sequential(
            Convolution(before, row[1]), Convolution(row[1], row[2], kernel=3)
        )
        self.branch3 = nn.Sequential(
            Convolution(before, row[3]), Convolution(row[3], row[4], kernel=3)
        )
        pool = nn.MaxPool2d(3, stride=1, padding=1, ceil_mode=True)
        self.branch4 = nn.Sequential(pool, Convolution(before, row[5]))

    def forward(self, x: Tensor) -> Tensor:
        branches = (self.branch1, self.branch2, self.branch3, self.branch4)
        return torch.cat([branch(x) for branch in branches], 1)


class Auxiliary(nn.Module):
    def __init__(self, before: int, width: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.conv = Convolution(before, width)
        self.fc1 = nn.Linear(16 * width, hidden)
        self.fc2 = nn.Linear(hidden, classes)

    def forward(self, x: Tensor) -> Tensor:
        pooled = self.conv(functional.adaptive_avg_pool2d(x, 4)).flatten(1)
        found: Tensor = self.fc2(functional.relu(self.fc1(pooled)))
        return found


class GoogLeNet(nn.Module):
    """The nine modules, all of one row, and both auxiliary heads."""

    modules_of_stages = ("ab", "abcde", "ab")

    def __init__(self, stem: Sequence[int], row: Sequence[int], aux: tuple[int, int, int]) -> None:
        super().__init__()
        self.conv1 = Convolution(1, stem[0], kernel=7, stride=2)
        self.conv2 = Convolution(stem[0], stem[1])
        self.conv3 = Convolution(stem[1], stem[2], kernel=3)
        before = stem[2]
        for stage, letters in enumerate(self.modules_of_stages, start=3):
            for letter in letters:
                self.add_module(f"inception{stage}{letter}", Inception(before, row))
                before = row[0] + row[2] + row[4] + row[5]
        self.aux1 = Auxiliary(before, *aux)
        self.aux2 = Auxiliary(before, *aux)
        self.fc = nn.Linear(before, aux[2])

    def forward(self, x: Tensor) -> Sequence[Tensor]:
        x = functional.max_pool2d(self.conv1(x), 3, 2, ceil_mode=True)
        x = self.conv3(self.conv2(x))
        found: dict[str, Tensor] = {}
        for stage, letters in enumerate(self.modules_of_stages, start=3):
            x = functional.max_pool2d(x, 2 if stage == 5 else 3, 2, ceil_mode=True)
            for letter in letters:
                x = self.get_submodule(f"inception{stage}{letter}")(x)
                found[f"{stage}{letter}"] = x
        return self.fc(x.mean((2, 3))), self.aux1(found["4a"]), self.aux2(found["4d"])


def depthwise(width: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(width, width, 3, stride, 1, groups=width, bias=False)


def pointwise(before: int, out: int) -> nn.Conv2d:
    return nn.Conv2d(before, out, 1, bias=False)


class Unit(nn.Module):
    """A unit of ShuffleNet V2: the image shrinks, or half of the channels goes around."""

    def __init__(self, before: int, out: int, stride: int) -> None:
        super().__init__()
        half = out // 2
        norm = nn.BatchNorm2d
        self.branch1 = nn.Sequential()
        if stride == 2:
            self.branch1 = nn.Sequential(
                depthwise(before, 2), norm(before), pointwise(before, half), norm(half), nn.ReLU()
            )
        self.branch2 = nn.Sequential(
            pointwise(before if stride == 2 else half, half), norm(half), nn.ReLU(),
            depthwise(half, stride), norm(half), pointwise(half, half), norm(half), nn.ReLU(),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        first, second = (x, x) if len(self.branch1) else x.chunk(2, 1)
        joined = torch.cat([self.branch1(first), self.branch2(second)], 1)
        return functional.channel_shuffle(joined, 2)


class ShuffleNet(nn.Module):
    def __init__(
        self, stem: int, widths: Sequence[int], units: Sequence[int], last: int, classes: int
    ) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(
            nn.Conv2d(1, stem, 3, 2, 1, bias=False), nn.BatchNorm2d(stem), nn.ReLU()
        )
        before = stem
        for stage, (width, times) in enumerate(zip(widths, units, strict=True), start=2):
            rest = [Unit(width, width, 1) for _ in range(times - 1)]
            self.add_module(f"stage{stage}", nn.Sequential(Unit(before, width, 2), *rest))
            before = width
        self.conv5 = nn.Sequential(pointwise(before, last), nn.BatchNorm2d(last), nn.ReLU())
        self.fc = nn.Linear(last, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.max_pool2d(self.conv1(x), 3, 2, 1)
        x = self.stage4(self.stage3(self.stage2(x)))
        found: Tensor = self.fc(self.conv5(x).mean((2, 3)))
        return found


NETWORKS = (
    Published(
        "GoogLeNet", "Szegedy et al. 2014", "published/googlenet.yaml", "restated",
        lambda: GoogLeNet((2, 3, 3), (1, 2, 2, 1, 1, 1), (3, 5, 2)), lambda model, x: model(x),
    ),
    Published(
        "ShuffleNet V2", "Ma et al. 2018", "published/shufflenet.yaml", "restated",
        lambda: ShuffleNet(3, (8, 6, 8), (2, 1, 1), 5, 2), lambda model, x: model(x),
    ),
)  # fmt: skip
