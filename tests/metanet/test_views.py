"""Views of any network: finite, independent of batch-mates, moved as neurons are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.errors import MetanetError
from metanet.views import NODE, VIEWS, View, make, pool, view_of
from metanet.views.made import is_made
from spec.testing import networks

STATELESS = [name for name in VIEWS if not is_made(VIEWS[name])]
MLP = "inputs: {x: [3]}\nlayers: [{linear: {out_features: %d}}, relu, {linear: {out_features: 2}}]"


def computed(view: View, graphs: list[graphgen.Graph]) -> Tensor:
    (part,) = metanet.Batch.from_graphs(graphs).parts
    found = view.compute(part)
    expected = [len(graphs), len(view.columns)]
    if view.level == NODE:
        expected.insert(1, part.template.num_nodes)
    assert list(found.shape) == expected
    assert found.dtype == part.values.dtype
    assert found.isfinite().all()
    return found


def close(found: Tensor, expected: Tensor) -> bool:
    """Say whether views are equal, up to what rounding does to logarithms of nothing."""
    return bool(torch.isclose(found, expected, rtol=1e-6, atol=1e-6).all())


@settings(max_examples=60, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(networks().filter(lambda net: net.parameters), st.integers(0, 3))
def test_exchanging_neurons_moves_what_is_said_of_them(net: spec.Architecture, seed: int) -> None:
    rng = np.random.default_rng(seed)
    try:
        group = graphgen.symmetries(net)
    except graphgen.GraphError:
        assume(False)
    weights = random_weights(net, rng)
    element = group.sample(rng)
    graphs = [graphgen.compile(net, weights), graphgen.compile(net, element.apply(weights))]
    for name in STATELESS:
        view = make(name)
        before, after = computed(view, graphs)
        expected = before[element.nodes] if view.level == NODE else before
        assert close(after, expected), name
        # A network is described alike whatever stands beside it.
        assert close(computed(view, graphs[1:])[0], after), name


@pytest.mark.parametrize("name", STATELESS)
def test_what_is_no_symmetry_changes_a_view(name: str) -> None:
    net = spec.loads(MLP % 5)
    rng = np.random.default_rng(0)
    weights = random_weights(net, rng)
    # The control: rows of one layer alone are exchanged, which is another network.
    moved = {**weights, "0.weight": weights["0.weight"][::-1].copy()}
    before, after = computed(make(name), [graphgen.compile(net, w) for w in (weights, moved)])
    if name in ("statistics", "spectra", "initialisation"):
        # These do not see which neuron is which; a changed weight they do.
        assert close(before, after)
        moved = {**weights, "0.weight": 2 * weights["0.weight"]}
        before, after = computed(make(name), [graphgen.compile(net, w) for w in (weights, moved)])
    assert not close(before, after)


@pytest.mark.parametrize("size", [0.0, 1e-40, 1e-3, 1e6, 1e30])
@pytest.mark.parametrize("name", STATELESS)
def test_weights_of_any_size_give_finite_numbers(name: str, size: float) -> None:
    net = spec.loads(MLP % 5)
    rng = np.random.default_rng(0)
    weights = random_weights(net, rng)
    scaled = {n: (size * w).astype(np.float32) for n, w in weights.items()}
    computed(make(name), [graphgen.compile(net, scaled)] * 2)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", STATELESS)
def test_a_weight_that_is_no_number_leaves_batch_mates_as_they_are(name: str, value: float) -> None:
    net = spec.loads(MLP % 5)
    rng = np.random.default_rng(0)
    good, bad = random_weights(net, rng), random_weights(net, rng)
    bad["0.weight"][0, 0] = value
    graphs = [graphgen.compile(net, weights) for weights in (good, bad)]
    found = computed(make(name), graphs)
    assert close(found[0], computed(make(name), graphs[:1])[0])
    assert not close(found[1], found[0])  # control


def test_what_is_no_part_and_numbers_of_another_are_refused() -> None:
    net = spec.loads(MLP % 5)
    weights = random_weights(net, np.random.default_rng(0))
    batch = metanet.Batch.from_graphs([graphgen.compile(net, weights)] * 3)
    (part,) = batch.parts
    for name in STATELESS:
        view = make(name)
        found = view.compute(part)
        assert tuple(found.shape) == view.shape(part)
        for other in (batch, None, weights):
            with pytest.raises(MetanetError, match="expected a part of a batch"):
                view.compute(other)  # type: ignore[arg-type]
        held = replace(part, views={name: found + 1})
        assert torch.equal(view_of(held, view), found + 1)  # control
        for wrong in (found[:2], found[..., :3], found.flatten()):
            with pytest.raises(MetanetError, match=f"as the view '{name}', expected"):
                view_of(replace(part, views={name: wrong}), view)
        if view.level == NODE:
            assert len(pool(part, found)) == 3  # control
            found = found[:, 1:]
        for numbers in (found, 3):
            with pytest.raises(MetanetError, match="the numbers of a view of nodes"):
                pool(part, numbers)  # type: ignore[arg-type]
