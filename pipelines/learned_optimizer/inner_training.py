"""Inner training to the horizon, by a learned optimizer or by SGD and Adam with many settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from metanet.models.learned_optimizer.optimizer import LearnedOptimizer, cosine
from pipelines.learned_optimizer.tasks import InnerTasks, bounded
from pipelines.zoo.stacked_optimizers import OPTIMIZERS


@dataclass(frozen=True)
class HandDesigned:
    """An optimizer of the zoo's recipes with its settings."""

    optimizer: str
    learning_rate: float
    schedule: str
    momentum: float = 0.9

    def rate(self, progress: float) -> float:
        """Give the learning rate at a share of the horizon; `cosine` goes down to 0."""
        if self.schedule == "cosine":
            return self.learning_rate * cosine(progress)
        return self.learning_rate


@dataclass(frozen=True)
class Trained:
    """Inner trainings: `curves` (networks, steps) are losses on the batch before each step.

    `train` and `test`, (networks,), are losses at the horizon on fixed images, and `progress`,
    (networks, points), is `train` after so many `steps`, from 0 to the horizon.
    """

    curves: Tensor
    train: Tensor
    test: Tensor
    progress: Tensor
    steps: tuple[int, ...]


POINTS = 50
"""At how many steps a training is looked at, unless settings say otherwise."""


def looked_at(horizon: int, points: int) -> tuple[int, ...]:
    """List the steps after which a training is looked at: the first, the last, and some between.

    >>> looked_at(10, 4)
    (0, 2, 5, 8, 10)
    """
    shares = range(points + 1)
    return tuple(sorted({round(horizon * share / points) for share in shares}))


@torch.no_grad()
def train_learned(
    optimizer: LearnedOptimizer, tasks: InnerTasks, images: int, points: int = POINTS
) -> Trained:
    """Train networks by a learned optimizer, and measure them on `images` on the way."""
    values, state = tasks.start, optimizer.first(tasks.start, tasks.horizon)
    looks = looked_at(tasks.horizon, points)
    curves, seen = [], []
    for step in range(tasks.horizon):
        if step in looks:
            seen.append(tasks.measure_training(values, images))
        with torch.enable_grad():
            losses, gradients = tasks.gradients(values, step)
        curves.append(bounded(losses))
        values, state = optimizer(tasks.template, values, gradients, state)
    train, test = tasks.measure(values, images)
    progress = torch.stack([*seen, train], 1)
    return Trained(torch.stack(curves, 1).cpu(), train, test, progress, looks)


def train_hand_designed(
    choices: Sequence[HandDesigned], tasks: InnerTasks, images: int, points: int = POINTS
) -> list[Trained]:
    """Train networks by each of several settings of one optimizer, all side by side."""
    count, looks = tasks.networks, looked_at(tasks.horizon, points)
    recipes = [
        {"weight_decay": 0.0, "momentum": choice.momentum}
        for choice in choices
        for _ in range(count)
    ]
    values = tasks.start.repeat(len(choices), 1)
    optimizer = OPTIMIZERS[choices[0].optimizer](values, recipes)
    curves, seen = [], []
    for step in range(tasks.horizon):
        if step in looks:
            seen.append(tasks.measure_training(values, images))
        losses, gradients = tasks.gradients(values, step)
        curves.append(bounded(losses))
        shares = [choice.rate(step / tasks.horizon) for choice in choices]
        rates = torch.tensor(shares, device=values.device)
        optimizer.step(values, gradients, rates.repeat_interleave(count).unsqueeze(1))
    train, test = tasks.measure(values, images)
    parts = zip(
        torch.stack(curves, 1).cpu().split(count),
        train.split(count),
        test.split(count),
        torch.stack([*seen, train], 1).split(count),
        strict=True,
    )
    return [Trained(*part, looks) for part in parts]
