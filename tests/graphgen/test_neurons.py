"""Which values the neurons of a parameter graph stand for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

import graphgen
import spec
from spec.testing import networks

NETS = Path(__file__).parents[2] / "spec" / "nets"


@given(networks())
def test_a_value_lies_on_each_node_of_its_group_alike(net: spec.Architecture) -> None:
    groups = graphgen.template(net).node_groups
    for found in graphgen.neuron_values(net):
        assert found.nodes.shape == tuple(net.shapes[found.value])
        counts = np.bincount(found.nodes.ravel(), minlength=groups[found.group].size)
        assert len(counts) == groups[found.group].size
        assert len(set(counts.tolist())) == 1


@pytest.mark.parametrize("name", ["mlp", "cnn", "resnet", "densenet", "unet", "siren"])
def test_every_neuron_of_these_has_a_value(name: str) -> None:
    net = spec.load(NETS / f"{name}.yaml")
    groups = graphgen.template(net).node_groups
    neurons = {i for i, group in enumerate(groups) if group.kind in ("input", "neuron")}
    values = {found.group: found.value for found in graphgen.neuron_values(net)}
    assert set(values) == neurons
    (output,) = (i for i, group in enumerate(groups) if group.output == 0)
    assert net.shapes[values[output]] == net.shapes[net.outputs[0]]
    assert values[output] == net.outputs[0]


def test_a_fixed_value_is_nothing_that_neurons_compute() -> None:
    net = spec.loads("""
inputs: {x: [3]}
layers:
  - linear: {out_features: 4, name: a}
  - constant: {values: [1, 2, 1, 2], name: two}
  - add: {inputs: [a, two], name: more}
  - multiply: {inputs: [a, two], name: larger}
  - concat: {inputs: [more, larger]}
  - linear: {out_features: 1}
""")
    found = {value.value for value in graphgen.neuron_values(net)}
    assert "two" not in found
    assert found > {"x", "a"}
