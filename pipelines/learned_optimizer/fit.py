"""Meta-training: fitting one learned optimizer by backpropagation through inner trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

from metanet import LearnedOptimizer
from pipelines.learned_optimizer.best import LOSS, WithBest
from pipelines.learned_optimizer.inner_training import train_learned
from pipelines.learned_optimizer.settings import TaskFamily
from pipelines.learned_optimizer.tasks import InnerTasks, bounded
from pipelines.runs import loop
from pipelines.runs.checkpoint import Rows
from pipelines.runs.diverged import DivergedError
from pipelines.runs.loop import Lower, Objective

_TINY = 1e-6
_FITTING, _VALIDATION = 0, 3
"""What the seeds of meta-training begin with; those of tuning and testing begin otherwise."""
_IMAGES = 1000
COLUMNS = ("epoch", "meta_loss", "last_loss", "skipped", "step_size", "seconds")


class OnInnerTasks(Objective):
    """A learned optimizer that is trained on inner trainings, one for each step of the loop."""

    warm_up, floor = 0.05, 0.01
    passed_over = 10.0

    def __init__(
        self,
        optimizer: LearnedOptimizer,
        families: Sequence[TaskFamily],
        recipe: Mapping[str, Any],
        seed: int,
        fabric: Fabric,
    ) -> None:
        self.trained = self.kept = self.optimizer = optimizer
        self.families, self.recipe = families, recipe
        self.seed, self.device, self.steps = seed, fabric.device, recipe["unrolls"]
        self.epoch = 0
        self.unrolled: list[tuple[float, float, float]] = []
        self.held_out = [
            self.tasks(n, families[n % len(families)].longest, _VALIDATION, n)
            for n in range(recipe.get("validation", 0))
        ]
        self.columns = (*COLUMNS, LOSS) if self.held_out else COLUMNS
        self.both = WithBest(optimizer.to(self.device)) if self.held_out else None
        if self.both is not None:
            self.kept = self.both

    def tasks(self, number: int, horizon: int, *seed: int) -> InnerTasks:
        """Draw inner tasks, of one family after the other."""
        family = self.families[number % len(self.families)]
        return InnerTasks(family, self.recipe["networks"], horizon, seed, self.device)

    def begin(self, epoch: int) -> None:
        self.epoch, self.unrolled = epoch, []

    def step(self, number: int, lower: Lower) -> None:
        seed = (_FITTING, self.seed, self.epoch, number)
        turn = self.epoch * self.steps + number
        family = self.families[turn % len(self.families)]
        tasks = self.tasks(turn, family.drawn_horizon(seed, self.reached()), *seed)
        self.unrolled.append(unroll(self.optimizer, lower, tasks, self.recipe))

    def reached(self) -> float:
        """Say how far the curriculum is on the way to the longest horizons."""
        lasts = self.recipe.get("curriculum", 0) * self.recipe["epochs"]
        return min(1.0, (self.epoch + 1) / lasts) if lasts else 1.0

    def measured(self, rows: Rows) -> dict[str, float]:
        losses, last, skipped = np.mean(self.unrolled, axis=0).tolist()
        step_size = float(self.optimizer.log_step.detach().exp())
        row = {"meta_loss": losses, "last_loss": last, "skipped": skipped, "step_size": step_size}
        if self.both is not None:
            row[LOSS] = validated(self.optimizer, self.held_out)
            self.both.keep(row[LOSS], rows)
        return row


def fit(
    optimizer: LearnedOptimizer,
    families: Sequence[TaskFamily],
    recipe: Mapping[str, Any],
    seed: int,
    folder: Path,
    run: str,
    fabric: Fabric,
) -> Rows:
    """Meta-train a learned optimizer on inner tasks of families; give the history of its epochs.

    Each unroll takes the next family, draws an architecture and a horizon, and trains `networks` of
    it from new starts. With a `curriculum`, horizons begin at the smallest, and reach the largest
    after that share of the epochs. After every `truncation` steps, Adam lowers the losses of these
    steps, each on a batch that the update before it has not seen, backpropagated through them:
    their mean, or with the objective `log` the mean of their logarithms, over the `last` steps of a
    truncation (default: all). With `second_order`, through gradients too (Andrychowicz et al.,
    NeurIPS 2016, leave that out). With `validation`, the parameters of the epoch are kept that do
    best at the horizon of so many further unrolls. All that is not said here is said of the loop,
    `pipelines.runs.loop.fit`. Raises `DivergedError` where nothing was learned.
    """
    objective = OnInnerTasks(optimizer, families, recipe, seed, fabric)
    rows = loop.fit(objective, recipe, folder, run, fabric)
    if all(float(str(row["skipped"])) == 1 for row in rows):
        raise DivergedError(
            "every meta-gradient was passed over, for it exploded or was not finite, so nothing "
            "was learned; lower `step_size`, `fan_in_power` or `truncation`"
        )
    if objective.both is not None:
        optimizer.load_state_dict(objective.both.best.state_dict())
    return rows


def validated(optimizer: LearnedOptimizer, held_out: Sequence[InnerTasks]) -> float:
    """Give the geometric mean of the training losses at the horizon."""
    reached = [train_learned(optimizer, tasks, _IMAGES).train for tasks in held_out]
    return float((torch.cat(reached).double() + _TINY).log().mean().exp())


def unroll(
    optimizer: LearnedOptimizer, lower: Lower, tasks: InnerTasks, recipe: Mapping[str, Any]
) -> tuple[float, float, float]:
    """Train inner networks once, and the optimizer with them.

    Gives the mean loss, the loss of the last truncation, and the share of truncations that were
    skipped, for their meta-gradient was not finite, or exploded (Metz et al., 2019).
    """
    second, horizon = recipe.get("second_order", False), tasks.horizon
    values, state = tasks.start, optimizer.first(tasks.start, tasks.horizon)
    means, skipped = [], 0
    for first in range(0, horizon, recipe["truncation"]):
        values, state = values.detach().requires_grad_(), state.detached()
        losses, seen = tasks.losses(values, first), []
        for step in range(first, min(first + recipe["truncation"], horizon)):
            (gradients,) = torch.autograd.grad(
                losses.sum(), values, create_graph=second, retain_graph=True
            )
            values, state = optimizer(tasks.template, values, gradients, state)
            losses = tasks.losses(values, step + 1)
            seen.append(losses)
        observed = torch.stack(seen)
        means.append(float(bounded(observed.detach()).mean()))
        counted = observed[-recipe.get("last", len(observed)) :]
        if recipe.get("objective") == "log":
            counted = (counted + _TINY).log()
        skipped += not lower(counted.mean())
        if not values.isfinite().all():
            break
    return float(np.mean(means)), means[-1], skipped / len(means)
