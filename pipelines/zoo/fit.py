"""Fitting: one network trained alone, the same to the last bit each time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from metanet.evaluate import initial_weights, run
from pipelines.datasets import Dataset
from pipelines.zoo.reproducibly import reproducibly
from pipelines.zoo.sampling import NetworkPlan
from pipelines.zoo.schedule import Schedule

_CHUNK = 500


@dataclass(frozen=True)
class FittedNetwork:
    """A network after its training.

    Attributes:
        status: "trained", or "diverged" where a loss or a weight was no longer finite, which ends
            the training at once.
        weights: parameters (float32) and buffers by name, as they were at the end.
        metrics: test_accuracy (a fraction), test_loss and train_loss (mean cross entropies in nats,
            without label smoothing) of the final weights, without dropout and with running
            statistics; train_loss is taken on the images trained on. Not always finite.
    """

    status: str
    weights: dict[str, npt.NDArray[Any]]
    metrics: dict[str, float]


def fit(plan: NetworkPlan, dataset: Dataset, device: str = "cpu") -> FittedNetwork:
    """Train a planned network on the images of a data set.

        fit(plan(settings, 3), datasets.load("digits")).metrics["test_accuracy"]

    Adam has PyTorch's defaults; sgd has the recipe's `momentum`; `weight_decay` is an L2 penalty on
    every parameter in both. `Schedule` says which images each step takes, at which learning rate.
    Work is done on one thread; for many networks on a GPU see `fit_stack`.
    """
    place = torch.device(device)
    with reproducibly(plan.seeds.dropout, place), torch.enable_grad():
        generator = torch.Generator().manual_seed(plan.seeds.weights)
        weights = {
            n: tensor.to(place) for n, tensor in initial_weights(plan.net, generator).items()
        }
        images = torch.from_numpy(dataset.train_images).to(place)
        labels = torch.from_numpy(dataset.train_labels).to(place)
        schedule = Schedule(plan, len(images))
        trained = _train(plan, weights, images, labels, schedule)
    with reproducibly(plan.seeds.dropout, place), torch.inference_mode():
        weights = {name: tensor.detach() for name, tensor in weights.items()}
        test_images = torch.from_numpy(dataset.test_images).to(place)
        test_labels = torch.from_numpy(dataset.test_labels).to(place)
        everything = torch.arange(len(test_images))
        test_loss, test_accuracy = _measure(plan, weights, test_images, test_labels, everything)
        train_loss, _ = _measure(plan, weights, images, labels, schedule.chosen)
    return FittedNetwork(
        "trained" if trained else "diverged",
        {name: tensor.cpu().numpy() for name, tensor in weights.items()},
        {"test_accuracy": test_accuracy, "test_loss": test_loss, "train_loss": train_loss},
    )


def _train(
    plan: NetworkPlan,
    weights: dict[str, Tensor],
    images: Tensor,
    labels: Tensor,
    schedule: Schedule,
) -> bool:
    """Train `weights` in place; False where they or a loss have diverged."""
    recipe = plan.training
    parameters = [weights[name].requires_grad_() for name in plan.net.parameters]
    optimizer = _optimizer(parameters, recipe)
    for epoch in range(recipe["epochs"]):
        for step, batch in enumerate(schedule.epoch(), epoch * schedule.batches):
            optimizer.param_groups[0]["lr"] = schedule.learning_rate(step)
            batch = batch.to(images.device)
            logits = run(plan.net, weights, images.index_select(0, batch), training=True)
            loss = F.cross_entropy(
                logits, labels.index_select(0, batch), label_smoothing=recipe["label_smoothing"]
            )
            if not math.isfinite(loss.item()):
                return False
            gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                # Fused steps take a gradient to lie in memory as its parameter does, and put it in
                # wrong places, without a word, where it does not (torch 2.13): of p4 layers, say.
                parameter.grad = None if gradient is None else gradient.contiguous()
            optimizer.step()
        if not all(bool(tensor.isfinite().all()) for tensor in weights.values()):
            return False
    return True


def _optimizer(parameters: list[Tensor], recipe: Mapping[str, Any]) -> torch.optim.Optimizer:
    rates = {"lr": recipe["learning_rate"], "weight_decay": recipe["weight_decay"]}
    # The fused kernels spare these tiny networks half of the time of a step.
    if recipe["optimizer"] == "adam":
        return torch.optim.Adam(parameters, **rates, fused=True)
    return torch.optim.SGD(parameters, **rates, momentum=recipe["momentum"], fused=True)


def _measure(
    plan: NetworkPlan,
    weights: Mapping[str, Tensor],
    images: Tensor,
    labels: Tensor,
    chosen: Tensor,
) -> tuple[float, float]:
    """Give mean cross entropy and accuracy; the latter is NaN where an output is not finite."""
    loss, correct = 0.0, 0.0
    for part in chosen.to(images.device).split(_CHUNK):
        logits = run(plan.net, weights, images.index_select(0, part))
        truth = labels.index_select(0, part)
        loss += F.cross_entropy(logits, truth, reduction="sum").item()
        finite = bool(logits.isfinite().all())
        correct += (logits.argmax(1) == truth).sum().item() if finite else math.nan
    return loss / len(chosen), correct / len(chosen)
