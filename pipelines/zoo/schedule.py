"""The schedule of a network's training: the images of each step, and its learning rate."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pipelines.zoo.sampling import NetworkPlan


class Schedule:
    """What a network is shown at each step, drawn on the CPU from the network's own seed.

        schedule = Schedule(plan, images=1000)
        for batch in schedule.epoch():                    # indices of images
            ...

    Each epoch goes through a random part of the images, of `train_fraction` of them, in a new
    order; a last batch of a single image is left out, as it has no statistics.

    Attributes:
        chosen: the images of the part, as indices.
        batches: batches in an epoch; all have `batch_size` images, but for a smaller last one.
        steps: batches in all epochs.
    """

    def __init__(self, plan: NetworkPlan, images: int) -> None:
        recipe = plan.training
        self._recipe = recipe
        self._order = torch.Generator().manual_seed(plan.seeds.data_order)
        count = max(2, round(recipe["train_fraction"] * images))
        size = recipe["batch_size"]
        self.chosen = torch.randperm(images, generator=self._order)[:count]
        self.batches: int = -(-count // size) - (count % size == 1)
        self.steps: int = recipe["epochs"] * self.batches

    def epoch(self) -> tuple[Tensor, ...]:
        """Draw the batches of the next epoch."""
        order = torch.randperm(len(self.chosen), generator=self._order)
        return self.chosen[order].split(self._recipe["batch_size"])[: self.batches]

    def learning_rate(self, step: int) -> float:
        """Give the rate of a step; on the cosine schedule it falls to 0 over all steps."""
        rate: float = self._recipe["learning_rate"]
        if self._recipe["schedule"] == "cosine":
            return rate * ((1 + math.cos(math.pi * step / self.steps)) / 2)
        return rate
