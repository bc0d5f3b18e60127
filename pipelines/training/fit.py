"""Fitting one metanet by gradient descent, with Lightning Fabric."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from graphgen import GraphSet
from metanet import Batch, make_metanet
from pipelines.metrics import scores
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
    seed: int,
    folder: Path,
    run: str,
) -> Predictor:
    """Train a metanet on the training networks of a graph set.

    Minimises the mean squared error of the standardised target by AdamW with a one-cycle learning
    rate. The order of networks and all other chance depend on the seed and the epoch alone, so a
    run that goes on from its checkpoint gives the same numbers as one that was not stopped.
    """
    fabric = Fabric(accelerator="cpu", devices=1)
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
    for epoch in range(start, epochs):
        begun = time.perf_counter()
        torch.manual_seed(hash_seed(seed, epoch))
        order = np.random.default_rng([seed, epoch]).permutation(len(train))
        model.train()
        losses = []
        for step in range(steps):
            rate = one_cycle((epoch * steps + step) / (epochs * steps))
            for group in optimizer.param_groups:
                group["lr"] = training["learning_rate"] * rate
            chosen = [train[i] for i in order[step * size : (step + 1) * size]]
            loss = squared_error(model, graph_set, targets, chosen)
            optimizer.zero_grad(set_to_none=True)
            fabric.backward(loss)
            fabric.clip_gradients(model, optimizer, max_norm=training["gradient_norm"])
            optimizer.step()
            losses.append(float(loss.detach()) * len(chosen))
        predicted = predictor.predict_set(graph_set, validation)
        true = targets.values[validation]
        measured = scores(true, predicted)
        rows.append(
            {
                "epoch": epoch + 1,
                "train_loss": sum(losses) / len(train),
                "validation_loss": float(np.mean((predicted - true) ** 2)) / targets.deviation**2,
                "validation_r2": measured["r2"],
                "validation_tau": measured["tau"],
                "seconds": round(time.perf_counter() - begun, 3),
            }
        )
        write_history(folder, rows)
        save_checkpoint(folder, run, epoch + 1, bare, optimizer)
    return predictor


def squared_error(model: Any, graph_set: GraphSet, targets: Targets, chosen: list[int]) -> Tensor:
    """Give the mean squared error on some networks, of the standardised target."""
    wanted = torch.from_numpy(targets.standardised(chosen)).float()
    output: Tensor = model(Batch.from_set(graph_set, chosen))[:, 0]
    return torch.nn.functional.mse_loss(output, wanted)


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
