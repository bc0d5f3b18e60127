"""Metanets that read views: any of them, with any views, stored or computed."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.models.view_inputs import ViewInputs
from metanet.testing import assert_batch_independent, assert_invariant, predict
from metanet.views import NODE, VIEWS, view_of
from metanet.views.made import is_made

MLP = "inputs: {x: [3]}\nlayers: [{linear: {out_features: %d}}, tanh, {linear: {out_features: 2}}]"
NET = spec.loads(MLP % 5)
OWN = {"statnn", "stat_mlp", "viewed"}
"""Metanets that take views by themselves."""
INNER = sorted(set(metanet.METANETS) - OWN)
MADE = [name for name, view in VIEWS.items() if is_made(view)]
PLAIN = [name for name in VIEWS if name not in MADE]


def graphs_of(count: int = 6, *, seed: int = 0, alike: bool = True) -> list[graphgen.Graph]:
    rng = np.random.default_rng(seed)
    nets = [NET if alike else spec.loads(MLP % (3 + i % 3)) for i in range(count)]
    return [graphgen.compile(net, random_weights(net, rng)) for net in nets]


def seeded(make: Callable[[], Any]) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make().double()


def viewed(name: str, *views: str, **more: Any) -> Any:
    inside = {"hidden": 8, "layers": 2}
    return seeded(
        lambda: metanet.Viewed(name, inside, views or PLAIN, outputs=2, net=NET, width=8, **more)
    )


def shown(model: Any, graphs: list[graphgen.Graph]) -> Any:
    model.observe([metanet.Batch.from_graphs(graphs)])
    return model.eval()


@pytest.mark.parametrize("name", INNER)
def test_any_metanet_reads_views(name: str) -> None:
    graphs, model = graphs_of(), viewed(name)
    before = predict(model, graphs)
    rng = np.random.default_rng(0)
    shown(model, graphs)
    found = predict(model, graphs)
    assert found.shape == (6, 2)
    assert not torch.allclose(found, before), "bins are those of the networks that were seen"
    assert_batch_independent(model, graphs, rng)
    if name not in ("mlp", "dmc"):
        assert_invariant(model, graphs, rng)
    again = seeded(lambda: metanet.make_metanet("viewed", **json.loads(json.dumps(model.settings))))
    assert again.settings == model.settings
    again.expect(model.state_dict())
    again.load_state_dict(model.state_dict())
    assert torch.equal(predict(again, graphs), found)


@pytest.mark.parametrize("view", PLAIN)
def test_stored_and_computed_views_give_the_same_numbers(view: str) -> None:
    batch = metanet.Batch.from_graphs(graphs_of(alike=False))
    model = shown(viewed("gmn", view), graphs_of(alike=False))
    (kept,) = (one.view() for one in model.inputs.all())
    stored = metanet.Batch(
        tuple(replace(part, views={view: view_of(part, kept)}) for part in batch.parts)
    )
    assert torch.equal(predict(model, stored), predict(model, batch))
    other = metanet.Batch(
        tuple(replace(p, views={view: 2 * p.views[view] + 0.1}) for p in stored.parts)
    )
    assert not torch.allclose(predict(model, other), predict(model, batch))
    moved = [row.flip(0) for row in (p.views[view] for p in stored.parts)]
    swapped = metanet.Batch(
        tuple(replace(p, views={view: v}) for p, v in zip(stored.parts, moved, strict=True))
    )
    assert not torch.allclose(predict(model, swapped), predict(model, batch))


@pytest.mark.parametrize("make", [metanet.StatMLP, metanet.StatNN])
def test_models_of_numbers_read_any_views(make: Any) -> None:
    graphs = graphs_of(30, alike=False)
    batch, rng = metanet.Batch.from_graphs(graphs), np.random.default_rng(0)
    for views in (["statistics"], PLAIN):
        model = seeded(lambda v=views: make(views=v))
        numbers = model.inputs.numbers(batch)
        assert numbers.shape == (30, model.inputs.columns)
        assert numbers.isfinite().all()
        if isinstance(model, metanet.StatNN):
            model.fit(numbers, torch.rand(30, generator=torch.Generator().manual_seed(0)))
        shown(model, graphs)
        assert_batch_independent(model, graphs, rng)
        assert_invariant(model, graphs, rng)
        again = make(**model.settings).double()
        again.expect(model.state_dict())
        again.load_state_dict(model.state_dict())
        assert torch.equal(predict(again, graphs), predict(model, graphs))


def test_views_of_nodes_are_features_of_nodes_or_pooled() -> None:
    nodes = [name for name in PLAIN if VIEWS[name].level == NODE]
    apart, pooled = ViewInputs(nodes), ViewInputs(nodes, pooled=True)
    assert (apart.columns, pooled.node_columns) == (0, 0)
    batch = metanet.Batch.from_graphs(graphs_of(3))
    if nodes:
        assert apart.nodes(batch.parts[0]).shape[2] == apart.node_columns > 0
        assert pooled.numbers(batch).shape == (3, pooled.columns)
    for name in INNER:
        takes = "node_features" in inspect.signature(metanet.METANETS[name]).parameters
        assert viewed(name).inputs.pooled is not takes


def test_features_that_a_batch_brings_stand_beside_views() -> None:
    graphs = graphs_of(4)
    inside = {"hidden": 8, "layers": 1, "node_features": 2}
    model = seeded(lambda: metanet.Viewed("gmn", inside, views=PLAIN))
    assert model.settings["settings"]["node_features"] == 2
    batch = metanet.Batch.from_graphs(graphs)
    features = [torch.ones(graph.num_nodes, 2) for graph in graphs]
    first = predict(model, batch.with_nodes(features))
    assert not torch.allclose(first, predict(model, batch.with_nodes([2 * f for f in features])))
    with pytest.raises(metanet.MetanetError, match="features of each node"):
        model(batch)


def test_learned_inputs_stand_beside_what_a_metanet_reads() -> None:
    graphs, rng = graphs_of(), np.random.default_rng(0)
    model = viewed("deepsets", "statistics", learned_inputs=3)
    shown(model, graphs)
    assert_batch_independent(model, graphs, rng)
    assert_invariant(model, graphs, rng)
    model(metanet.Batch.from_graphs(graphs)).sum().backward()
    points = list(model.points.parameters())
    assert points
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in points)
    with pytest.raises(metanet.MetanetError, match="`learned_inputs` is 3, and `net` is missing"):
        metanet.Viewed(learned_inputs=3)


class Forward(metanet.Metanet):
    """A model of one's own that defines `forward` alone."""

    def __init__(self, outputs: int = 3) -> None:
        super().__init__()
        self.linear = nn.Linear(1, outputs)

    def forward(self, batch: metanet.Batch) -> Tensor:
        rows = torch.cat([part.values.square().mean(1, keepdim=True) for part in batch.parts])
        result: Tensor = self.linear(rows[batch.order])
        return result


