"""Tuning SGD and Adam: a grid of learning rates and schedules, on some inner tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipelines.learned_optimizer.inner_training import (
    POINTS,
    HandDesigned,
    Trained,
    train_hand_designed,
)
from pipelines.learned_optimizer.tasks import InnerTasks

Measured = dict[HandDesigned, list[Trained]]


def grid(baselines: Mapping[str, Any], optimizer: str) -> list[HandDesigned]:
    """List the settings of an optimizer that are tried."""
    return [
        HandDesigned(optimizer, rate, schedule, baselines.get("momentum", 0.9))
        for schedule in baselines["schedules"]
        for rate in baselines["learning_rates"][optimizer]
    ]


def try_all(
    choices: Sequence[HandDesigned],
    tasks: Sequence[InnerTasks],
    images: int,
    points: int = POINTS,
) -> Measured:
    """Train all inner tasks by all settings."""
    measured: Measured = {choice: [] for choice in choices}
    for some in tasks:
        for choice, trained in zip(
            choices, train_hand_designed(choices, some, images, points), strict=True
        ):
            measured[choice].append(trained)
    return measured


def best(measured: Measured) -> HandDesigned:
    """Choose the settings of the lowest mean training loss at the horizon."""
    return min(measured, key=lambda choice: mean_loss(measured[choice]))


def mean_loss(trained: Sequence[Trained]) -> float:
    """Average the training loss at the horizon over networks."""
    return float(np.mean([float(one.train.double().mean()) for one in trained]))


def fastest(measured: Measured, schedule: str) -> HandDesigned | None:
    """Choose, of one schedule, the settings of the lowest mean training loss at its best step."""
    choices = [choice for choice in measured if choice.schedule == schedule]
    if not choices:
        return None

    def lowest(choice: HandDesigned) -> float:
        best = [float(one.progress.double().amin(1).mean()) for one in measured[choice]]
        return float(np.mean(best))

    return min(choices, key=lowest)
