"""Networks that choose can be trained: their slopes are those of the function, in stacks too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import graphgen
import spec
from graphgen.testing import random_inputs, random_weights
from metanet.evaluate import run, run_stack

FOLDER = Path(spec.__file__).parent / "nets" / "published"
CHOSEN = """
inputs: {x: [3, 4]}
layers:
  - linear: {out_features: 4, name: a}
  - argmax: {dim: 1, name: place}
  - index_select: {inputs: [a, place], dim: 1}
  - median
  - linear: {out_features: 2}
"""
NETS = {
    "Mixtral": spec.load(FOLDER / "mixtral.yaml"),
    "Switch": spec.load(FOLDER / "switch.yaml"),
    "DeepSeek-V3": spec.load(FOLDER / "deepseek_v3.yaml"),
    "items at a place": spec.loads(CHOSEN),
}


@pytest.mark.parametrize("name", NETS)
def test_slopes_are_those_of_the_function(name: str) -> None:
    net, rng = NETS[name], np.random.default_rng(0)
    weights, inputs = random_weights(net, rng), random_inputs(net, rng)
    direction = {n: rng.standard_normal(w.shape) for n, w in weights.items()}
    step = 1e-6

    def moved(size: float) -> float:
        there = {n: w + size * direction[n] for n, w in weights.items()}
        return float(np.square(graphgen.evaluate(net, there, *inputs)).sum())

    def loss(tensors: dict[str, Tensor]) -> Tensor:
        return run(net, tensors, *map(torch.from_numpy, inputs)).square().sum()

    slopes = torch.func.grad(loss)({n: torch.from_numpy(w) for n, w in weights.items()})
    found = sum(float((slopes[n].numpy() * d).sum()) for n, d in direction.items())
    expected = (moved(step) - moved(-step)) / (2 * step)
    assert found == pytest.approx(expected, rel=1e-5)
    assert abs(expected) > 1e-3
    # but for what only decides who is chosen, and experts that nobody has chosen
    still = {n for n, x in slopes.items() if not bool((x != 0).any())}
    assert all(n.endswith("correction_bias") or "expert_" in n for n in still)


@pytest.mark.parametrize("name", NETS)
def test_many_networks_at_once_are_each_of_them(name: str) -> None:
    net, rng = NETS[name], np.random.default_rng(0)
    x = [torch.from_numpy(array) for array in random_inputs(net, rng)]
    own = [random_weights(net, rng) for _ in range(3)]
    stack = {n: torch.from_numpy(np.stack([w[n] for w in own])) for n in own[0]}
    found = run_stack(net, stack, *x)
    for one, weights in zip(found, own, strict=True):
        alone = run(net, {n: torch.from_numpy(w) for n, w in weights.items()}, *x)
        assert torch.allclose(one, alone, rtol=0, atol=1e-10 * float(alone.abs().max()))
