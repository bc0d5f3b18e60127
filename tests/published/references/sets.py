"""Networks of sets and points, restated, with the names of their authors' code."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from published.network import Published


class Transformation(nn.Module):
    """A square matrix for each cloud of points, near the identity at first."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        for i, (before, after) in enumerate(((size, 3), (3, 4), (4, 5)), 1):
            self.add_module(f"conv{i}", nn.Conv1d(before, after, 1))
            self.add_module(f"bn{i}", nn.BatchNorm1d(after))
        self.fc1, self.bn4 = nn.Linear(5, 4), nn.BatchNorm1d(4)
        self.fc2, self.bn5 = nn.Linear(4, 3), nn.BatchNorm1d(3)
        self.fc3 = nn.Linear(3, size * size)

    def forward(self, x: Tensor) -> Tensor:
        for conv, norm in ((self.conv1, self.bn1), (self.conv2, self.bn2), (self.conv3, self.bn3)):
            x = norm(conv(x)).relu()
        x = self.bn4(self.fc1(x.amax(2))).relu()
        x = self.bn5(self.fc2(x)).relu()
        return self.fc3(x).unflatten(1, (self.size, self.size)) + torch.eye(self.size)


class PointNetFeatures(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stn, self.fstn = Transformation(3), Transformation(3)
        self.conv1, self.bn1 = nn.Conv1d(3, 3, 1), nn.BatchNorm1d(3)
        self.conv2, self.bn2 = nn.Conv1d(3, 4, 1), nn.BatchNorm1d(4)
        self.conv3, self.bn3 = nn.Conv1d(4, 5, 1), nn.BatchNorm1d(5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn1(self.conv1((x.mT @ self.stn(x)).mT)).relu()
        x = self.bn2(self.conv2((x.mT @ self.fstn(x)).mT)).relu()
        return self.bn3(self.conv3(x)).amax(2)


class PointNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.feat = PointNetFeatures()
        self.fc1, self.bn1 = nn.Linear(5, 4), nn.BatchNorm1d(4)
        self.fc2, self.bn2 = nn.Linear(4, 3), nn.BatchNorm1d(3)
        self.fc3 = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn1(self.fc1(self.feat(x))).relu()
        return self.fc3(self.bn2(self.fc2(x)).relu()).log_softmax(1)


class MAB(nn.Module):
    """Attention with a residual connection behind the map to queries."""

    def __init__(self, queries: int, keys: int, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.fc_q, self.fc_k = nn.Linear(queries, width), nn.Linear(keys, width)
        self.fc_v, self.fc_o = nn.Linear(keys, width), nn.Linear(width, width)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        q, k, v = (
            torch.stack(value.chunk(self.heads, -1))
            for value in (self.fc_q(x), self.fc_k(y), self.fc_v(y))
        )
        shares = (q @ k.mT / self.fc_o.in_features**0.5).softmax(-1)
        o = torch.cat([*(q + shares @ v)], -1)
        return o + self.fc_o(o).relu()


class ISAB(nn.Module):
    def __init__(self, features: int, width: int, heads: int, points: int) -> None:
        super().__init__()
        self.I = nn.Parameter(torch.zeros(1, points, width))
        self.mab0 = MAB(width, features, width, heads)
        self.mab1 = MAB(features, width, width, heads)

    def forward(self, x: Tensor) -> Tensor:
        return self.mab1(x, self.mab0(self.I.expand(len(x), -1, -1), x))


class PMA(nn.Module):
    def __init__(self, width: int, heads: int, seeds: int) -> None:
        super().__init__()
        self.S = nn.Parameter(torch.zeros(1, seeds, width))
        self.mab = MAB(width, width, width, heads)

    def forward(self, x: Tensor) -> Tensor:
        return self.mab(self.S.expand(len(x), -1, -1), x)


class SAB(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.mab = MAB(width, width, width, heads)

    def forward(self, x: Tensor) -> Tensor:
        return self.mab(x, x)


class SetTransformer(nn.Module):
    def __init__(self, features: int, width: int, heads: int, points: int) -> None:
        super().__init__()
        self.enc = nn.Sequential(
            ISAB(features, width, heads, points), ISAB(width, width, heads, points)
        )
        self.dec = nn.Sequential(
            PMA(width, heads, 1), SAB(width, heads), SAB(width, heads), nn.Linear(width, 2)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.dec(self.enc(x))


class NeuralProcess(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.encoder, self.decoder = (
            nn.Sequential(
                nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
                nn.Linear(width, outputs),
            )
            for inputs, outputs in ((2, width), (width + 1, 2))
        )  # fmt: skip

    def forward(self, x: Tensor, y: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        seen = self.encoder(torch.cat([x, y], -1)).mean(1, keepdim=True)
        found = self.decoder(torch.cat([seen.expand(-1, target.shape[1], -1), target], -1))
        mean, deviation = found.chunk(2, -1)
        return mean, 0.1 + 0.9 * nn.functional.softplus(deviation)


class Equivariant(nn.Module):
    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.Gamma = nn.Linear(features, width)
        self.Lambda = nn.Linear(features, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.Gamma(x) - self.Lambda(x.amax(1, keepdim=True))


class DeepSets(nn.Module):
    def __init__(self, features: int, width: int, classes: int) -> None:
        super().__init__()
        self.phi = nn.Sequential(
            Equivariant(features, width), nn.ELU(), Equivariant(width, width), nn.ELU()
        )
        self.ro = nn.Sequential(
            nn.Dropout(), nn.Linear(width, width), nn.ELU(), nn.Dropout(),
            nn.Linear(width, classes),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return self.ro(self.phi(x).amax(1))


NETWORKS = (
    Published(
        "DeepSets", "Zaheer et al. 2017", "published/deepsets.yaml", "restated",
        lambda: DeepSets(3, 4, 2), DeepSets.__call__,
    ),
    Published(
        "PointNet", "Qi et al. 2017", "published/pointnet.yaml", "restated",
        PointNet, PointNet.__call__,
    ),
    Published(
        "Set Transformer", "Lee et al. 2019", "published/set_transformer.yaml", "restated",
        lambda: SetTransformer(3, 4, 2, 3), SetTransformer.__call__,
    ),
    Published(
        "Neural process", "Garnelo et al. 2018", "published/neural_process.yaml", "restated",
        lambda: NeuralProcess(4), NeuralProcess.__call__,
    ),
)  # fmt: skip
