"""Fitting one flow to the training networks of a population."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from metanet import Flow
from pipelines.generation.average import Averaged
from pipelines.runs.checkpoint import Rows, load_checkpoint, save_checkpoint
from pipelines.runs.diverged import check_finite
from pipelines.training.fit import hash_seed, one_cycle

AVERAGE = 0.999
COLUMNS = ("epoch", "train_loss", "validation_loss", "seconds")
VALIDATION_SEED, VALIDATION_MOST = 1, 512


def fit(
    flow: Flow,
    training: Mapping[str, Any],
    splits: Mapping[str, tuple[Tensor, Tensor | None]],
    seed: int,
    folder: Path,
    run: str,
) -> tuple[Flow, Rows]:
    """Train a flow by AdamW with a one-cycle learning rate; give the average of its parameters.

    Gives the history of its epochs too. Times are spread evenly over a batch. All chance depends on
    the seed and the epoch alone, so a run that goes on from its checkpoint gives the same numbers
    as one that was not stopped. Raises `DivergedError` where the loss or the gradients are not
    finite.

    Args:
        flow: with its first parameters.
        training: `epochs`, `batch_size`, `learning_rate`, `weight_decay`, `gradient_norm`, and
            `average`, the rate at which the average keeps what it has (0.999).
        splits: of `train` and `validation`, weights (N, P), and classes (N,) or None.
        seed: of the order of networks, of noise and times.
        folder: of the checkpoint.
        run: the identity of what is trained; a checkpoint of another one is passed over.
    """
    both = Averaged(flow, training.get("average", AVERAGE))
    optimizer = torch.optim.AdamW(
        flow.parameters(), lr=training["learning_rate"], weight_decay=training["weight_decay"]
    )
    data, labels = splits["train"]
    data = flow.standardise(data)
    epochs, size = training["epochs"], min(training["batch_size"], len(data))
    steps = math.ceil(len(data) / size)
    start, rows = load_checkpoint(folder, run, both, optimizer, COLUMNS)
    for epoch in range(start, epochs):
        begun = time.process_time()
        torch.manual_seed(hash_seed(seed, epoch))  # for permutations by which an MLP is augmented
        generator = torch.Generator().manual_seed(hash_seed(seed, epoch))
        order = torch.from_numpy(np.random.default_rng([seed, epoch]).permutation(len(data)))
        both.train()
        total = 0.0
        for step in range(steps):
            done = epoch * steps + step
            rate = one_cycle(done / (epochs * steps))
            for group in optimizer.param_groups:
                group["lr"] = training["learning_rate"] * rate
            chosen = order[step * size : (step + 1) * size]
            own = None if labels is None else labels[chosen]
            loss = path_loss(flow, data[chosen], own, generator)
            value = float(loss.detach())
            check_finite({"the loss": value}, epoch, training)
            total += value * len(chosen)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(flow.parameters(), training["gradient_norm"])
            check_finite({"the norm of the gradients": norm.item()}, epoch, training)
            optimizer.step()
            both.update(done)
        losses = {
            "train_loss": total / len(data),
            "validation_loss": held_out_loss(both.average, *splits["validation"], size),
        }
        check_finite({f"`{name}`": value for name, value in losses.items()}, epoch, training)
        rows.append(
            {"epoch": epoch + 1, **losses, "seconds": round(time.process_time() - begun, 3)}
        )
        save_checkpoint(folder, run, epoch + 1, both, optimizer, rows)
    return both.average, rows


def path_loss(
    flow: Flow, data: Tensor, labels: Tensor | None, generator: torch.Generator
) -> Tensor:
    """Give the loss on some networks, standardised, with noise and times drawn for them."""
    noise = torch.randn(data.shape, generator=generator, dtype=data.dtype)
    within = torch.rand(len(data), generator=generator, dtype=data.dtype)
    times = (torch.arange(len(data)).to(data) + within) / len(data)
    return flow.loss(data, noise, times, labels)


def held_out_loss(flow: Flow, values: Tensor, labels: Tensor | None, size: int) -> float:
    """Give the loss on the first networks held out, always with the same noise and times."""
    generator = torch.Generator().manual_seed(VALIDATION_SEED)
    data = flow.standardise(values[:VALIDATION_MOST])
    flow.eval()
    total = 0.0
    with torch.no_grad():
        for i in range(0, len(data), size):
            chosen = slice(i, i + size)
            own = None if labels is None else labels[chosen][: len(data[chosen])]
            loss = path_loss(flow, data[chosen], own, generator)
            total += float(loss) * len(data[chosen])
    return total / len(data)
