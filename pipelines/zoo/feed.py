"""The feed of a stack: the schedules of its networks, side by side, some steps at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipelines.zoo.schedule import Schedule


@dataclass(frozen=True)
class Steps:
    """Some steps of a stack.

    Attributes:
        images: indices (steps, networks, batch size); a smaller batch is filled up by its own
            images over again.
        sizes: the batch sizes (steps, networks), on the device as `images`, and in numpy.
        rates: the learning rates (steps, networks, 1).
        ends: whether a step ends an epoch (steps, networks).
    """

    images: Tensor
    sizes: Tensor
    sizes_here: NDArray[np.int64]
    rates: Tensor
    ends: NDArray[np.bool_]

    def keep(self, rows: NDArray[np.int64]) -> Steps:
        """Give the steps of some of the networks."""
        there = torch.from_numpy(rows).to(self.images.device)
        return Steps(
            self.images[:, there],
            self.sizes[:, there],
            self.sizes_here[:, rows],
            self.rates[:, there],
            self.ends[:, rows],
        )


class Feed:
    """The schedules of a stack's networks, which all take one step at a time."""

    def __init__(self, schedules: Sequence[Schedule], batch_size: int) -> None:
        self.rows = [_Row(schedule, batch_size) for schedule in schedules]

    def left(self) -> NDArray[np.int64]:
        """Count the steps that each network has left."""
        return np.array([row.schedule.steps - row.step for row in self.rows])

    def keep(self, rows: NDArray[np.int64]) -> None:
        """Go on with some of the networks."""
        self.rows = [self.rows[i] for i in rows]

    def take(self, count: int, dtype: torch.dtype, device: torch.device) -> Steps:
        """Go on by some steps, that all networks have left."""
        taken = [row.take(count) for row in self.rows]
        images, sizes, rates, ends = (np.stack(x, 1) for x in zip(*taken, strict=True))
        return Steps(
            torch.from_numpy(images).to(device),
            torch.from_numpy(sizes).to(device),
            sizes,
            torch.from_numpy(rates)[..., None].to(device, dtype),
            ends,
        )


class _Row:
    """The schedule of one network."""

    def __init__(self, schedule: Schedule, batch_size: int) -> None:
        self.schedule, self.step = schedule, 0
        count, most = len(schedule.chosen), batch_size
        self.sizes = np.full(schedule.batches, most)
        self.sizes[-1] = min(most, count - most * (schedule.batches - 1))
        self.shape = (schedule.batches, most)
        self.epoch = np.empty(self.shape, np.int64)

    def take(self, count: int) -> tuple[NDArray[np.generic], ...]:
        images = []
        steps = np.arange(self.step, self.step + count)
        while self.step < steps[0] + count:
            place = self.step % self.schedule.batches
            if place == 0:
                self.epoch = self._next_epoch()
            part = self.epoch[place : place + int(steps[0]) + count - self.step]
            images.append(part)
            self.step += len(part)
        places = steps % self.schedule.batches
        rates = np.array([self.schedule.learning_rate(int(step)) for step in steps])
        return (
            np.concatenate(images),
            self.sizes[places],
            rates,
            places == self.schedule.batches - 1,
        )

    def _next_epoch(self) -> NDArray[np.int64]:
        *full, last = self.schedule.epoch()
        filled = np.resize(last.numpy(), self.shape[1])
        return np.stack([*(batch.numpy() for batch in full), filled])
