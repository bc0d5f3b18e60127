from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import graphgen
import spec
from graphgen.symmetry import Permutation, Symmetries
from graphgen.testing import (
    assert_symmetric,
    random_inputs,
    random_weights,
)

MLP = """
inputs: {x: [3]}
layers: [{linear: {out_features: 4}}, tanh, {linear: {out_features: 3}}, tanh,
         {linear: {out_features: 2}}]
"""
STREAM = """
inputs: {x: [3]}
layers:
  - linear: {out_features: 3}
  - residual: {body: [{linear: {out_features: 2}}, tanh, {linear: {out_features: 3}}]}
  - linear: {out_features: 2}
"""
GROUPED = """
inputs: {x: [1, 6]}
layers:
  - conv1d: {out_channels: 4, kernel_size: 2}
  - tanh
  - conv1d: {out_channels: 4, kernel_size: 2, groups: 2}
  - tanh
  - flatten
  - linear: {out_features: 2}
"""
DEPTHWISE = """
inputs: {x: [1, 6]}
layers:
  - conv1d: {out_channels: 3, kernel_size: 2}
  - tanh
  - conv1d: {out_channels: 6, kernel_size: 2, groups: 3}
  - tanh
  - flatten
  - linear: {out_features: 2}
"""
GROUP_NORM = """
inputs: {x: [1, 6]}
layers:
  - conv1d: {out_channels: 4, kernel_size: 2}
  - %s
  - tanh
  - flatten
  - linear: {out_features: 2}
"""
NORM_OF_PAIRS = """
inputs: {x: [1, 6]}
layers:
  - conv1d: {out_channels: 4, kernel_size: 2}
  - group_norm: {num_groups: 2}
  - conv1d: {out_channels: 4, kernel_size: 2, groups: 4}
  - flatten
  - linear: {out_features: 2}
"""
TIED = """
inputs: {x: [3]}
layers:
  - linear: {out_features: 3, name: a}
  - tanh
  - linear: {out_features: 3, parameters: {weight: a.weight}}
  - tanh
  - linear: {out_features: 2}
"""
TIED_SCALES = """
inputs: {x: [2]}
layers:
  - linear: {out_features: 3}
  - layer_norm: {parameters: {weight: scale, bias: shift}}
  - tanh
  - linear: {out_features: 3}
  - layer_norm: {parameters: {weight: scale}}
  - tanh
  - linear: {out_features: 2}
"""
TWO_OUTPUTS = """
inputs: {x: [2]}
layers: [{linear: {out_features: 3, name: a}}, tanh, {linear: {out_features: 3}}, tanh,
         {linear: {out_features: 2, name: b}}]
outputs: [a, b]
"""


class Unfixed(Symmetries):
    """Exchanges two outputs, as if these were hidden."""

    def sample(self, rng: np.random.Generator) -> Permutation:
        outputs = [group for group in self.template.node_groups if group.output >= 0][-1]
        nodes = np.arange(self.template.num_nodes)
        nodes[[outputs.start, outputs.start + 1]] = outputs.start + 1, outputs.start
        return Permutation(self.template, nodes)

    def generators(self) -> Iterator[Permutation]:
        return iter(())


class Swaps(Symmetries):
    """Exchanges the first and the third neuron of a group, whatever they are tied to."""

    def __init__(self, net: spec.Architecture, group: str) -> None:
        super().__init__(graphgen.template(net))
        self.start = next(g.start for g in self.template.node_groups if g.name == group)

    def sample(self, rng: np.random.Generator) -> Permutation:
        nodes = np.arange(self.template.num_nodes)
        nodes[[self.start, self.start + 2]] = self.start + 2, self.start
        return Permutation(self.template, nodes)

    def generators(self) -> Iterator[Permutation]:
        return iter(())


@pytest.mark.parametrize("text", [MLP, STREAM, GROUPED, DEPTHWISE, TIED, TWO_OUTPUTS])
def test_a_group_that_forgets_what_is_fixed_is_caught(text: str) -> None:
    net = spec.loads(text)
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    message = r"moves the nodes \[.*changes the outputs by .* of their norm, more than 1e-10"
    with pytest.raises(AssertionError, match=message):
        assert_symmetric(net, weights, x, rng, group=Unfixed(graphgen.template(net)))


@pytest.mark.parametrize(
    ("text", "group", "message"),
    [
        (STREAM, "0", "does not map the block 1:identity to itself"),
        (NORM_OF_PAIRS, "0", "does not map the block 1:hub to itself"),
        (DEPTHWISE, "0", r"does not map the block 2\.weight to itself"),
        (TIED, "a", r"moves the uses of 'a\.weight' differently"),
        (TIED_SCALES, "0", "moves the uses of 'scale' differently"),
    ],
)
def test_a_permutation_that_is_no_automorphism_is_refused(
    text: str, group: str, message: str
) -> None:
    net = spec.loads(text)
    weights = random_weights(net, np.random.default_rng(0))
    element = Swaps(net, group).sample(np.random.default_rng(0))
    with pytest.raises(graphgen.GraphError, match=message):
        element.apply(weights)


def test_two_groupings_of_an_axis_that_do_not_nest_stay_apart() -> None:
    net = spec.loads(
        "inputs: {x: [6, 4]}\nlayers: [{conv1d: {out_channels: 6, kernel_size: 1}}, "
        "{group_norm: {num_groups: 2}}, {group_norm: {num_groups: 3}}, "
        "{conv1d: {out_channels: 6, kernel_size: 1}}]"
    )
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    assert_symmetric(net, weights, x, rng)
    # Of the runs of 3 and of 2, the first two channels and the last two share both.
    assert graphgen.symmetries(net).order == 2 * 2 * 2


def test_applying_leaves_the_weights_and_the_rest_alone() -> None:
    net = spec.loads(
        "inputs: {x: [2]}\nlayers: [{linear: {out_features: 5}}, batch_norm, relu, "
        "{linear: {out_features: 2}}]"
    )
    weights = random_weights(net, np.random.default_rng(0), np.float32)
    before = {name: array.copy() for name, array in weights.items()}
    changed = graphgen.symmetries(net).sample(np.random.default_rng(1)).apply(weights)
    assert list(changed) == list(weights)
    for name, array in weights.items():
        assert np.array_equal(array, before[name])
        assert changed[name].dtype == array.dtype
        assert np.array_equal(np.sort(changed[name], None), np.sort(array, None))
    assert not np.array_equal(changed["1.running_mean"], weights["1.running_mean"])
    assert changed["1.num_batches_tracked"] == weights["1.num_batches_tracked"]
