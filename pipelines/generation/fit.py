"""Fitting one flow to the training networks of a population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from metanet import Flow
from pipelines.generation.average import Averaged
from pipelines.runs import loop
from pipelines.runs.batches import Batches, hash_seed
from pipelines.runs.checkpoint import Rows
from pipelines.runs.loop import Lower

AVERAGE = 0.999
VALIDATION_SEED, VALIDATION_MOST = 1, 512
Splits = Mapping[str, tuple[Tensor, Tensor | None]]


class AlongPaths(Batches):
    """A flow whose velocities are those of straight paths, and the average of its parameters."""

    columns = ("epoch", "train_loss", "validation_loss", "seconds")

    def __init__(
        self, flow: Flow, training: Mapping[str, Any], splits: Splits, seed: int, fabric: Fabric
    ) -> None:
        device = fabric.device
        self.splits = {
            split: (values.to(device), None if labels is None else labels.to(device))
            for split, (values, labels) in splits.items()
        }
        values, self.labels = self.splits["train"]
        super().__init__(len(values), training["batch_size"], seed, fabric)
        self.trained = flow.to(device)
        self.kept = self.both = Averaged(flow, training.get("average", AVERAGE))
        self.data = flow.standardise(values)
        self.generator = torch.Generator()

    def begin(self, epoch: int) -> None:
        super().begin(epoch)
        self.generator.manual_seed(hash_seed(self.seed, epoch))

    def loss(self, chosen: Sequence[int], own: Sequence[int]) -> Tensor:
        """Give the loss with noise and times drawn for all, times spread evenly over the batch."""
        places = torch.tensor(chosen, device=self.data.device)
        labels = None if self.labels is None else self.labels[places]
        return path_loss(self.both.model, self.data[places], labels, self.generator, own)

    def step(self, number: int, lower: Lower) -> None:
        super().step(number, lower)
        self.both.update(self.done - 1)

    def validated(self) -> dict[str, float]:
        return {
            "validation_loss": held_out_loss(
                self.both.average, *self.splits["validation"], self.size
            )
        }


def fit(
    flow: Flow,
    training: Mapping[str, Any],
    splits: Splits,
    seed: int,
    folder: Path,
    run: str,
    fabric: Fabric,
) -> tuple[Flow, Rows]:
    """Train a flow; give the average of its parameters, and the history of its epochs.

    All that is not said here is said of the loop, `pipelines.runs.loop.fit`.

    Args:
        flow: with its first parameters.
        training: the recipe of the loop, `batch_size`, and `average`, the rate at which the average
            keeps what it has (0.999).
        splits: of `train` and `validation`, weights (N, P), and classes (N,) or None.
        seed: of the order of networks, of noise and times.
        folder: of the checkpoint.
        run: the identity of what is trained.
        fabric: the device, and the processes that share each batch.
    """
    objective = AlongPaths(flow, training, splits, seed, fabric)
    rows = loop.fit(objective, training, folder, run, fabric)
    return objective.both.average, rows


def path_loss(
    flow: Flow,
    data: Tensor,
    labels: Tensor | None,
    generator: torch.Generator,
    own: Sequence[int] | None = None,
) -> Tensor:
    """Give the loss on standardised networks, with noise and times drawn for all of them.

    With `own`, the loss is that of the networks in these places alone.
    """
    noise = torch.randn(data.shape, generator=generator, dtype=data.dtype)
    within = torch.rand(len(data), generator=generator, dtype=data.dtype)
    times = (torch.arange(len(data)).to(within) + within) / len(data)
    noise, times = noise.to(data.device), times.to(data.device)
    if own is not None and len(own) < len(data):
        places = torch.tensor(own, device=data.device)
        data, noise, times = data[places], noise[places], times[places]
        labels = None if labels is None else labels[places]
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
