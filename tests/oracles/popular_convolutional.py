"""Convolutional networks as people write them in PyTorch, small."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


def normed(inside: int, outside: int, size: int = 3, **options: int) -> nn.Sequential:
    """A convolution with a norm behind, without a bias."""
    options.setdefault("padding", size // 2)
    return nn.Sequential(
        nn.Conv2d(inside, outside, size, bias=False, **options), nn.BatchNorm2d(outside)
    )


class Bottleneck(nn.Module):
    def __init__(self, inside: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 2 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(2 * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module | None = None
        if stride != 1 or inside != 2 * width:
            self.downsample = normed(inside, 2 * width, 1, stride=stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += identity
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(Bottleneck(4, 3), Bottleneck(6, 3))
        self.layer2 = nn.Sequential(Bottleneck(6, 4, 2), Bottleneck(8, 4))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer2(self.layer1(x))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class InvertedResidual(nn.Module):
    def __init__(self, inside: int, outside: int, stride: int, expand: int) -> None:
        super().__init__()
        hidden = inside * expand
        layers: list[nn.Module] = []
        if expand != 1:
            layers += [normed(inside, hidden, 1), nn.ReLU6(inplace=True)]
        layers += [normed(hidden, hidden, 3, stride=stride, groups=hidden), nn.ReLU6(inplace=True)]
        self.conv = nn.Sequential(*layers, normed(hidden, outside, 1))
        self.residual = stride == 1 and inside == outside

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv(x) if self.residual else self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Sequential(normed(3, 4, 3, stride=2), nn.ReLU6(inplace=True)),
            InvertedResidual(4, 4, 1, 1), InvertedResidual(4, 6, 2, 2),
            InvertedResidual(6, 6, 1, 2),
        )  # fmt: skip
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(6, 5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.adaptive_avg_pool2d(self.features(x), (1, 1)).reshape(x.shape[0], -1)
        return self.classifier(x)


class DenseLayer(nn.Module):
    def __init__(self, inside: int, growth: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(inside), nn.Conv2d(inside, 6, 1, bias=False)
        self.norm2, self.conv2 = nn.BatchNorm2d(6), nn.Conv2d(6, growth, 3, 1, 1, bias=False)

    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        x = self.conv1(F.relu(self.norm1(torch.cat(features, 1)), inplace=True))
        return F.dropout(self.conv2(F.relu(self.norm2(x))), 0.1, self.training)


class DenseNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.block = nn.ModuleDict({f"layer{i}": DenseLayer(4 + 2 * i, 2) for i in range(3)})
        self.transition = nn.Sequential(
            nn.BatchNorm2d(10), nn.ReLU(inplace=True), nn.Conv2d(10, 5, 1), nn.AvgPool2d(2, 2)
        )
        self.classifier = nn.Linear(5, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = [self.stem(x)]
        for layer in self.block.values():
            features.append(layer(features))
        x = self.transition(torch.cat(features, 1))
        return self.classifier(F.relu(x).mean([2, 3]))


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2 = self.pair(3, 4), self.pair(4, 6)
        self.up = nn.ConvTranspose2d(6, 4, 2, 2)
        self.merge = self.pair(8, 4)
        self.smooth = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self.out = nn.Conv2d(4, 2, 1)

    @staticmethod
    def pair(inside: int, outside: int) -> nn.Sequential:
        return nn.Sequential(
            normed(inside, outside), nn.ReLU(inplace=True), normed(outside, outside),
            nn.ReLU(inplace=True),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        one = self.down1(x)
        two = self.down2(F.max_pool2d(one, 2))
        up = self.up(two)
        high, wide = one.size(2) - up.size(2), one.size(3) - up.size(3)
        up = F.pad(up, [wide // 2, wide - wide // 2, high // 2, high - high // 2])
        return self.smooth(self.out(self.merge(torch.cat([one, up], 1))))


class SqueezeExcite(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, 2, 1), nn.Conv2d(2, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scale = F.adaptive_avg_pool2d(x, 1)
        return x * torch.sigmoid(self.fc2(F.silu(self.fc1(scale))))


class EfficientNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(normed(3, 4, stride=2), nn.SiLU(inplace=True))
        self.expand = nn.Sequential(normed(4, 8, 1), nn.SiLU(inplace=True))
        self.depthwise = nn.Sequential(normed(8, 8, 5, groups=8), nn.SiLU(inplace=True))
        self.excite = SqueezeExcite(8)
        self.project = normed(8, 4, 1)
        self.classifier = nn.Linear(4, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        y = self.project(self.excite(self.depthwise(self.expand(x))))
        return self.classifier((x + y).mean((-2, -1)))


class ChannelsLast(nn.LayerNorm):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvNeXtBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.pwconv1, self.act = nn.Linear(width, 4 * width), nn.GELU()
        self.pwconv2 = nn.Linear(4 * width, width)
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        y = self.gamma * self.pwconv2(self.act(self.pwconv1(y)))
        return x + y.permute(0, 3, 1, 2)


class ConvNeXt(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 4, 4), ChannelsLast(4, eps=1e-6))
        self.stages = nn.Sequential(
            ConvNeXtBlock(4), ChannelsLast(4), nn.Conv2d(4, 6, 2, 2), ConvNeXtBlock(6)
        )
        self.norm, self.head = nn.LayerNorm(6), nn.Linear(6, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.stages(self.stem(x)).mean([-2, -1])))


class ShuffleUnit(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        half = width // 2
        self.branch = nn.Sequential(
            normed(half, half, 1), nn.ReLU(inplace=True), normed(half, half, groups=half),
            normed(half, half, 1), nn.ReLU(inplace=True),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        left, right = x.chunk(2, dim=1)
        x = torch.cat((left, self.branch(right)), dim=1)
        n, c, h, w = x.size()
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, -1, h, w)


class Inception(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.three = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 3, padding=1)
        self.asymmetric = nn.Sequential(
            nn.Conv2d(3, 2, (1, 7), padding=(0, 3)), nn.Conv2d(2, 4, (7, 1), padding=(3, 0))
        )
        self.pooled = nn.Conv2d(3, 2, 1)
        self.head = nn.Linear(14 * 16, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        branches = [self.one(x), self.three(x), self.asymmetric(x)]
        branches.append(self.pooled(F.avg_pool2d(x, 3, 1, 1)))
        y = F.relu(torch.cat(branches, 1))
        return self.head(F.adaptive_max_pool2d(y, 4).flatten(1))


class Generator(nn.Sequential):
    """DCGAN's: from noise to an image."""

    def __init__(self) -> None:
        super().__init__(
            nn.ConvTranspose2d(6, 4, 4, 1, 0, bias=False), nn.BatchNorm2d(4), nn.ReLU(True),
            nn.ConvTranspose2d(4, 3, 4, 2, 1, bias=False), nn.Tanh(),
        )  # fmt: skip


