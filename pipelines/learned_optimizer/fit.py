"""Meta-training: fitting one learned optimizer by backpropagation through inner trainings."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from metanet import LearnedOptimizer, OptimizerState
from pipelines.learned_optimizer.best import LOSS, WithBest
from pipelines.learned_optimizer.inner_training import train_learned
from pipelines.learned_optimizer.settings import TaskFamily
from pipelines.learned_optimizer.tasks import InnerTasks, bounded
from pipelines.runs.checkpoint import Rows, load_checkpoint, save_checkpoint
from pipelines.runs.diverged import DivergedError, check_finite

_WARM_UP, _FLOOR = 0.05, 0.01
_TINY = 1e-6
_FITTING, _VALIDATION = 0, 3
"""What the seeds of meta-training begin with; those of tuning and testing begin otherwise."""
_EXPLODED = 10.0
"""Meta-gradients of this many times `gradient_norm` are passed over: they say nothing."""
_IMAGES = 1000
COLUMNS = ("epoch", "meta_loss", "last_loss", "skipped", "step_size", "seconds")


def fit(
    optimizer: LearnedOptimizer,
    family: TaskFamily,
    horizon: int,
    recipe: Mapping[str, Any],
    seed: int,
    folder: Path,
    run: str,
) -> Rows:
    """Meta-train a learned optimizer on inner tasks of a family; give the history of its epochs.

    Each unroll draws an architecture and trains `networks` of it from new starts for `horizon`
    steps. After every `truncation` steps, Adam lowers the losses of these steps, each on a batch
    that the update before it has not seen, backpropagated through them: their mean, or with the
    objective `log` the mean of their logarithms, over the `last` steps of a truncation (default:
    all). With `second_order`, through gradients too (Andrychowicz et al., NeurIPS 2016, leave that
    out). With `validation`, the parameters of the epoch are kept that do best at the horizon of so
    many further unrolls. All chance depends on the seed and the epoch, so a run that goes on from
    its checkpoint gives the same numbers. Raises `PipelineError` where nothing was learned.
    """
    meta = torch.optim.Adam(optimizer.parameters(), lr=recipe["learning_rate"])
    epochs, unrolls = recipe["epochs"], recipe["unrolls"]
    held_out = [
        InnerTasks(family, recipe["networks"], horizon, [_VALIDATION, number])
        for number in range(recipe.get("validation", 0))
    ]
    both = WithBest(optimizer) if held_out else None
    kept = both or optimizer
    begin, rows = load_checkpoint(
        folder, run, kept, meta, (*COLUMNS, LOSS) if held_out else COLUMNS
    )
    optimizer.train()
    for epoch in range(begin, epochs):
        begun = time.process_time()
        measured = []
        for number in range(unrolls):
            rate = share_of_rate((epoch * unrolls + number) / (epochs * unrolls))
            for group in meta.param_groups:
                group["lr"] = recipe["learning_rate"] * rate
            tasks = InnerTasks(family, recipe["networks"], horizon, [_FITTING, seed, epoch, number])
            measured.append(unroll(optimizer, meta, tasks, recipe))
        losses, last, skipped = np.mean(measured, axis=0)
        row: dict[str, object] = {
            "epoch": epoch + 1,
            "meta_loss": float(losses),
            "last_loss": float(last),
            "skipped": float(skipped),
            "step_size": float(optimizer.log_step.detach().exp()),
        }
        if both is not None:
            row[LOSS] = found = validated(optimizer, held_out)
            both.keep(found, rows)
        check_finite({f"`{name}`": value for name, value in row.items()}, epoch, recipe)
        row["seconds"] = round(time.process_time() - begun, 3)
        rows.append(row)
        save_checkpoint(folder, run, epoch + 1, kept, meta, rows)
    if all(float(str(row["skipped"])) == 1 for row in rows):
        raise DivergedError(
            "every meta-gradient was passed over, for it exploded or was not finite, so nothing "
            "was learned; lower `step_size`, `fan_in_power` or `truncation`"
        )
    if both is not None:
        optimizer.load_state_dict(both.best.state_dict())
    return rows


def validated(optimizer: LearnedOptimizer, held_out: Sequence[InnerTasks]) -> float:
    """Give the geometric mean of the training losses at the horizon."""
    reached = [train_learned(optimizer, tasks, _IMAGES).train for tasks in held_out]
    return float((torch.cat(reached).double() + _TINY).log().mean().exp())


def unroll(
    optimizer: LearnedOptimizer,
    meta: torch.optim.Optimizer,
    tasks: InnerTasks,
    recipe: Mapping[str, Any],
) -> tuple[float, float, float]:
    """Train inner networks once, and the optimizer with them.

    Gives the mean loss, the loss of the last truncation, and the share of truncations that were
    skipped, for their meta-gradient was not finite, or exploded (Metz et al., 2019).
    """
    second, horizon = recipe.get("second_order", False), tasks.horizon
    values, state = tasks.start, OptimizerState.first(tasks.start, tasks.horizon)
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
        if not improve(optimizer, meta, counted, recipe):
            skipped += 1
        if not values.isfinite().all():
            break
    return float(np.mean(means)), means[-1], skipped / len(means)


def improve(
    optimizer: LearnedOptimizer,
    meta: torch.optim.Optimizer,
    losses: Tensor,
    recipe: Mapping[str, Any],
) -> bool:
    """Take a step down the meta-gradient of losses (steps, networks), unless it exploded."""
    objective = (losses + _TINY).log() if recipe.get("objective") == "log" else losses
    meta.zero_grad(set_to_none=True)
    objective.mean().backward()
    norm = torch.nn.utils.clip_grad_norm_(optimizer.parameters(), recipe["gradient_norm"])
    if not norm <= _EXPLODED * recipe["gradient_norm"]:
        return False
    meta.step()
    return True


def share_of_rate(progress: float) -> float:
    """Give the share of the meta-learning rate: up linearly, then down along a cosine."""
    if progress < _WARM_UP:
        return _FLOOR + (1 - _FLOOR) * progress / _WARM_UP
    place = (progress - _WARM_UP) / (1 - _WARM_UP)
    return _FLOOR + (1 - _FLOOR) * (1 + math.cos(math.pi * place)) / 2
