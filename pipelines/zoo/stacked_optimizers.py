"""The optimizers of a stack: those of `torch.optim`, with settings of each network's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor


class StackedOptimizer:
    """An optimizer of parameters (networks, P), a row for each network.

    `recipes` are those of the networks. All networks have done the same number of steps.
    """

    def __init__(self, parameters: Tensor, recipes: Sequence[Mapping[str, Any]]) -> None:
        self.recipes = recipes
        self.decay = column([recipe["weight_decay"] for recipe in recipes], parameters)

    def step(self, parameters: Tensor, gradients: Tensor, rates: Tensor) -> None:
        """Change the parameters in place, at a learning rate (networks, 1) for each network."""
        raise NotImplementedError

    def keep(self, rows: Tensor | slice) -> None:
        """Go on with some of the networks."""
        for name, value in vars(self).items():
            if isinstance(value, Tensor):
                setattr(self, name, value[rows])


class StackedSGD(StackedOptimizer):
    """`torch.optim.SGD` with momentum."""

    def __init__(self, parameters: Tensor, recipes: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(parameters, recipes)
        self.momentum = column([recipe["momentum"] for recipe in recipes], parameters)
        self.velocity = torch.zeros_like(parameters)

    def step(self, parameters: Tensor, gradients: Tensor, rates: Tensor) -> None:
        gradients = gradients.addcmul(self.decay, parameters)
        self.velocity.mul_(self.momentum).add_(gradients)
        parameters.addcmul_(rates, self.velocity, value=-1)


class StackedAdam(StackedOptimizer):
    """`torch.optim.Adam` with its defaults."""

    BETAS, EPS = (0.9, 0.999), 1e-8

    def __init__(self, parameters: Tensor, recipes: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(parameters, recipes)
        self.mean = torch.zeros_like(parameters)
        self.square = torch.zeros_like(parameters)
        self.steps = 0

    def step(self, parameters: Tensor, gradients: Tensor, rates: Tensor) -> None:
        self.steps += 1
        first, second = self.BETAS
        gradients = gradients.addcmul(self.decay, parameters)
        self.mean.lerp_(gradients, 1 - first)
        self.square.mul_(second).addcmul_(gradients, gradients, value=1 - second)
        scale = (self.square / (1 - second**self.steps)).sqrt_().add_(self.EPS)
        parameters.addcdiv_(rates * self.mean, scale, value=-1 / (1 - first**self.steps))


OPTIMIZERS: dict[str, type[StackedOptimizer]] = {"adam": StackedAdam, "sgd": StackedSGD}


def column(values: Sequence[float], like: Tensor) -> Tensor:
    """Give a number for each network, (networks, 1)."""
    return torch.tensor(values, dtype=like.dtype, device=like.device)[:, None]