class WaveNet(nn.Module):
    """Dilated causal convolutions, gated, with skips."""

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Conv1d(2, 4, 1)
        self.dilated = nn.ModuleList(nn.Conv1d(4, 8, 2, dilation=2**i) for i in range(3))
        self.skip = nn.ModuleList(nn.Conv1d(4, 4, 1) for _ in range(3))
        self.end = nn.Conv1d(4, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x, total = self.start(x), torch.zeros(())
        for i, (dilated, skip) in enumerate(zip(self.dilated, self.skip, strict=True)):
            gates, values = dilated(F.pad(x, (2**i, 0))).chunk(2, 1)
            y = torch.tanh(values) * torch.sigmoid(gates)
            total, x = total + skip(y), x + y
        return self.end(F.relu(total))


class PointNet(nn.Module):
    """Points turned by a matrix that a small network gives."""

    def __init__(self) -> None:
        super().__init__()
        self.transform = nn.Sequential(nn.Conv1d(3, 6, 1), nn.BatchNorm1d(6), nn.ReLU())
        self.matrix = nn.Linear(6, 9)
        self.mlp = nn.Sequential(nn.Conv1d(3, 8, 1), nn.BatchNorm1d(8), nn.ReLU())
        self.head = nn.Sequential(nn.Linear(8, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        turned = self.matrix(torch.max(self.transform(x), 2, keepdim=True)[0].view(-1, 6))
        turned = turned + torch.eye(3).flatten().view(1, 9).repeat(x.size(0), 1)
        x = torch.bmm(x.transpose(2, 1), turned.view(-1, 3, 3)).transpose(2, 1)
        return F.log_softmax(self.head(torch.max(self.mlp(x), 2)[0]), dim=1)


IMAGE = (2, 3, 32, 32)
CONVOLUTIONAL: dict[str, tuple[type[nn.Module], tuple[int, ...]]] = {
    "resnet": (ResNet, IMAGE),
    "mobilenet": (MobileNetV2, IMAGE),
    "densenet": (DenseNet, (2, 3, 8, 8)),
    "unet": (UNet, (2, 3, 9, 10)),
    "efficientnet": (EfficientNet, (2, 3, 12, 12)),
    "convnext": (ConvNeXt, IMAGE),
    "shufflenet": (lambda: ShuffleUnit(8), (2, 8, 6, 6)),  # type: ignore[dict-item]
    "inception": (Inception, (2, 3, 8, 8)),
    "dcgan": (Generator, (2, 6, 1, 1)),
    "wavenet": (WaveNet, (2, 2, 12)),
    "pointnet": (PointNet, (2, 3, 7)),
}
"""Each network with the shape of its input."""
