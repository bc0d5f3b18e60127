"""Masks, fixed and learned values and products: in stacks of networks, with gradients, in sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import graphgen
import metanet
import spec
from graphgen.testing import random_inputs, random_weights
from graphgen.testing.round_trip import count_differing

NETS = {
    "masked": """
inputs: {x: [4, 6]}
layers:
  - parameter: {shape: [3, 6], name: queries}
  - einsum: {equation: 'bqf,bkf->bqk', inputs: [queries, x], name: scores}
  - band_mask: {rows: 3, columns: 4, after: 0, name: seen}
  - affine: {scale: -1, shift: 1, name: hidden}
  - masked_fill: {inputs: [scores, hidden], value: -.inf}
  - softmax: {name: shares}
  - matmul: {inputs: [shares, x]}
  - normalize: {dim: 2}
  - linear: {out_features: 2}
""",
    "chosen": """
inputs: {x: [3]}
layers:
  - linear: {out_features: 4, name: a}
  - constant: {values: [0, 1, 0, 1], name: c}
  - linear: {out_features: 8, inputs: x}
  - glu: {name: g}
  - where: {inputs: [c, a, g], name: w}
  - sigmoid: {inputs: a, name: s}
  - divide: {inputs: [w, s], name: d}
  - minimum: {inputs: [d, g]}
  - log_softmax
""",
}


@pytest.mark.parametrize("name", NETS)
def test_a_stack_computes_what_each_network_does_and_its_gradient(name: str) -> None:
    net, rng = spec.loads(NETS[name]), np.random.default_rng(0)
    several = [random_weights(net, rng) for _ in range(3)]
    (x,) = random_inputs(net, rng)
    stacked = {
        n: torch.stack([torch.from_numpy(one[n]) for one in several]).requires_grad_()
        for n in net.tensors
    }
    found = metanet.evaluate.run_stack(net, stacked, torch.from_numpy(x))
    found.square().sum().backward()  # type: ignore[no-untyped-call]
    for place, one in enumerate(several):
        assert np.abs(found[place].detach().numpy() - graphgen.evaluate(net, one, x)).max() < 1e-12
        alone = {n: torch.from_numpy(array).requires_grad_() for n, array in one.items()}
        result = metanet.evaluate.run(net, alone, torch.from_numpy(x))
        result.square().sum().backward()  # type: ignore[no-untyped-call]
        for n in net.tensors:
            mine, theirs = stacked[n].grad, alone[n].grad
            assert mine is not None
            assert theirs is not None
            assert torch.isfinite(theirs).all()
            assert torch.allclose(mine[place], theirs, atol=1e-12)


@pytest.mark.parametrize("name", NETS)
def test_infinite_numbers_come_back_from_files_and_sets(name: str, tmp_path: Path) -> None:
    net = spec.loads(NETS[name])
    weights = random_weights(net, np.random.default_rng(0), np.float32)
    written = graphgen.GraphSet.write(tmp_path / "set", [(net, weights, {})])
    written.verify()
    (again,) = graphgen.GraphSet.open(tmp_path / "set").architectures.values()
    assert again.hash == net.hash
    assert not count_differing(written[0].weights(), weights)