class Embeds(metanet.Metanet):
    """A model of one's own that defines `embed` and a head."""

    def __init__(self, hidden: int = 4) -> None:
        super().__init__()
        self.head = nn.Linear(1, hidden)

    def embed(self, batch: metanet.Batch) -> Tensor:
        return torch.cat([part.values.mean(1, keepdim=True) for part in batch.parts])[batch.order]


class Nothing(metanet.Metanet):
    """A model that says nothing."""


def test_the_contract_of_metanets_and_of_one_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    graphs = graphs_of(3)
    batch = metanet.Batch.from_graphs(graphs)
    for name in [*INNER, "stat_mlp"]:
        needed = inspect.signature(metanet.METANETS[name]).parameters.get("net")
        given = {"net": NET} if needed and needed.default is needed.empty else {}
        model = seeded(lambda n=name, g=given: metanet.make_metanet(n, hidden=8, layers=1, **g))
        model.eval()
        with torch.no_grad():
            state = model.embed(batch)
            assert state.shape == (3, model.width)
            torch.testing.assert_close(model.head(state), model(batch))
    for own, width in ((Forward, 3), (Embeds, 1)):
        monkeypatch.setitem(metanet.METANETS, "own", own)
        model = seeded(lambda: metanet.Viewed("own", views=["statistics"], width=8))
        assert model.head[0].normalized_shape == (width + 8,)
        assert shown(model, graphs)(batch).shape == (3, 1)
    monkeypatch.setitem(metanet.METANETS, "own", Nothing)
    with pytest.raises(metanet.MetanetError, match="numbers Nothing gives of each network"):
        metanet.Viewed("own")
    with pytest.raises(metanet.MetanetError, match="neither `embed` with a `head` nor `forward`"):
        Nothing()(batch)


def test_mistakes_are_named() -> None:
    with pytest.raises(metanet.MetanetError, match="unknown metanet 'gnm'.* did you mean 'gmn'"):
        metanet.Viewed("gnm")
    with pytest.raises(metanet.MetanetError, match="unknown view 'statistcs'.*did you mean 'stat"):
        metanet.Viewed(views=["statistcs"])
    with pytest.raises(metanet.MetanetError, match="`views` is .*, expected a list of names, each"):
        metanet.StatMLP(views=["statistics", "statistics"])
    with pytest.raises(metanet.MetanetError, match="`metanet` is 'stat_mlp', expected one that do"):
        metanet.Viewed("stat_mlp")
    with pytest.raises(metanet.MetanetError, match="does not take these settings: hiden"):
        metanet.Viewed("gmn", {"hiden": 3})
    with pytest.raises(metanet.MetanetError, match="missing a required argument: 'net'"):
        metanet.Viewed("dws")


def test_a_view_without_its_state_is_asked_for() -> None:
    for view in MADE:
        model = viewed("gmn", view)
        with pytest.raises(metanet.MetanetError, match="made from training networks, and this mo"):
            model(metanet.Batch.from_graphs(graphs_of(2)))
