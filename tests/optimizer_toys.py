"""Modules, data and a plain loop to try learned optimizers on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from metanet import LearnedOptimizer

MLP = "inputs: {x: [3]}\nlayers: [{linear: {out_features: 5}}, tanh, {linear: {out_features: 2}}]"
EDITORS: dict[str, dict[str, Any]] = {
    "gmn": {"hidden": 8, "layers": 1},
    "per_parameter": {"hidden": 8},
    "none": {},
}


def learner(editor: str, **options: Any) -> LearnedOptimizer:
    """Make a learned optimizer whose proposals are far from nothing."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        optimizer = LearnedOptimizer(editor, EDITORS[editor], step_size=0.02, **options).double()
    for name, parameter in optimizer.named_parameters():
        if name == "editor.scale":
            parameter.data.fill_(1.0)
    return optimizer


def mlp(dtype: torch.dtype = torch.float64) -> nn.Module:
    return seeded(lambda: nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))).to(dtype)


def cnn(dtype: torch.dtype = torch.float64) -> nn.Module:
    def make() -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(),
            nn.Conv2d(4, 4, 3, groups=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(4, 2),
        )  # fmt: skip

    return seeded(make).to(dtype)


def seeded(make: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make()


def data(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1)).to(dtype)


def train(
    module: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, steps: int = 3
) -> list[float]:
    """Train a module in a plain loop to tell samples by their sums."""
    labels = (x.flatten(1).sum(1) > 0).long()
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(module(x), labels)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def weights(module: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in module.parameters()])
