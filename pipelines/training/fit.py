"""Fitting one metanet by gradient descent, with Lightning Fabric."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import Tensor, nn

from graphgen import GraphSet
from pipelines.errors import PipelineError
from pipelines.runs.checkpoint import Rows, load_checkpoint, save_checkpoint
from pipelines.runs.diverged import DivergedError, check_finite
from pipelines.tasks.registry import Task, open_task
from pipelines.tasks.task import Prediction, outputs_of
from pipelines.training.trained import Trained


def fit(
    name: str,
    settings: Mapping[str, Any],
    training: Mapping[str, Any],
    graphs: Path,
    task: Mapping[str, Any],
    networks: int | None,
    seed: int,
    folder: Path,
    run: str,
    processes: int = 1,
) -> tuple[Trained, Rows]:
    """Train a metanet on the training networks of a graph set, or on so many of them.

    Minimises the loss of the task by AdamW with a one-cycle learning rate. The order of networks
    and all other chance depend on the seed and the epoch alone, so a run that goes on from its
    checkpoint gives the same numbers as one that was not stopped. Several `processes` share each
    batch (gloo), and give the same numbers up to rounding, but for what draws by itself. Gives the
    history of its epochs too. Raises `DivergedError` where loss or gradients are not finite.
    """
    arguments = (name, settings, training, graphs, task, networks, seed, folder, run)
    if processes == 1:
        return work(Fabric(accelerator="cpu", devices=1), *arguments)
    strategy = DDPStrategy(
        start_method="spawn", process_group_backend="gloo", find_unused_parameters=True
    )
    Fabric(accelerator="cpu", devices=processes, strategy=strategy).launch(
        partial(share, arguments)
    )
    opened = open_task(task, GraphSet.open(graphs), networks)
    model = opened.make(name, settings)
    module = opened.trained(model)
    done, rows = load_checkpoint(folder, run, module, torch.optim.AdamW(module.parameters()))
    if done < training["epochs"]:
        check_finite({"the norm of the gradients, or the loss,": math.nan}, done, training)
    return Trained(name, model, task, opened.state(model)), rows


def share(arguments: tuple[Any, ...], fabric: Fabric) -> None:
    """Work as one of several processes; all of them stop where the run diverges."""
    with suppress(DivergedError):
        work(fabric, *arguments)


def work(
    fabric: Fabric,
    name: str,
    settings: Mapping[str, Any],
    training: Mapping[str, Any],
    graphs: Path,
    task_settings: Mapping[str, Any],
    networks: int | None,
    seed: int,
    folder: Path,
    run: str,
) -> tuple[Trained, Rows]:
    """Do one process's part of `fit`; the first one measures, and writes what is kept."""
    if fabric.world_size > 1:
        torch.set_num_threads(1)
    task = open_task(task_settings, GraphSet.open(graphs), networks)
    fabric.seed_everything(seed, verbose=False)
    model = task.make(name, settings)
    bare = task.trained(model)
    module, optimizer = fabric.setup(
        bare,
        torch.optim.AdamW(
            bare.parameters(),
            lr=training["learning_rate"],
            weight_decay=training["weight_decay"],
        ),
    )
    epochs, size = training["epochs"], training["batch_size"]
    train = task.indices["train"]
    steps = math.ceil(len(train) / size)
    start, rows = load_checkpoint(folder, run, bare, optimizer)
    fabric.barrier()
    for epoch in range(start, epochs):
        begun = time.process_time()
        torch.manual_seed(hash_seed(seed, epoch))
        order = np.random.default_rng([seed, epoch]).permutation(len(train))
        module.train()
        total = torch.zeros(())
        for step in range(steps):
            rate = one_cycle((epoch * steps + step) / (epochs * steps))
            for group in optimizer.param_groups:
                group["lr"] = training["learning_rate"] * rate
            chosen = [train[i] for i in order[step * size : (step + 1) * size]]
            loss = own_share(fabric, task, module, chosen)
            optimizer.zero_grad(set_to_none=True)
            fabric.backward(loss)
            norm = fabric.clip_gradients(
                module, optimizer, max_norm=training["gradient_norm"], error_if_nonfinite=False
            )
            if norm is not None:
                check_finite({"the norm of the gradients": norm.item()}, epoch, training)
            optimizer.step()
            total += loss.detach() * len(chosen)
        total = torch.as_tensor(fabric.all_reduce(total, reduce_op="mean"))
        numbers: dict[str, float] = {"train_loss": float(total) / len(train)}
        if fabric.is_global_zero:
            numbers |= validated(task, bare, model)
        numbers = fabric.broadcast(numbers)
        losses = {f"`{key}`": value for key, value in numbers.items() if key.endswith("_loss")}
        check_finite(losses, epoch, training)
        if fabric.is_global_zero:
            seconds = round(time.process_time() - begun, 3)
            rows.append({"epoch": epoch + 1, **numbers, "seconds": seconds})
            save_checkpoint(folder, run, epoch + 1, bare, optimizer, rows)
        fabric.barrier()
    return Trained(name, model, task_settings, task.state(model)), rows


def validated(task: Task, module: nn.Module, model: nn.Module) -> dict[str, float]:
    """Measure an epoch; outputs that are not finite have no scores, and such a loss."""
    try:
        return task.validate(module, model)
    except PipelineError:
        if not isinstance(task, Prediction):
            raise
        outputs = outputs_of(model, task.graph_set, task.indices["validation"])
        if bool(outputs.isfinite().all()):
            raise
        return {"validation_loss": math.nan}


def own_share(fabric: Fabric, task: Task, module: Any, chosen: list[int]) -> Tensor:
    """Give this process's share of a batch's loss: the mean over processes is the whole loss."""
    if fabric.world_size == 1:
        return task.loss(module, chosen)
    # A process without a network of its own takes one along that counts nothing.
    own = chosen[fabric.global_rank :: fabric.world_size]
    loss = task.loss(module, own or chosen[:1])
    return loss * (len(own) * fabric.world_size / len(chosen))


def one_cycle(progress: float, warm_up: float = 0.15, floor: float = 0.001) -> float:
    """Give the share of the highest learning rate: up linearly, then down along a cosine."""
    if progress < warm_up:
        return floor + (1 - floor) * progress / warm_up
    return floor + (1 - floor) * 0.5 * (
        1 + math.cos(math.pi * (progress - warm_up) / (1 - warm_up))
    )


def hash_seed(seed: int, epoch: int) -> int:
    """Mix a seed and an epoch into one 63-bit seed."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> 1)
