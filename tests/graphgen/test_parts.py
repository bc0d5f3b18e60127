"""The parts of a value that is cut are values by their numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import graphgen
import spec
from graphgen.testing import random_weights
from spec.layers.split import MOST_PARTS

CUTS = {
    "split: {sizes: [2, 3, 3], dim: 2, name: cut}": lambda x: torch.split(x, [2, 3, 3], 2),
    "split: {sections: 4, dim: -1, name: cut}": lambda x: torch.split(x, 2, 2),
    "chunk: {chunks: 3, dim: 1, name: cut}": lambda x: torch.chunk(x, 3, 1),
}


@pytest.mark.parametrize("cut", CUTS)
def test_parts_are_those_of_torch(cut: str) -> None:
    x = np.random.default_rng(0).standard_normal((3, 5, 8))
    expected = CUTS[cut](torch.from_numpy(x))
    names = [f"cut.{place}" for place in range(len(expected))]
    net = spec.loads(f"inputs: {{x: [5, 8]}}\nlayers: [{cut}]\noutputs: {names}")
    found = graphgen.evaluate(net, {}, x)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    assert spec.from_resolved(net.resolved()).hash == net.hash
    with pytest.raises(
        spec.SpecError, match=f"no input or earlier layer is called 'cut.{len(expected)}'"
    ):
        spec.loads(f"inputs: {{x: [5, 8]}}\nlayers: [{cut}]\noutputs: cut.{len(expected)}")


def test_parts_are_those_of_several_splits() -> None:
    at_once = """
inputs: {x: [6]}
layers:
  - linear: {out_features: 6}
  - split: {sections: 3, name: cut}
  - multiply: {inputs: [cut.2, cut.0]}
"""
    one_by_one = """
inputs: {x: [6]}
layers:
  - linear: {out_features: 6, name: all}
  - split: {sections: 3, index: 2, name: last}
  - split: {inputs: all, sections: 3, name: first}
  - multiply: {inputs: [last, first]}
"""
    nets = [spec.loads(text) for text in (at_once, one_by_one)]
    names = {"0.weight": "all.weight", "0.bias": "all.bias"}
    weights = random_weights(nets[0], np.random.default_rng(0))
    renamed = {names[name]: array for name, array in weights.items()}
    x = np.random.default_rng(1).standard_normal((2, 6))
    assert np.array_equal(
        graphgen.evaluate(nets[0], weights, x), graphgen.evaluate(nets[1], renamed, x)
    )
    groups = [graphgen.symmetries(net) for net in nets]
    assert groups[0].order == groups[1].order == 2**2
    assert len({graphgen.template(net).num_nodes for net in nets}) == 1


def test_parts_that_nothing_reads_are_not_computed() -> None:
    net = spec.loads("inputs: {x: [6]}\nlayers: [split: {sections: 3, name: cut}, tanh]")
    assert len(net.operations) == 2
    with pytest.raises(spec.SpecError, match="cut.1"):
        spec.loads(
            "inputs: {x: [6]}\nlayers: [split: {sections: 3, name: cut}, tanh: {name: cut.1}]"
        )


def test_of_very_many_parts_one_is_taken() -> None:
    count = MOST_PARTS + 1
    text = f"inputs: {{x: [{count}]}}\nlayers: [split: {{sections: {count}, index: 64, name: cut}}]"
    assert spec.loads(text).output_shapes == ((1,),)
    with pytest.raises(spec.SpecError, match="no input or earlier layer is called 'cut.1'"):
        spec.loads(f"{text}\noutputs: cut.1")
