"""A metanet predicts one thing of one function, however that is spelled."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracles.spellings import FAMILIES, OTHERS, network

import graphgen
import metanet
from graphgen.testing import random_weights
from metanet.testing.predictions import predict


def predictions(family: str, texts: list[list[str]]) -> torch.Tensor:
    """Predict of each text with the same weights, and of the first with two others."""
    inputs, _ = FAMILIES[family]
    nets = [network(inputs, layers) for layers in texts]
    draws = [random_weights(nets[0], np.random.default_rng(seed)) for seed in range(3)]
    names = sorted(nets[0].tensors)
    graphs = [graphgen.compile(nets[0], draw) for draw in draws[1:]]
    for net in nets:
        pairs = zip(sorted(net.tensors), names, strict=True)
        graphs.append(graphgen.compile(net, {mine: draws[0][name] for mine, name in pairs}))
    torch.manual_seed(0)
    model = metanet.GMN(hidden=8, layers=3, outputs=2).double()
    return torch.stack([
        predict(model, metanet.Batch.from_graphs([graph]).to(torch.float64))[0] for graph in graphs
    ])  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_spellings_have_one_prediction(family: str) -> None:
    found = predictions(family, list(FAMILIES[family][1].values()))
    spread = (found[0] - found[1]).norm()
    same = found[2:]
    assert spread > 1e-6
    assert (same - same[0]).norm(dim=1).max() < 1e-10 * spread


@pytest.mark.parametrize("name", OTHERS)
def test_another_function_has_another_prediction(name: str) -> None:
    family, layers = OTHERS[name]
    first = next(iter(FAMILIES[family][1].values()))
    found = predictions(family, [first, layers])
    assert (found[2] - found[3]).norm() > 1e-6 * (found[0] - found[1]).norm()
