"""The training loop: that of metanets, of flows and of learned optimizers."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from graphgen.errors import GraphError
from metanet.errors import MetanetError
from metanet.memory import keep_freed_memory
from pipelines.errors import PipelineError
from pipelines.runs.checkpoint import Rows, load_checkpoint, save_checkpoint
from pipelines.runs.diverged import check_finite
from pipelines.runs.history import SECONDS
from pipelines.runs.schedule import one_cycle
from pipelines.runs.together import average_gradients, mean_over_processes

Lower = Callable[[Tensor], bool]


class Objective(ABC):
    """What is trained, and how: the part of a training that is not the same for all.

    Attributes:
        columns: of the history, each of finite numbers; empty for those of its first row, of which
            losses have to be finite.
        warm_up: the share of all steps in which the learning rate rises.
        floor: the share of the highest learning rate at both ends.
        passed_over: gradients of more than so many times `gradient_norm`, or that are not finite,
            are passed over; None lets a run diverge where they are not finite.
        trained: the module whose parameters are trained.
        kept: what a checkpoint keeps: `trained`, or a module that it is a part of.
        steps: the number of steps of an epoch.
    """

    columns: tuple[str, ...] = ()
    warm_up: ClassVar[float] = 0.15
    floor: ClassVar[float] = 0.001
    passed_over: ClassVar[float | None] = None
    trained: nn.Module
    kept: nn.Module
    steps: int

    @abstractmethod
    def begin(self, epoch: int) -> None:
        """Draw what an epoch goes through; all chance depends on the seed and the epoch alone."""

    @abstractmethod
    def step(self, number: int, lower: Lower) -> None:
        """Compute a step's loss, or several, one after the other, and `lower` each.

        `lower` says whether it was: gradients may be passed over.
        """

    @abstractmethod
    def measured(self, rows: Rows) -> dict[str, float]:
        """Give what the history says of an epoch after `rows`; that of the first process counts."""


def fit(
    objective: Objective, training: Mapping[str, Any], folder: Path, run: str, fabric: Fabric
) -> Rows:
    """Train by AdamW with a one-cycle learning rate and clipped gradients; give the history.

    A run goes on from its checkpoint, with the same numbers as one that was not stopped. Raises
    `DivergedError` where gradients, or a number of the history, are not finite.

    Args:
        objective: what is trained.
        training: `epochs`, `learning_rate`, `gradient_norm`, and `weight_decay` if any.
        folder: of the checkpoint.
        run: the identity of what is trained; a checkpoint of another one is passed over.
        fabric: device, precision, and the processes that share each batch; its loggers are given
            the numbers of each epoch, and its callbacks are called by `on_epoch_end`, with the
            `objective` and the `row` of the history if they want them.
    """
    keep_freed_memory()
    kept = objective.kept.to(fabric.device)
    optimizer = torch.optim.AdamW(
        objective.trained.parameters(),
        lr=training["learning_rate"],
        weight_decay=training.get("weight_decay", 0.0),
    )
    begin, rows = load_checkpoint(folder, run, kept, optimizer, objective.columns)
    fabric.barrier()
    total = training["epochs"] * objective.steps
    for epoch in range(begin, training["epochs"]):
        begun = time.process_time()
        objective.begin(epoch)
        kept.train()
        lower = lowering(objective, optimizer, training, epoch, fabric)
        for step in range(objective.steps):
            progress = (epoch * objective.steps + step) / total
            share = one_cycle(progress, objective.warm_up, objective.floor)
            for group in optimizer.param_groups:
                group["lr"] = training["learning_rate"] * share
            with fabric.autocast():
                objective.step(step, lower)
        numbers = measured(objective, rows, fabric)
        finite = objective.columns or [name for name in numbers if name.endswith("_loss")]
        check_finite({f"`{n}`": v for n, v in numbers.items() if n in finite}, epoch, training)
        spent = mean_over_processes(time.process_time() - begun, fabric) * fabric.world_size
        seconds = round(spent, 3)
        rows.append({"epoch": epoch + 1, **numbers, SECONDS: seconds})
        fabric.log_dict(numbers, step=epoch + 1)
        fabric.call("on_epoch_end", objective=objective, row=rows[-1])
        if fabric.is_global_zero:
            save_checkpoint(folder, run, epoch + 1, kept, optimizer, rows)
        fabric.barrier()
    return rows


def lowering(
    objective: Objective,
    optimizer: torch.optim.Optimizer,
    training: Mapping[str, Any],
    epoch: int,
    fabric: Fabric,
) -> Lower:
    """Give the function that takes one step of the optimizer down a loss's gradient."""
    parameters = list(objective.trained.parameters())
    most = training["gradient_norm"]

    def lower(loss: Tensor) -> bool:
        optimizer.zero_grad(set_to_none=True)
        fabric.backward(loss)
        average_gradients(parameters, fabric)
        norm = float(nn.utils.clip_grad_norm_(parameters, most))
        if objective.passed_over is None:
            check_finite({"the norm of the gradients": norm}, epoch, training)
        elif not norm <= objective.passed_over * most:
            return False
        optimizer.step()
        return True

    return lower


def measured(objective: Objective, rows: Rows, fabric: Fabric) -> dict[str, float]:
    """Let all processes know what the first one finds of an epoch, or that it fails."""
    found: dict[str, float] | Exception
    try:
        found = objective.measured(rows)
    except (GraphError, MetanetError, PipelineError) as error:
        found = error
    found = fabric.broadcast(found)
    if isinstance(found, Exception):
        raise found
    return found
