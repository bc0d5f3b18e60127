"""Classifiers of images, restated after their papers, with the names of torchvision."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from published.network import Published


class VGG(nn.Module):
    def __init__(self, stages: Sequence[Sequence[int]], pool: int, hidden: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for widths in stages:
            for width in widths:
                layers += [nn.Conv2d(before, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
                before = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(pool)
        self.classifier = nn.Sequential(
            nn.Linear(before * pool**2, hidden), nn.ReLU(), nn.Dropout(),
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(), nn.Linear(hidden, 2),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.classifier(self.avgpool(self.features(x)).flatten(1))
        return found


class Fire(nn.Module):
    def __init__(self, before: int, squeezed: int, small: int, large: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(before, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, small, 1)
        self.expand3x3 = nn.Conv2d(squeezed, large, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.squeeze(x))
        return functional.relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], 1))


class SqueezeNet(nn.Module):
    def __init__(self, stem: int, fires: Sequence[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(1, stem, 7, 2), nn.ReLU()]
        before = stem
        for times in fires:
            layers.append(nn.MaxPool2d(3, 2, ceil_mode=True))
            for _ in range(times):
                layers.append(Fire(before, 2, 2, 2))
                before = 4
        self.features = nn.Sequential(*layers)
        last = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(), nn.Conv2d(before, 5, 1), nn.ReLU(), last)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.classifier(self.features(x)).flatten(1)
        return found


class Bottleneck(nn.Module):
    def __init__(self, before: int, planes: int, stride: int, groups: int, base: int) -> None:
        super().__init__()
        width, out = planes * base // 64 * groups, 4 * planes
        self.conv1 = nn.Conv2d(before, width, 1, bias=False)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, groups=groups, bias=False)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)
        self.bn1, self.bn2, self.bn3 = (nn.BatchNorm2d(n) for n in (width, width, out))
        self.downsample = nn.Sequential()
        if stride > 1 or before != out:
            self.downsample = nn.Sequential(
                nn.Conv2d(before, out, 1, stride, bias=False), nn.BatchNorm2d(out)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        return functional.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class Basic(nn.Module):
    def __init__(self, before: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, out, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(out), nn.BatchNorm2d(out)
        self.downsample = nn.Sequential()
        if stride > 1 or before != out:
            self.downsample = nn.Sequential(
                nn.Conv2d(before, out, 1, stride, bias=False), nn.BatchNorm2d(out)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class ResNet(nn.Module):
    def __init__(self, stem: int, stages: Sequence[nn.Sequential], last: int, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, stem, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        for number, stage in enumerate(stages, start=1):
            self.add_module(f"layer{number}", stage)
        self.stages = len(stages)
        self.fc = nn.Linear(last, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.max_pool2d(functional.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for number in range(1, self.stages + 1):
            x = self.get_submodule(f"layer{number}")(x)
        found: Tensor = self.fc(x.mean((2, 3)))
        return found


class DenseLayer(nn.Module):
    def __init__(self, before: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(before)
        self.conv1 = nn.Conv2d(before, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(functional.relu(self.norm1(x)))
        return torch.cat([x, self.conv2(functional.relu(self.norm2(y)))], 1)


class DenseNet(nn.Module):
    """Two dense blocks of two layers each, and the transition between them."""

    def __init__(self, width: int, growth: int, between: int, classes: int) -> None:
        super().__init__()
        features = nn.Sequential()
        features.add_module("conv0", nn.Conv2d(1, width, 7, 2, 3, bias=False))
        features.add_module("norm0", nn.BatchNorm2d(width))
        features.add_module("relu0", nn.ReLU())
        features.add_module("pool0", nn.MaxPool2d(3, 2, 1))
        for stage in (1, 2):
            block = nn.Sequential()
            for number in (1, 2):
                block.add_module(f"denselayer{number}", DenseLayer(width, growth))
                width += growth
            features.add_module(f"denseblock{stage}", block)
            if stage == 1:
                transition = nn.Sequential()
                transition.add_module("norm", nn.BatchNorm2d(width))
                transition.add_module("relu", nn.ReLU())
                transition.add_module("conv", nn.Conv2d(width, between, 1, bias=False))
                transition.add_module("pool", nn.AvgPool2d(2))
                features.add_module("transition1", transition)
                width = between
        features.add_module("norm5", nn.BatchNorm2d(width))
        self.features = features
        self.classifier = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.classifier(functional.relu(self.features(x)).mean((2, 3)))
        return found


def resnext() -> nn.Module:
    before, stages = 2, []
    for stage, planes in enumerate((1, 1, 2, 2)):
        stages.append(nn.Sequential(Bottleneck(before, planes, 2 if stage else 1, 2, 64)))
        before = 4 * planes
    return ResNet(2, stages, before, 2)


def resnet() -> nn.Module:
    stages = [nn.Sequential(Basic(8, 8, 1)), nn.Sequential(Basic(8, 16, 2))]
    return ResNet(8, stages, 16, 10)


NETWORKS = (
    Published(
        "VGG", "Simonyan & Zisserman 2014", "published/vgg.yaml", "restated",
        lambda: VGG(((2,), (3,), (3, 3), (4, 4), (4, 4)), 2, 5), lambda model, x: model(x),
    ),
    Published(
        "SqueezeNet", "Iandola et al. 2016", "published/squeezenet.yaml", "restated",
        lambda: SqueezeNet(3, (3, 4, 1)), lambda model, x: model(x),
    ),
    Published(
        "DenseNet", "Huang et al. 2017", "densenet.yaml", "restated",
        lambda: DenseNet(8, 4, 8, 10), lambda model, x: model(x),
        variables={"imagenet": True, "size": 32},
    ),
    Published(
        "ResNeXt", "Xie et al. 2017", "published/resnext.yaml", "restated",
        resnext, lambda model, x: model(x),
    ),
    Published(
        "ResNet", "He et al. 2016", "resnet.yaml", "restated",
        resnet, lambda model, x: model(x), variables={"imagenet": True, "size": 32},
    ),
)  # fmt: skip
