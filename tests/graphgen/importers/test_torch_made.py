"""Weights that modules make from others are said by parametrizations, or exactly in other ways."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
from oracles.imported_modules import difference, imported, made_random
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from graphgen.testing import assert_round_trip, assert_symmetric


def x(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def old(function: Callable[[nn.Module], nn.Module], module: nn.Module) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(module)


SAID = {
    "linear, weight norm": (parametrizations.weight_norm(nn.Linear(4, 3)), x(2, 4)),
    "conv, weight norm": (parametrizations.weight_norm(nn.Conv1d(4, 3, 3)), x(2, 4, 6)),
    "conv, one length": (parametrizations.weight_norm(nn.Conv1d(4, 3, 3), dim=None), x(2, 4, 6)),
    "conv, old weight norm": (old(nn.utils.weight_norm, nn.Conv1d(4, 3, 3)), x(2, 4, 6)),
    "transposed, weight norm": (
        parametrizations.weight_norm(nn.ConvTranspose1d(4, 3, 3)), x(2, 4, 6)),
    "linear, spectral norm": (parametrizations.spectral_norm(nn.Linear(4, 3)), x(2, 4)),
    "conv, spectral norm": (parametrizations.spectral_norm(nn.Conv2d(4, 3, 3)), x(2, 4, 5, 5)),
    "conv, old spectral norm": (old(nn.utils.spectral_norm, nn.Conv2d(4, 3, 3)), x(2, 4, 5, 5)),
    "transposed, spectral norm": (
        parametrizations.spectral_norm(nn.ConvTranspose2d(4, 3, 3)), x(2, 4, 5, 5)),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_norms_of_weights(name: str) -> None:
    module, inputs = SAID[name]
    found = imported(made_random(module), inputs)
    word = "spectral_norm" if "spectral" in name else "weight_norm"
    assert word in found.text
    assert "checkpoint:" in found.text
    assert_round_trip(found.net, found.weights)
    given = found.inputs_of(inputs.numpy())
    assert_symmetric(found.net, found.weights, given, np.random.default_rng(0), count=2)
    assert difference(found, made_random(copy.deepcopy(module), seed=3), inputs) > 1e-3


class Standardized(nn.Conv2d):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        w = self.weight
        mean, variance = w.mean((1, 2, 3), keepdim=True), w.var((1, 2, 3), keepdim=True)
        w = (w - mean) / torch.sqrt(variance + 1e-5)
        return F.conv2d(x, w, self.bias, self.stride, self.padding, self.dilation, self.groups)


class Scaled(nn.Conv2d):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, self.weight * 0.3, self.bias, self.stride, self.padding)


class Given(nn.Module):
    """A convolution whose kernel another input holds, one for all samples."""

    def forward(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return F.conv1d(x, weight, stride=2, dilation=2, padding=1)


@pytest.mark.parametrize(
    ("module", "inputs"),
    [
        (Standardized(4, 6, 3, padding=1, groups=2), (x(2, 4, 5, 5),)),
        (Standardized(4, 6, (3, 2), stride=2, dilation=2, bias=False), (x(2, 4, 7, 8),)),
        (Scaled(4, 3, 2, padding=1), (x(2, 4, 5, 5),)),
        (Given(), (x(2, 4, 9), x(3, 4, 3))),
    ],
)
def test_kernels_that_are_computed(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
    found = imported(made_random(module), *inputs)
    assert_round_trip(found.net, found.weights)
