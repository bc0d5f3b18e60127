"""Fitting one metanet by gradient descent, with Lightning Fabric."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import Tensor

from graphgen import GraphSet
from metanet import Batch, make_metanet
from pipelines.metrics import scores
from pipelines.training.auxiliary import Auxiliary
from pipelines.training.checkpoint import load_checkpoint, save_checkpoint
from pipelines.training.history import read_history, write_history
from pipelines.training.predictor import Predictor
from pipelines.training.targets import Targets


def fit(
    name: str,
    settings: Mapping[str, Any],
    training: Mapping[str, Any],
    graph_set: GraphSet,
    targets: Targets,
    auxiliary: Auxiliary,
    seed: int,
    folder: Path,
    run: str,
    processes: int = 1,
) -> Predictor:
    """Train a metanet on the training networks of a graph set.

    Minimises the mean squared error of the standardised target, and of the auxiliary ones by their
    weights, by AdamW with a one-cycle learning rate. The order of networks and all other chance
    depend on the seed and the epoch alone, so a run that goes on from its checkpoint gives the same
    numbers as one that was not stopped. Several `processes` share each batch (gloo), and give the
    same numbers up to rounding, but for dropout.
    """
    if auxiliary.columns:
        settings = {**settings, "outputs": 1 + auxiliary.columns}
    arguments = (name, settings, training, graph_set.folder, targets, auxiliary, seed, folder, run)
    if processes == 1:
        return work(Fabric(accelerator="cpu", devices=1), *arguments)
    strategy = DDPStrategy(
        start_method="spawn", process_group_backend="gloo", find_unused_parameters=True
    )
    Fabric(accelerator="cpu", devices=processes, strategy=strategy).launch(
        partial(share, arguments)
    )
    model = make_metanet(name, **settings)
    load_checkpoint(folder, run, model, torch.optim.AdamW(model.parameters()))
    return Predictor(name, model, targets.name, targets.mean, targets.deviation)


def share(arguments: tuple[Any, ...], fabric: Fabric) -> None:
    """Work as one of several processes."""
    work(fabric, *arguments)


def work(
    fabric: Fabric,
    name: str,
    settings: Mapping[str, Any],
    training: Mapping[str, Any],
    graphs: Path,
    targets: Targets,
    auxiliary: Auxiliary,
    seed: int,
    folder: Path,
    run: str,
) -> Predictor:
    """Do one process's part of `fit`; the first one measures, and writes what is kept."""
    if fabric.world_size > 1:
        torch.set_num_threads(1)
    graph_set = GraphSet.open(graphs)
    fabric.seed_everything(seed, verbose=False)
    bare = make_metanet(name, **settings)
    model, optimizer = fabric.setup(
        bare,
        torch.optim.AdamW(
            bare.parameters(),
            lr=training["learning_rate"],
            weight_decay=training["weight_decay"],
        ),
    )
    epochs, size = training["epochs"], training["batch_size"]
    train, validation = targets.indices["train"], targets.indices["validation"]
    steps = math.ceil(len(train) / size)
    predictor = Predictor(name, bare, targets.name, targets.mean, targets.deviation)
    start = load_checkpoint(folder, run, bare, optimizer)
    rows: list[Mapping[str, object]] = list(read_history(folder, start))
    fabric.barrier()
    for epoch in range(start, epochs):
        begun = time.perf_counter()
        torch.manual_seed(hash_seed(seed, epoch))
        order = np.random.default_rng([seed, epoch]).permutation(len(train))
        model.train()
        total = torch.zeros(())
        for step in range(steps):
            rate = one_cycle((epoch * steps + step) / (epochs * steps))
            for group in optimizer.param_groups:
                group["lr"] = training["learning_rate"] * rate
            chosen = [train[i] for i in order[step * size : (step + 1) * size]]
            loss = own_share(fabric, model, graph_set, targets, auxiliary, chosen)
            optimizer.zero_grad(set_to_none=True)
            fabric.backward(loss)
            fabric.clip_gradients(model, optimizer, max_norm=training["gradient_norm"])
            optimizer.step()
            total += loss.detach() * len(chosen)
        total = torch.as_tensor(fabric.all_reduce(total, reduce_op="mean"))
        if fabric.is_global_zero:
            predicted = predictor.predict_set(graph_set, validation)
            true = targets.values[validation]
            measured = scores(true, predicted)
            rows.append(
                {
                    "epoch": epoch + 1,
                    "train_loss": float(total) / len(train),
                    "validation_loss": float(np.mean((predicted - true) ** 2))
                    / targets.deviation**2,
                    "validation_r2": measured["r2"],
                    "validation_tau": measured["tau"],
                    "seconds": round(time.perf_counter() - begun, 3),
                }
            )
            write_history(folder, rows)
            save_checkpoint(folder, run, epoch + 1, bare, optimizer)
        fabric.barrier()
    return predictor


def own_share(
    fabric: Fabric,
    model: Any,
    graph_set: GraphSet,
    targets: Targets,
    auxiliary: Auxiliary,
    chosen: list[int],
) -> Tensor:
    """Give this process's share of a batch's loss: the mean over processes is the whole loss."""
    if fabric.world_size == 1:
        return squared_error(model, graph_set, targets, auxiliary, chosen)
    # A process without a network of its own takes one along that counts nothing.
    own = chosen[fabric.global_rank :: fabric.world_size]
    loss = squared_error(model, graph_set, targets, auxiliary, own or chosen[:1])
    return loss * (len(own) * fabric.world_size / len(chosen))


def squared_error(
    model: Any, graph_set: GraphSet, targets: Targets, auxiliary: Auxiliary, chosen: list[int]
) -> Tensor:
    """Give the mean squared error on some networks, of the standardised target.

    Those of the auxiliary targets are added by their weights; an unknown one counts nothing.
    """
    wanted = torch.from_numpy(targets.standardised(chosen)).float()
    output: Tensor = model(Batch.from_set(graph_set, chosen))
    loss = torch.nn.functional.mse_loss(output[:, 0], wanted)
    if auxiliary.columns:
        beside = torch.from_numpy(auxiliary.values[chosen])
        errors = torch.where(beside.isnan(), 0, (output[:, 1:] - beside.nan_to_num()).square())
        loss = loss + errors.mean(0) @ torch.from_numpy(auxiliary.weights)
    return loss


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
