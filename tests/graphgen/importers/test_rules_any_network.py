"""Rules change the function of no network: random ones, as they are written and respelled."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from oracles.rewrites import LIMIT, Build, as_network, checked, named_tensors

import graphgen
import spec
from graphgen.importers.network import Network, Node
from graphgen.importers.rules import RULES, Rule, apply_rules, rule
from graphgen.importers.rules.session import Replacement, Session
from graphgen.importers.writing import write_network
from graphgen.testing import random_inputs, random_weights, relative_error
from spec.testing.network import description

CHUNK = 20


def outputs(net: spec.Architecture, weights: dict[str, np.ndarray], *inputs: np.ndarray) -> list:
    with np.errstate(all="ignore"):
        found = graphgen.evaluate(net, weights, *inputs)
    return list(found) if isinstance(found, tuple) else [found]


def written(network: Network) -> tuple[spec.Architecture, dict[str, np.ndarray]]:
    """Write a network whose tensors have names of their own, as one that was imported."""
    found = write_network(named_tensors(network))
    return found.net, found.weights


def difference(seed: int, rules: Sequence[Rule] = RULES) -> tuple[float, bool]:
    """Give how far rules move a random network's outputs, and whether any was applied."""
    net = spec.loads(description(Random(seed)))
    if any(layer.parametrizations for layer in net.layers):
        return 0.0, False  # which readers do not give
    rng = np.random.default_rng(seed)
    weights = random_weights(net, rng)
    before = as_network(net, weights)
    after = apply_rules(before, rules)
    if layers(after) == layers(before):
        return 0.0, False
    found, own = written(after)
    inputs = dict(zip(net.inputs, random_inputs(net, rng), strict=True))
    old = outputs(net, weights, *inputs.values())
    # What plays no part is left out of what is written.
    new = outputs(found, own, *(inputs[name] for name in found.inputs))
    worst = 0.0
    for a, b in zip(old, new, strict=True):
        assert a.shape == b.shape
        known = np.isfinite(a) & (np.abs(a) < 1e9)
        worst = max(worst, relative_error(b[known], a[known]) if known.any() else 0.0)
    return worst, True


@rule("relu", "tanh", "sigmoid", "gelu")
def wrong(session: Session, node: Node) -> Replacement | None:
    """A rule that leaves out functions, which is wrong."""
    return Replacement(session, node).gives(node.inputs[0])


def test_a_wrong_rule_is_told() -> None:
    assert any(difference(seed, (wrong,))[0] > 1e-3 for seed in range(20))
    build = Build({"x": (3, 4)})
    build("tanh", "x")
    with pytest.raises(AssertionError, match="wrong changes the function"):
        checked(build.network(), (wrong,))


def layers(network: Network) -> list[str]:
    return [node.layer for node in network.nodes]


@pytest.mark.parametrize("chunk", range(4))
def test_rules_change_no_function(chunk: int) -> None:
    applied = 0
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        worst, some = difference(seed)
        assert worst < LIMIT, f"seed {seed}: {worst:.3g}"
        applied += some
    assert applied


@pytest.mark.long
@pytest.mark.parametrize("chunk", range(4, 100))
def test_rules_change_no_function_of_more(chunk: int) -> None:
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        worst, _ = difference(seed)
        assert worst < LIMIT, f"seed {seed}: {worst:.3g}"
