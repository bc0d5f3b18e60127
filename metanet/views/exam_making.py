"""Making an exam: inputs that the best networks of a zoo agree to call by a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from metanet.views.answers import run_networks
from metanet.views.exam_questions import noisy, warped
from spec import Architecture

BOUND = 3.0
"""Inputs lie within this: what networks read is standardised, to a deviation of about one."""
LEARNING_RATE, SMOOTHNESS, FIRST = 0.05, 0.3, 0.3


@dataclass(frozen=True)
class Examiner:
    """A network of the panel: its architecture, and its weights with a first axis of one."""

    net: Architecture
    weights: Mapping[str, Tensor]

    def __call__(self, inputs: Sequence[Tensor]) -> Tensor:
        """Give its logits, (n, classes)."""
        return run_networks(self.net, self.weights, inputs)[0]


def synthesise(
    panel: Sequence[Examiner],
    labels: Tensor,
    shapes: Sequence[tuple[int, ...]],
    *,
    steps: int,
    at_once: int,
    noise: float,
    warp: float,
    generator: torch.Generator,
) -> tuple[Tensor, ...]:
    """Make an input for each label by ascent on the panel's mean log-probability of its class.

    In each step `at_once` networks of the panel see the inputs under new warps and noise; all
    inputs of the network are made together, each within soft bounds and, along axes of space,
    smooth.
    """
    values = next(iter(panel[0].weights.values()))
    free = [
        (FIRST * torch.randn(len(labels), *shape, generator=generator)).to(values).requires_grad_()
        for shape in shapes
    ]
    optimizer = torch.optim.Adam(free, lr=LEARNING_RATE)
    for _ in range(steps):
        inputs = [bounded(x) for x in free]
        seen = [noisy(warped(x, warp, generator), noise, generator) for x in inputs]
        chosen = torch.randperm(len(panel), generator=generator)[:at_once].tolist()
        loss = sum((roughness(x) for x in inputs), values.new_zeros(())) * SMOOTHNESS
        for place in chosen:
            loss = loss + F.cross_entropy(panel[place](seen), labels) / len(chosen)
        gradients = torch.autograd.grad(loss, free)
        for x, gradient in zip(free, gradients, strict=True):
            x.grad = gradient.nan_to_num(0.0, 0.0, 0.0)
        optimizer.step()
    return tuple(bounded(x).detach() for x in free)


def bounded(free: Tensor) -> Tensor:
    """Bring free numbers within soft bounds."""
    return BOUND * (free / BOUND).tanh()


def roughness(inputs: Tensor) -> Tensor:
    """Give the mean squared differences of neighbours, summed over the axes of space."""
    found = inputs.new_zeros(())
    for axis in range(2, inputs.ndim):
        if inputs.shape[axis] > 1:
            found = found + inputs.diff(dim=axis).square().mean()
    return found
