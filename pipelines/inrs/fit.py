"""Fitting: many INRs in one optimisation, each as if it were alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from metanet.evaluate import initial_weights
from pipelines.inrs.conventions import Convention, biases
from pipelines.inrs.decode import decode
from spec import Architecture


def begin(net: Architecture, seeds: Sequence[int], convention: Convention) -> dict[str, Tensor]:
    """Draw the initial weights of a stack, each network's by its own seed: name -> `(N, ...)`."""
    drawn = [initial_weights(net, torch.Generator().manual_seed(seed)) for seed in seeds]
    weights = {name: torch.stack([one[name] for one in drawn]) for name in net.tensors}
    if convention.zero_biases:
        for name in biases(net):
            weights[name].zero_()
    return weights


def fit(
    net: Architecture,
    weights: Mapping[str, Tensor],
    coordinates: Tensor,
    values: Tensor,
    recipe: Mapping[str, Any],
    offset: float = 0.0,
    points_seed: int = 0,
) -> dict[str, Tensor]:
    """Fit a stack of INRs to signals by Adam on mean squared errors; give their weights.

        fit(net, begin(net, range(16), CONVENTIONS["standard"]), coordinates, values, recipe)

    Adam's steps are elementwise and the loss is the sum of the networks' own, so a network depends
    on those next to it by rounding only. Where one diverges, the others do not notice.

    Args:
        net: the architecture of all N networks.
        weights: their initial weights by name, `(N, ...)`.
        coordinates: `(P, d)`, the same for all signals, or `(N, P, d)`.
        values: `(N, P, c)`.
        recipe: `steps`, `learning_rate`, `schedule` and `points_per_step`, as settings have them.
        offset: what the convention adds to the outputs.
        points_seed: of the points of each step, where they are not all.
    """
    state = {name: tensor.detach().clone() for name, tensor in weights.items()}
    parameters = [state[name].requires_grad_() for name in net.parameters]
    optimizer = torch.optim.Adam(parameters, lr=recipe["learning_rate"], fused=True)
    generator = torch.Generator().manual_seed(points_seed)
    total, count = values.shape[1], recipe["points_per_step"]
    with torch.enable_grad():
        for step in range(recipe["steps"]):
            share = decay(recipe["schedule"], step / recipe["steps"])
            optimizer.param_groups[0]["lr"] = recipe["learning_rate"] * share
            places, targets = coordinates, values
            if count is not None and count < total:
                chosen = torch.randperm(total, generator=generator)[:count].to(values.device)
                places, targets = places.index_select(-2, chosen), targets.index_select(1, chosen)
            loss = errors(decode(net, state, places, offset), targets).sum()
            gradients = torch.autograd.grad(loss, parameters)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                # Fused Adam takes a gradient's memory to be laid out as its parameter's, and those
                # of vmap are not: it would go to wrong places without a word (torch 2.13).
                parameter.grad = gradient.contiguous()
            optimizer.step()
    return {name: tensor.detach() for name, tensor in state.items()}


def errors(values: Tensor, targets: Tensor) -> Tensor:
    """Give the mean squared error of each signal, from `(N, P, c)` to `(N,)`."""
    return (values - targets).square().mean((1, 2))


def decay(schedule: str, progress: float) -> float:
    """Give the learning rate as a share of the first one, for progress from 0 to 1."""
    if schedule == "constant":
        return 1.0
    return 1 - progress if schedule == "linear" else (1 + math.cos(math.pi * progress)) / 2
