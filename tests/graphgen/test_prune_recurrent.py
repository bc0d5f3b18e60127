from __future__ import annotations

import numpy as np
import pytest
from oracles.masked import masked_outputs

import graphgen
import spec
from graphgen.surgery.prune import prune
from graphgen.surgery.widen import widen
from graphgen.testing import random_inputs, random_weights, relative_error
from graphgen.units.derivation import units

NET = """
inputs: {{x: [5, 3]}}
layers:
  - {layer}
  - linear: {{out_features: 2, name: head}}
"""
LAYERS = {
    "lstm: {hidden_size: 4, name: cell}": 1,
    "gru: {hidden_size: 4, name: cell}": 1,
    "rnn: {hidden_size: 4, name: cell}": 1,
    "lstm: {hidden_size: 4, proj_size: 2, name: cell}": 2,
    "gru: {hidden_size: 4, bidirectional: true, name: cell}": 2,
    "lstm: {hidden_size: 4, num_layers: 2, bidirectional: true, name: cell}": 4,
}


def network(layer: str):
    net, rng = spec.loads(NET.format(layer="{" + layer + "}")), np.random.default_rng(0)
    return net, random_weights(net, rng), random_inputs(net, rng)


@pytest.mark.parametrize("layer", LAYERS)
def test_hidden_units_leave_with_a_row_of_each_gate(layer: str) -> None:
    net, weights, x = network(layer)
    found = units(net)
    assert len(found.families) == LAYERS[layer]
    hidden = [family for family in found.families.values() if family.kind == "hidden unit"]
    gates = net.tensors["cell.weight_hh_l0"].shape[0] // hidden[0].size
    rows = next(own for own in hidden[0][1].slices if own.tensor == "cell.weight_ih_l0")
    assert rows.indices.tolist() == [1 + gate * hidden[0].size for gate in range(gates)]
    # A layer has one `hidden_size` for all directions and depths.
    gone = [family[1] for family in hidden]
    smaller, left = prune(net, weights, gone)
    (expected,) = masked_outputs(net, weights, x, gone)
    assert relative_error(graphgen.evaluate(smaller, left, *x), expected) < 1e-12
    (other,) = masked_outputs(net, weights, x, [family[0] for family in hidden])
    assert relative_error(graphgen.evaluate(smaller, left, *x), other) > 1e-3
    wider, more = widen(net, weights, [family[k] for family in hidden for k in (0, 2)])
    expected = graphgen.evaluate(net, weights, *x)
    assert relative_error(graphgen.evaluate(wider, more, *x), expected) < 1e-12
    if len(hidden) > 1:
        with pytest.raises(graphgen.GraphError, match="change as many of cell/hidden unit:2"):
            prune(net, weights, [hidden[0][1]])
