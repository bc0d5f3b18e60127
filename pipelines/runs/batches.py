"""Batches: the networks of a training in an order drawn anew for each epoch."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from pipelines.runs.checkpoint import Rows
from pipelines.runs.loop import Lower, Objective
from pipelines.runs.together import mean_over_processes, own_places


class Batches(Objective):
    """An objective that is a mean over networks, of which each step takes some.

    Attributes:
        count: the number of networks to train with.
        size: how many of them a step takes.
        seed: of their order, and of what else an epoch draws.
        fabric: the device, and the processes that share each batch.
        done: the number of steps so far.
    """

    def __init__(self, count: int, size: int, seed: int, fabric: Fabric) -> None:
        self.count, self.size, self.seed, self.fabric = count, min(size, count), seed, fabric
        self.steps = math.ceil(self.count / self.size)
        self.order = np.arange(count)
        self.done, self.total = 0, 0.0

    @abstractmethod
    def loss(self, chosen: Sequence[int], own: Sequence[int]) -> Tensor:
        """Give the mean loss on those of the networks `chosen` whose places are `own`."""

    @abstractmethod
    def validated(self) -> dict[str, float]:
        """Measure what is trained on networks held out."""

    def begin(self, epoch: int) -> None:
        torch.manual_seed(hash_seed(self.seed, epoch))
        self.order = np.random.default_rng([self.seed, epoch]).permutation(self.count)
        self.done, self.total = epoch * self.steps, 0.0

    def step(self, number: int, lower: Lower) -> None:
        chosen = self.order[number * self.size : (number + 1) * self.size].tolist()
        own, share = own_places(len(chosen), self.fabric)
        loss = self.loss(chosen, own) * share
        self.total += float(loss.detach()) * len(chosen)
        lower(loss)
        self.done += 1

    def measured(self, rows: Rows) -> dict[str, float]:
        loss = mean_over_processes(self.total / self.count, self.fabric)
        return {"train_loss": loss, **(self.validated() if self.fabric.is_global_zero else {})}


def hash_seed(seed: int, epoch: int) -> int:
    """Mix a seed and an epoch into one 63-bit seed."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> 1)
