from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import graphgen
import metanet
import spec
from metanet.testing import audit

CHAIN = """
inputs: {x: [4]}
layers:
  [linear: {out_features: 5}, tanh, linear: {out_features: 5}, relu, linear: {out_features: 2}]
"""
NET = spec.loads(CHAIN)
PROBES = torch.linspace(-1, 1, 24, dtype=torch.float64).reshape(6, 4)


def computed(weights: dict[str, Tensor]) -> Tensor:
    """Predict from what the network computes: a model that keeps every symmetry."""
    x = PROBES
    for name, activation in (("0", torch.tanh), ("2", torch.relu), ("4", torch.sin)):
        x = activation(x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"])
    return x.sum(dim=0)


def flat(weights: dict[str, Tensor]) -> Tensor:
    """Predict from the weights as they lie: a model that keeps no symmetry."""
    return torch.cat([t.flatten() for t in weights.values()]).cumsum(0)[::7]


def deviations(tensors: list[Tensor]) -> list[float]:
    """Predict from statistics of tensors: permutations are kept, and much else."""
    return [float(t.std()) for t in tensors]


class Sum(nn.Module):
    """A module of float32 whose dropout shows in training mode."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.dropout = nn.Dropout(0.5)

    def forward(self, weights: dict[str, Tensor]) -> Tensor:
        assert all(t.dtype == torch.float32 for t in weights.values())
        return self.dropout(torch.stack([t.sum() for t in weights.values()])) * self.scale


def test_what_a_function_keeps() -> None:
    found = audit(computed, NET)
    assert found.breaks == ()
    assert found.keeps == ("permutations", "signs and scales")
    assert not found.collides
    assert all(own.tried for own in found.collisions)


def test_what_weights_as_they_lie_break() -> None:
    found = audit(flat, NET, networks=4)
    assert found.keeps == ()
    assert found.breaks == ("permutations", "signs and scales")
    assert all(own.change > 0.1 for own in found.families)


def test_what_statistics_cannot_tell() -> None:
    found = audit(deviations, NET, takes="tensors", networks=4)
    assert found.keeps == ("permutations",)
    assert found.collides
    told = {own.way: own for own in found.collisions}
    shuffled = told["entries of a tensor shuffled"]
    assert shuffled.collided == shuffled.tried > 0
    assert shuffled.first == "0.weight"
    assert told["another network"].collided == 0
    lines = str(found).splitlines()
    assert lines[0] == "network, 4 networks: 1 of 2 families of symmetries kept"
    assert any("BROKEN" in line and "signs and scales" in line for line in lines)
    assert any("COLLIDES" in line and "shuffled" in line for line in lines)


def test_metanets_and_functions_of_graphs() -> None:
    torch.manual_seed(0)
    model = metanet.GMN(hidden=8, layers=1).double()
    found = audit(model, NET, networks=4, count=1)
    assert found.keeps == ("permutations",)

    def edges(graph: graphgen.Graph) -> float:
        return float(np.square(graph.edge_values()).sum())

    assert audit(edges, NET, networks=4, takes="graph").keeps == ("permutations",)


def test_a_module_is_called_as_it_predicts() -> None:
    model = Sum().train()
    found = audit(model, NET, networks=4, count=1)
    assert model.training
    assert found.limit == 1e-4
    assert found.keeps == ("permutations",)


def test_networks_may_be_given() -> None:
    rng = np.random.default_rng(0)
    networks = [graphgen.testing.random_weights(NET, rng, np.float32) for _ in range(3)]
    assert audit(computed, NET, networks).networks == 3


def test_a_constant_tells_nothing_apart() -> None:
    found = audit(lambda weights: 1.0, NET, networks=4)
    assert found.spread == (0.0,)
    assert all(own.collided == own.tried for own in found.collisions)


def test_wrong_arguments() -> None:
    for wrong, message in (
        ({"takes": "weights"}, "`takes`"),
        ({"count": 0}, "`count`"),
        ({"networks": 1}, "`networks`"),
        ({"networks": "several"}, "`networks`"),
    ):
        with pytest.raises(metanet.MetanetError, match=message):
            audit(computed, NET, **wrong)  # type: ignore[arg-type]
    with pytest.raises(metanet.MetanetError, match="`model`"):
        audit(5, NET)  # type: ignore[arg-type]
    with pytest.raises(metanet.MetanetError, match="expected numbers"):
        audit(lambda weights: "good", NET)
    with pytest.raises(metanet.MetanetError, match="finite"):
        audit(lambda weights: float("nan"), NET)
