from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from oracles.masked import masked_outputs

import graphgen
import spec
from graphgen.surgery.prune import prune
from graphgen.surgery.scores import lowest, unit_scores
from graphgen.surgery.widen import widen
from graphgen.testing import random_inputs, random_weights, relative_error
from graphgen.units.derivation import units
from spec.testing import description

NETS = Path(spec.__file__).parent / "nets"
MIXTURE = """
inputs: {x: [6]}
layers:
  - linear: {out_features: 5, name: stem}
  - parallel:
      merge: add
      branches:
        - [{linear: {out_features: 4, name: up}}, relu, {linear: {out_features: 5, name: down}}]
        - [{linear: {out_features: 4, name: up}}, relu, {linear: {out_features: 5, name: down}}]
        - [{linear: {out_features: 3, name: up}}, relu, {linear: {out_features: 5, name: down}}]
      name: experts
  - linear: {out_features: 2, name: head}
"""


def outputs(net, weights, x):
    """Run a network, and give its outputs in a tuple."""
    found = graphgen.evaluate(net, weights, *x)
    return found if isinstance(found, tuple) else (found,)


def example(net):
    rng = np.random.default_rng(0)
    return random_weights(net, rng), random_inputs(net, rng)


def compare(net, gone) -> spec.Architecture:
    """Prune, compare with what is masked, and give what is left."""
    weights, x = example(net)
    smaller, left = prune(net, weights, gone)
    assert {name: array.shape for name, array in left.items()} == {
        name: tensor.shape for name, tensor in smaller.tensors.items()
    }
    with np.errstate(all="ignore"):
        actual, expected = outputs(smaller, left, x), masked_outputs(net, weights, x, gone)
    for a, b in zip(actual, expected, strict=True):
        assert not np.isfinite(b).all() or relative_error(a, b) < 1e-12
    return smaller


def test_alike_branches_stand_for_one_another() -> None:
    net = spec.loads(MIXTURE)
    found = units(net)
    alike, other = found.branches.values()
    assert (alike.kind, alike.size, other.size) == ("branch", 2, 1)
    assert alike.parameters == 5 * 4 + 4 + 4 * 5 + 5 == alike[1].parameters
    sizes = [net.tensors[own.tensor].shape[0] for own in alike[0].slices]
    assert [len(own.indices) for own in alike[0].slices] == sizes
    weights, x = example(net)
    swapped = dict(weights)
    for one, two in zip(alike[0].slices, alike[1].slices, strict=True):
        swapped[one.tensor], swapped[two.tensor] = weights[two.tensor], weights[one.tensor]
    assert max(map(relative_error, outputs(net, swapped, x), outputs(net, weights, x))) < 1e-12
    smaller = compare(net, [alike[1], other[0]])
    assert len(smaller.parameters) == len(net.parameters) - 8
    # What is inside of branches goes with them, and beside them.
    inner = next(f for f in found.families.values() if f.name.startswith(alike[0].layers[-1]))
    compare(net, [inner[0], alike[1]])
    compare(net, [inner[0], alike[0]])


@pytest.mark.parametrize("name", ["resnet", "gpt2", "published/switch"])
def test_bodies_of_residual_blocks(name: str) -> None:
    net = spec.load(NETS / f"{name}.yaml")
    found = units(net)
    for family in found.branches.values():
        compare(net, [family[0]])
    alone = {branches.sum: branches[0] for branches in found.branches.values()}
    smaller = compare(net, [*alone.values()])
    assert sum(len(b.layers) for b in alone.values()) > 2
    owned = {own.tensor for branch in alone.values() for own in branch.slices}
    assert owned
    assert owned.isdisjoint(smaller.tensors)


@pytest.mark.parametrize("seed", range(12))
def test_random_networks(seed: int) -> None:
    net = spec.loads(description(Random(seed)))
    for family in units(net).branches.values():
        compare(net, [family[0]])


def test_another_branch_is_another_function() -> None:
    net = spec.loads(MIXTURE)
    alike, _ = units(net).branches.values()
    weights, x = example(net)
    actual = outputs(*prune(net, weights, [alike[0]]), x)
    expected = masked_outputs(net, weights, x, [alike[1]])
    assert max(map(relative_error, actual, expected)) > 1e-3


def test_lowest_branches_go() -> None:
    net = spec.loads(MIXTURE)
    weights, _ = example(net)
    alike, other = units(net).branches.values()
    for own in alike[1].slices:
        weights[own.tensor] = weights[own.tensor] / 10
    scores = unit_scores(net, weights)
    expected = [
        np.sqrt(sum(float((weights[own.tensor] ** 2).sum()) for own in branch.slices))
        for branch in alike
    ]
    assert scores[alike.name].tolist() == pytest.approx(expected, rel=1e-12)
    chosen = lowest(net, {n: scores[n] for n in (alike.name, other.name)}, share=0.5)
    assert [branch.name for branch in chosen] == [f"{alike.name}[1]"]


def test_refusals() -> None:
    net = spec.loads(MIXTURE)
    weights, _ = example(net)
    found = units(net)
    every = [branch for family in found.branches.values() for branch in family]
    with pytest.raises(graphgen.GraphError, match="one operand of the sum 'experts' stays, got"):
        prune(net, weights, every)
    with pytest.raises(graphgen.GraphError, match="is a branch of another network than"):
        prune("mlp", example(spec.load("mlp"))[0], every)
    with pytest.raises(graphgen.GraphError, match="is a branch, which cannot come twice"):
        widen(net, weights, every)
    name = next(iter(found.branches))
    with pytest.raises(graphgen.GraphError, match="it is one of `branches`"):
        found[name]
    with pytest.raises(IndexError, match="has 2 branches, got an int, 2"):
        found.branches[name][2]
