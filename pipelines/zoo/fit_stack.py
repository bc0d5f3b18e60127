"""Fitting a stack: many networks of one architecture trained at once, each by its own recipe."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from metanet.evaluate import initial_weights, run_stack
from metanet.evaluate.stack import dropouts
from pipelines.datasets import Dataset
from pipelines.zoo.checkpoints import marks
from pipelines.zoo.feed import Feed, Steps
from pipelines.zoo.fit import FittedNetwork
from pipelines.zoo.reproducibly import reproducibly
from pipelines.zoo.sampling import NetworkPlan
from pipelines.zoo.schedule import Schedule
from pipelines.zoo.stacked_optimizers import OPTIMIZERS, column
from spec import Architecture

_STEPS = 64
_SAMPLES = 32_768


def fit_stack(
    plans: Sequence[NetworkPlan], dataset: Dataset, device: str = "cpu"
) -> list[FittedNetwork]:
    """Train planned networks that can share a stack, at once; see `fit_stack_checkpoints`.

    fit_stack([plan(settings, index) for index in stack], datasets.load("digits"), "cuda")
    """
    return [every[-1] for every in fit_stack_checkpoints(plans, dataset, 1, device)]


def fit_stack_checkpoints(
    plans: Sequence[NetworkPlan], dataset: Dataset, checkpoints: int, device: str = "cpu"
) -> list[list[FittedNetwork]]:
    """Train planned networks that can share a stack (`stacks` says which), at once.

        fit_stack_checkpoints(plans, datasets.load("digits"), 4, "cuda")   # four of each network

    Each network is what `fit_checkpoints` makes of it, up to rounding: the same first weights,
    images, batches, learning rates, optimizer and metrics. But dropout draws other masks, for the
    whole stack from one generator, seeded by the network with most steps. Equal plans on one device
    give equal bits.
    """
    schedules = [Schedule(plan, len(dataset.train_images)) for plan in plans]
    order = sorted(range(len(plans)), key=lambda i: -schedules[i].steps)
    place = torch.device(device)
    with reproducibly(plans[order[0]].seeds.dropout, place):
        stack = _Stack(
            [plans[i] for i in order], [schedules[i] for i in order], dataset, place, checkpoints
        )
        fitted = dict(zip(order, stack.fit(), strict=True))
    return [fitted[i] for i in range(len(plans))]


class _Stack:
    """The networks of a stack that are still trained: those with most steps first.

    The parameters that reach the output lie side by side in rows, (networks, P): an optimizer's
    step is then a handful of operations, however many parameters there are.
    """

    def __init__(
        self,
        plans: Sequence[NetworkPlan],
        schedules: Sequence[Schedule],
        dataset: Dataset,
        device: torch.device,
        checkpoints: int,
    ) -> None:
        self.net = net = plans[0].net
        self.schedules, self.device = schedules, device
        train_images, train_labels, test_images, test_labels = _on(dataset, device)
        self.train_images, self.train_labels = train_images, train_labels
        self.test_images, self.test_labels = test_images, test_labels
        self.names = _trained(net)
        first = [_initial(plan, self.names) for plan in plans]
        self.parameters = torch.stack([row for row, _ in first]).to(device)
        self.others = {
            name: torch.stack([others[name] for _, others in first]).to(device)
            for name in first[0][1]
        }
        recipes = [plan.training for plan in plans]
        self.optimizer = OPTIMIZERS[recipes[0]["optimizer"]](self.parameters, recipes)
        self.smoothing = column([recipe["label_smoothing"] for recipe in recipes], self.parameters)
        each = [dropouts(plan.net) for plan in plans]
        self.rates = {
            name: column([rates[name] for rates in each], self.parameters)[:, 0] for name in each[0]
        }
        self.feed = Feed(schedules, recipes[0]["batch_size"])
        self.members = np.arange(len(plans))
        self.fitted: list[list[FittedNetwork]] = [[] for _ in plans]
        self.checkpoints, self.steps = checkpoints, 0
        self.moments = [marks(schedule.steps, checkpoints)[:-1] for schedule in schedules]

    def fit(self) -> list[list[FittedNetwork]]:
        """Train all networks to their end."""
        while len(self.members):
            self._train(min(_STEPS, int(self.feed.left()[-1])))
            self._leave(self.feed.left() == 0, "trained")
        return self.fitted

    def _train(self, count: int) -> None:
        """Train by some steps; networks that diverge leave."""
        steps = self.feed.take(count, self.parameters.dtype, self.device)
        for t in range(count):
            losses, gradients = self._losses(steps, t)
            lost = ~_here(losses.isfinite())
            if lost.any():
                gradients = gradients[self._rows(~lost)]
                steps = steps.keep(np.flatnonzero(~lost))
                self._leave(lost, "diverged")
            self.optimizer.step(self.parameters, gradients, steps.rates[t])
            self.steps += 1
            self._keep_checkpoints()
            if steps.ends[t].any():
                lost = steps.ends[t] & ~self._finite()
                steps = steps.keep(np.flatnonzero(~lost))
                self._leave(lost, "diverged")
            if not len(self.members):
                return

    def _losses(self, steps: Steps, t: int) -> tuple[Tensor, Tensor]:
        """Give the loss of each network on its batch, (networks,), and the gradients."""
        sizes = steps.sizes_here[t]
        widest, ragged = int(sizes.max()), bool((sizes != sizes.max()).any())
        batch = steps.images[t, :, :widest]
        parameters = self.parameters.detach().requires_grad_()
        logits = run_stack(
            self.net,
            self._weights(parameters),
            self.train_images[batch],
            training=True,
            dropout=self.rates,
            sizes=steps.sizes[t] if ragged else None,
        )
        each = _cross_entropy(logits, self.train_labels[batch], self.smoothing)
        real = torch.arange(widest, device=self.device) < steps.sizes[t, :, None]
        losses = torch.where(real, each, 0).sum(1) / steps.sizes[t]
        (gradients,) = torch.autograd.grad(losses.sum(), parameters)
        return losses.detach(), gradients

    def _weights(self, parameters: Tensor) -> dict[str, Tensor]:
        """Give the weights by name, each (networks, *shape)."""
        shapes = [self.net.tensors[name].shape for name in self.names]
        parts = parameters.split([int(np.prod(shape)) for shape in shapes], 1)
        named = zip(self.names, parts, shapes, strict=True)
        return {**{n: x.reshape(len(x), *shape) for n, x, shape in named}, **self.others}

    def _finite(self) -> NDArray[np.bool_]:
        """Say of which networks all weights are finite."""
        finite = self.parameters.isfinite().all(1)
        for tensor in self.others.values():
            finite = finite & tensor.isfinite().reshape(len(tensor), -1).all(1)
        return _here(finite)

    def _rows(self, which: NDArray[np.bool_]) -> Tensor | slice:
        """Select networks: of those in front, views are enough."""
        rows = np.flatnonzero(which)
        if len(rows) and rows[-1] == len(rows) - 1:
            return slice(len(rows))
        return torch.from_numpy(rows).to(self.device)

    def _leave(self, which: NDArray[np.bool_], status: str) -> None:
        """Measure and take out networks whose training has ended."""
        if not which.any():
            return
        staying = self._rows(~which)
        for i, result in zip(self.members[which], self._results(which), strict=True):
            kept = self.fitted[i]
            kept += [FittedNetwork(status, *result)] * (self.checkpoints - len(kept))
        self.parameters = self.parameters[staying]
        self.others = {name: x[staying] for name, x in self.others.items()}
        self.rates = {name: x[staying] for name, x in self.rates.items()}
        self.smoothing = self.smoothing[staying]
        self.optimizer.keep(staying)
        self.feed.keep(np.flatnonzero(~which))
        self.members = self.members[~which]

    def _keep_checkpoints(self) -> None:
        """Measure networks that are at a checkpoint on the way."""
        due = np.array([self.moments[i].count(self.steps) for i in self.members], dtype=np.int64)
        which = due > 0
        if not which.any():
            return
        finite = self._finite()[which]
        measured = zip(self.members[which], self._results(which), finite, due[which], strict=True)
        for i, result, good, times in measured:
            self.fitted[i] += [FittedNetwork("trained" if good else "diverged", *result)] * times

    @torch.inference_mode()
    def _results(
        self, which: NDArray[np.bool_]
    ) -> list[tuple[dict[str, NDArray[Any]], dict[str, float]]]:
        """Give the weights of networks as arrays, and their metrics."""
        rows = self._rows(which)
        weights = {n: x[rows] for n, x in self._weights(self.parameters).items()}
        chosen = [self.schedules[i].chosen for i in self.members[which]]
        train_loss, _ = self._measure(weights, self.train_images, self.train_labels, chosen)
        test_loss, test_accuracy = self._measure(weights, self.test_images, self.test_labels)
        arrays = {name: weights[name].cpu().numpy() for name in self.net.tensors}
        return [
            (
                {name: array[i].copy() for name, array in arrays.items()},
                {
                    "test_accuracy": float(test_accuracy[i]),
                    "test_loss": float(test_loss[i]),
                    "train_loss": float(train_loss[i]),
                },
            )
            for i in range(len(chosen))
        ]

    def _measure(
        self,
        weights: dict[str, Tensor],
        images: Tensor,
        labels: Tensor,
        chosen: Sequence[Tensor] | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give mean cross entropies and accuracies, on all images or on those of each network."""
        count = len(next(iter(weights.values())))
        if chosen is None:
            chosen = [torch.arange(len(images))]
        sizes = torch.tensor([len(part) for part in chosen], device=self.device)
        places = torch.nn.utils.rnn.pad_sequence(list(chosen), batch_first=True).to(self.device)
        loss = torch.zeros(count, dtype=torch.float64, device=self.device)
        correct = torch.zeros_like(loss)
        begin = 0
        for part in places.split(max(1, _SAMPLES // count), 1):
            real = torch.arange(begin, begin + part.shape[1], device=self.device) < sizes[:, None]
            begin += part.shape[1]
            some = images[part[0]] if len(part) < count else images[part]
            logits = run_stack(self.net, weights, some)
            truth = labels[part].expand(count, -1)
            loss += torch.where(real, _cross_entropy(logits, truth), 0).sum(1, dtype=torch.float64)
            right = (logits.argmax(-1) == truth).double()
            right[~logits.isfinite().all(-1)] = torch.nan
            correct += torch.where(real, right, 0).sum(1)
        return (loss / sizes).cpu().numpy(), (correct / sizes).cpu().numpy()


def _cross_entropy(logits: Tensor, labels: Tensor, smoothing: Tensor | None = None) -> Tensor:
    """Give the loss (networks, N) of each sample, with a label smoothing (networks, 1)."""
    logarithms = F.log_softmax(logits, -1)
    # Not by `gather`, whose gradient has no fast deterministic form on a GPU.
    right = labels[..., None] == torch.arange(logits.shape[-1], device=logits.device)
    losses = -torch.where(right, logarithms, 0).sum(-1)
    if smoothing is None:
        return losses
    # Without smoothing, a class of probability 0 must not count.
    even = torch.where(smoothing > 0, smoothing * logarithms.mean(-1), 0)
    return (1 - smoothing) * losses - even


def _trained(net: Architecture) -> list[str]:
    """List the parameters that reach the output: an optimizer leaves the others as they are."""
    needed, names = {net.outputs[0]}, set[str]()
    for operation in reversed(net.operations):
        if operation.output in needed:
            needed.update(operation.inputs)
            names.update(operation.parameters)
    return [name for name in net.parameters if name in names]


def _initial(plan: NetworkPlan, names: Sequence[str]) -> tuple[Tensor, dict[str, Tensor]]:
    """Draw a network's weights: the named ones as a row, the others by name."""
    weights = initial_weights(plan.net, torch.Generator().manual_seed(plan.seeds.weights))
    row = torch.cat([weights.pop(name).flatten() for name in names])
    return row, weights


def _here(flags: Tensor) -> NDArray[np.bool_]:
    array: NDArray[np.bool_] = flags.cpu().numpy()
    return array


@lru_cache(maxsize=1)
def _on(dataset: Dataset, device: torch.device) -> tuple[Tensor, ...]:
    """Put a data set on a device, once for all stacks."""
    arrays = (dataset.train_images, dataset.train_labels, dataset.test_images, dataset.test_labels)
    return tuple(torch.from_numpy(array).to(device) for array in arrays)
