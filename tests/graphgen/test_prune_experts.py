from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from oracles.masked import masked_outputs

import graphgen
import spec
from graphgen.surgery.prune import prune
from graphgen.surgery.widen import widen
from graphgen.testing import random_inputs, random_weights, relative_error
from graphgen.units.derivation import units

PUBLISHED = Path(spec.__file__).parent / "nets" / "published"
RANKED = """
inputs: {{x: [3, 4]}}
layers:
  - linear: {{out_features: 7, name: first}}
  - {layer}
  - tanh
  - linear: {{out_features: 2, name: last}}
"""
LAYERS = [
    "{top_k: {k: 3}}",
    "{top_k: {k: 3, largest: false}}",
    "{top_k_mask: {k: 5}}",
    "{kthvalue: {k: 2, dim: -1, keepdim: true, name: y}}\n  - {add: {inputs: [first, y]}}",
    "{median: {dim: -1, keepdim: true, name: y}}\n  - {add: {inputs: [first, y]}}",
    "{hardmax: {}}",
]


def run(net, weights, x):
    """Run a network, and give its outputs in a tuple."""
    found = graphgen.evaluate(net, weights, *x)
    return found if isinstance(found, tuple) else (found,)


def difference(net, gone, others=None) -> float:
    """Prune, and give how far the function is from the masked one."""
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    with np.errstate(all="ignore"):
        actual = run(*prune(net, weights, gone), x)
        expected = masked_outputs(net, weights, x, others or gone)
    return max(map(relative_error, actual, expected))


@pytest.mark.parametrize("name", ["mixtral", "qwen2_moe", "gpt_oss"])
def test_experts_leave_with_their_share_of_the_router(name: str) -> None:
    net = spec.load(PUBLISHED / f"{name}.yaml")
    found = units(net)
    experts = [family for family in found.families.values() if family.kind == "expert"]
    inner = [f for f in found.families.values() if f.kind == "neuron" and f.copies == (3,)]
    assert len(experts) == len(inner) == 2
    assert {(family.size, family.copies) for family in experts} == {(3, ())}
    router = {own.tensor for own in experts[0][1].slices if own.axis == 0}
    assert any(tensor.endswith(("gate.weight", "router.weight")) for tensor in router)
    gone = [family[1] for family in experts]
    assert difference(net, gone) < 1e-12
    assert difference(net, gone, [family[0] for family in experts]) > 1e-3
    assert difference(net, [*gone, *(inner[0][k, 1] for k in range(3))]) < 1e-12
    weights = random_weights(net, np.random.default_rng(0))
    with pytest.raises(graphgen.GraphError, match="it takes 2 of them, so that as many stay"):
        prune(net, weights, [experts[0][1], experts[0][2]])
    with pytest.raises(graphgen.GraphError, match="does not stay with copies of them"):
        widen(net, weights, [*experts[0]])


def test_experts_in_groups() -> None:
    net = spec.load(PUBLISHED / "deepseek_v3.yaml")
    groups, experts = (f for f in units(net).families.values() if f.kind.startswith("expert"))
    assert (groups.kind, groups.size, groups.copies) == ("expert group", 2, ())
    assert (experts.kind, experts.size, experts.copies) == ("expert", 3, (2,))
    assert difference(net, [groups[0]]) < 1e-12
    assert difference(net, [experts[0, 2], experts[1, 0]]) < 1e-12
    assert difference(net, [groups[0]], [groups[1]]) > 1e-3


@pytest.mark.parametrize("layer", LAYERS)
def test_what_is_counted_is_counted_among_those_left(layer: str) -> None:
    net = spec.loads(RANKED.format(layer=layer))
    family = units(net)["first/neuron"]
    assert family.together
    for gone in ([family[0]], [family[2], family[5]]):
        assert difference(net, gone) < 1e-12


def test_hidden_units_of_experts_come_twice() -> None:
    net = spec.load(PUBLISHED / "mixtral.yaml")
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    found = units(net)
    inner = next(f for f in found.families.values() if f.kind == "neuron" and f.copies == (3,))
    stream = found["model.embed_tokens/neuron"]
    for added in ([inner[0, 1], inner[1, 0], inner[2, 3]], [*stream]):
        wider, more = widen(net, weights, added)
        assert sum(a.size for a in more.values()) > sum(a.size for a in weights.values())
        assert max(map(relative_error, run(wider, more, x), run(net, weights, x))) < 1e-12
