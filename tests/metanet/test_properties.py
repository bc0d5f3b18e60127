from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.models.metanet import Metanet, head
from metanet.testing import (
    assert_backends_agree,
    assert_batch_independent,
    assert_deterministic,
    assert_invariant,
    predict,
)
from spec.testing import TWINS, networks

MLP = "inputs: {x: [3]}\nlayers: [{linear: {out_features: %d}}, relu, {linear: {out_features: 2}}]"
CNN = """
inputs: {x: [2, 6, 6]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3}
  - batch_norm
  - relu
  - residual:
      body: [{conv2d: {out_channels: 4, kernel_size: [5, 3], padding: [2, 1], groups: 2}}, gelu]
  - max_pool2d: {kernel_size: 2}
  - flatten
  - linear: {out_features: 2}
"""
SMALL = {"hidden": 8, "layers": 2, "outputs": 3}


def graphs_of(nets: Sequence[spec.Architecture], seed: int = 0) -> list[graphgen.Graph]:
    rng = np.random.default_rng(seed)
    return [graphgen.compile(net, random_weights(net, rng)) for net in nets]


def mixed() -> list[graphgen.Graph]:
    texts = [MLP % 4, CNN, MLP % 5, MLP % 4, CNN, CNN]
    return graphs_of([spec.loads(text) for text in texts])


def seeded(make: Callable[[], Metanet]) -> Metanet:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make().double()


def fitted_trees() -> Metanet:
    graphs = graphs_of([spec.loads(MLP % width) for width in range(2, 32)])
    features = metanet.network_statistics(metanet.Batch.from_graphs(graphs))
    model = metanet.StatNN(trees=20, min_samples_leaf=3)
    model.fit(features, features[:, 3] + features[:, -3])
    return model


def gmn(taps: str, aggregation: str, backend: str) -> Metanet:
    options = {"taps": taps, "aggregation": aggregation, "backend": backend}
    return metanet.GMN(**SMALL, dropout=0.5, **options)


MODELS: dict[str, Callable[[], Metanet]] = {
    **{
        f"gmn {' '.join(options)}": partial(gmn, *options)
        for options in product(("folded", "parallel"), ("mean", "sum"), ("block", "pyg"))
    },
    "gmn of the paper's form, with products": lambda: metanet.GMN(
        **SMALL, form="paper", multiply=True
    ),
    "gmn of the paper's form, without a global state": lambda: metanet.GMN(
        **SMALL, form="paper", global_state=False
    ),
    "gmn of sums, with products, checkpointed": lambda: metanet.GMN(
        **SMALL, aggregation="sum", multiply=True, checkpoint=True
    ),
    "gmn without norms or positions": lambda: metanet.GMN(
        **SMALL, norm=False, activation="relu", positions=False, readout=["mean", "quantiles"]
    ),
    "deepsets": lambda: metanet.DeepSets(**SMALL, dropout=0.5),
    "stat_mlp": lambda: metanet.StatMLP(**SMALL),
    "statnn": fitted_trees,
    "viewed": lambda: metanet.Viewed("gmn", SMALL, dropout=0.5),
}
ON_CHAINS = {"np_nfn", "hnp_nfn", "dws", "ng_gnn", "ng_t", "scale_gmn"}
"""Tested in test_chains.py."""
ON_INPUTS = {"hidden_activations", "learned_inputs", "probe_gen", "probe_grid"}
"""Tested in test_learned_inputs.py and test_probe_grid.py."""


WITHOUT_SYMMETRY: dict[str, Callable[[], Metanet]] = {
    "dmc": lambda: metanet.DMC(**SMALL, dropout=0.5),
    "mlp": lambda: metanet.MLP(spec.loads(CNN), **SMALL, dropout=0.5),
}


@pytest.mark.parametrize(
    "options",
    [
        {"form": "paper", "multiply": True},
        {"norm": False, "activation": "relu", "aggregation": "sum", "multiply": True},
        {"readout": ["variance", "quantiles"], "checkpoint": True},
        {"readout": ["mean", "outputs"], "global_state": False},
    ],
)
def test_the_options_of_a_gmn_give_the_same_numbers_on_both_backends(options: Any) -> None:
    def make(backend: str) -> metanet.GMN:
        return metanet.GMN(**SMALL, **options, backend=backend)

    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert_backends_agree(make, metanet.Batch.from_graphs(mixed()))


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(
        metanet.MetanetError, match="`readout` is \\['median'\\], expected a list of some"
    ):
        metanet.GMN(readout=["median"])
    with pytest.raises(metanet.MetanetError, match="`activation` is 'gelu', expected one of silu"):
        metanet.GMN(activation="gelu")
    with pytest.raises(metanet.MetanetError, match="does not take these settings"):
        metanet.make_metanet("gmn", width=3)


def test_a_gmn_reads_features_of_nodes() -> None:
    graphs = mixed()
    batch = metanet.Batch.from_graphs(graphs)
    rng = torch.Generator().manual_seed(0)
    features = [torch.randn(g.num_nodes, 2, generator=rng, dtype=torch.float64) for g in graphs]
    model = seeded(lambda: metanet.GMN(**SMALL, node_features=2))
    both = predict(model, batch.with_nodes(features))
    assert not torch.allclose(both, predict(model, batch.with_nodes([f * 2 for f in features])))
    order = [2, 0, 5, 1, 4, 3]
    mixed_up = metanet.Batch.from_graphs([graphs[i] for i in order])
    other = predict(model, mixed_up.with_nodes([features[i] for i in order]))
    torch.testing.assert_close(other, both[order], rtol=1e-10, atol=1e-12)
    with pytest.raises(metanet.MetanetError, match="reads 2 features of each node, the batch"):
        model(batch)
    with pytest.raises(metanet.MetanetError, match="expected node features of 6 networks, got 1"):
        batch.with_nodes(features[:1])
    with pytest.raises(metanet.MetanetError, match=r"a network has \d+ nodes, got features \[1,"):
        batch.with_nodes([torch.zeros(1, 2)] * 6)


def test_without_positions_permuting_the_inputs_changes_nothing() -> None:
    net = spec.loads(MLP % 4)
    (graph, other) = graphs_of([net, net])
    weights = graph.weights()
    turned = {**weights, "0.weight": weights["0.weight"][:, ::-1].copy()}
    batch = metanet.Batch.from_graphs([graph, graphgen.compile(net, turned), other])
    for positions in (True, False):
        first, second, third = predict(
            seeded(lambda p=positions: metanet.GMN(**SMALL, positions=p)), batch
        )
        difference = ((first - second).abs().max() / (first - third).abs().max()).item()
        assert (difference > 1e-3) if positions else (difference < 1e-10)


def test_every_metanet_is_tested() -> None:
    names = {name.split()[0] for name in (*MODELS, *WITHOUT_SYMMETRY)}
    assert names | ON_CHAINS | ON_INPUTS == set(metanet.METANETS)


@pytest.mark.parametrize("name", WITHOUT_SYMMETRY)
def test_properties_of_models_without_symmetry(name: str) -> None:
    model = seeded(WITHOUT_SYMMETRY[name])
    graphs = mixed() if name == "dmc" else graphs_of([spec.loads(CNN)] * 4)
    rng = np.random.default_rng(0)
    assert_batch_independent(model, graphs, rng)
    assert assert_deterministic(model, graphs) == 0
    with pytest.raises(AssertionError, match="permuting a network's neurons changes a prediction"):
        assert_invariant(model, graphs, rng)


def test_an_augmented_mlp_sees_a_network_permuted_each_time() -> None:
    net = spec.loads(CNN)
    batch = metanet.Batch.from_graphs(graphs_of([net] * 3))
    torch.manual_seed(0)
    model = metanet.MLP(net, **SMALL).double().train()
    assert not torch.equal(model(batch), model(batch))
    index = model.trunk.permuted()
    assert not torch.equal(index, torch.arange(model.trunk.size))
    permuted = [
        graphgen.symmetries(net).template.bind(unflattened(model, part.values[i][index], batch))
        for part in batch.parts
        for i in range(1)
    ]
    x = np.random.default_rng(0).standard_normal((3, 2, 6, 6))
    before = graphgen.evaluate(net, graphs_of([net] * 3)[0].weights(), x)
    np.testing.assert_allclose(
        graphgen.evaluate(net, permuted[0].weights(), x), before, rtol=1e-10, atol=1e-12
    )
    plain = metanet.MLP(net, **SMALL, augment=False).double().train()
    assert torch.equal(plain(batch), plain(batch))
    again = metanet.make_metanet("mlp", **plain.settings)
    assert again.load_state_dict(plain.state_dict()).missing_keys == []


def unflattened(model: metanet.MLP, row: Tensor, batch: metanet.Batch) -> Any:
    floats = {
        name: row[start : start + size].numpy()
        for name, (start, size) in model.trunk.offsets.items()
    }
    return {
        tensor.name: floats[tensor.name].reshape(tensor.shape)
        if tensor.name in floats
        else np.zeros(tensor.shape, dtype=tensor.dtype)
        for tensor in model.trunk.template.tensors
    }


def test_an_mlp_refuses_other_architectures() -> None:
    model = metanet.MLP(spec.loads(MLP % 4), **SMALL).double()
    with pytest.raises(metanet.MetanetError, match="takes networks of one architecture"):
        model(metanet.Batch.from_graphs(mixed()))
    with pytest.raises(metanet.MetanetError, match="has no weights that could be read"):
        metanet.MLP(spec.loads("inputs: {x: [3]}\nlayers: [tanh]"))


@pytest.mark.parametrize("name", MODELS)
def test_properties_hold(name: str) -> None:
    model, graphs = seeded(MODELS[name]), mixed()
    rng = np.random.default_rng(0)
    assert_invariant(model, graphs, rng)
    assert_batch_independent(model, graphs, rng)
    assert assert_deterministic(model, graphs) == 0


FAMILY = st.lists(networks().filter(lambda net: net.parameters), min_size=2, max_size=4)


def check_random(nets: list[spec.Architecture], name: str) -> None:
    graphs = graphs_of(nets)
    model = seeded(MODELS[name])
    assume((predict(model, metanet.Batch.from_graphs(graphs)).std(0) > 1e-3).all())
    rng = np.random.default_rng(0)
    assert_batch_independent(model, graphs, rng)
    assert_invariant(model, graphs, rng)


@settings(max_examples=8)
@given(FAMILY, st.sampled_from([name for name in MODELS if not name.startswith("stat")]))
def test_properties_hold_for_any_networks(nets: list[spec.Architecture], name: str) -> None:
    check_random(nets, name)


@pytest.mark.long
@settings(max_examples=200)
@given(FAMILY, st.sampled_from([name for name in MODELS if not name.startswith("stat")]))
def test_properties_hold_for_any_networks_long(nets: list[spec.Architecture], name: str) -> None:
    check_random(nets, name)


class Flat(Metanet):
    """Reads the first weights of a network as they lie there."""

    def __init__(self) -> None:
        super().__init__()
        self.head = head(8, 8, 2)

    def forward(self, batch: metanet.Batch) -> Tensor:
        return self.head(torch.cat([part.values[:, :8] for part in batch.parts])[batch.order])


class Crowd(Metanet):
    """Normalises over the networks of a batch."""

    def __init__(self) -> None:
        super().__init__()
        self.model = metanet.DeepSets(**SMALL)
        self.norm = nn.BatchNorm1d(3, track_running_stats=False)

    def forward(self, batch: metanet.Batch) -> Tensor:
        values = self.model(batch)
        return values if len(values) < 2 else self.norm(values)


class Places(Metanet):
    """Forgets to put its predictions into the order of the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.model = metanet.DeepSets(**SMALL)

    def forward(self, batch: metanet.Batch) -> Tensor:
        return torch.cat([self.model(metanet.Batch((one,))) for one in map(alone, batch.parts)])


def alone(part: Any) -> Any:
    return type(part)(part.template, part.values, tuple(range(len(part.positions))))


class Noise(Metanet):
    """Drops weights in evaluation too."""

    def __init__(self) -> None:
        super().__init__()
        self.model = metanet.DeepSets(**SMALL)

    def forward(self, batch: metanet.Batch) -> Tensor:
        return torch.nn.functional.dropout(self.model(batch), 0.5, training=True)


class Constant(Metanet):
    """Predicts the same for every network."""

    def forward(self, batch: metanet.Batch) -> Tensor:
        return torch.ones(batch.num_networks, 1, dtype=torch.float64)


def test_a_model_of_raw_weights_is_not_invariant() -> None:
    with pytest.raises(AssertionError, match=r"permuting .* of the spread between networks, more"):
        assert_invariant(seeded(Flat), mixed(), np.random.default_rng(0))
    assert_batch_independent(seeded(Flat), mixed(), np.random.default_rng(0))


@pytest.mark.parametrize("make", [Crowd, Places])
def test_a_model_that_looks_at_the_batch_is_not_independent(make: type[Metanet]) -> None:
    with pytest.raises(AssertionError, match=r"being in a batch of \d changes a prediction by"):
        assert_batch_independent(seeded(make), mixed(), np.random.default_rng(0))
    assert_invariant(seeded(make), mixed(), np.random.default_rng(0))


def test_a_model_that_drops_in_evaluation_is_not_deterministic() -> None:
    with pytest.raises(AssertionError, match=r"evaluated again, predictions differ by \d"):
        assert_deterministic(seeded(Noise), mixed())


def test_a_model_that_tells_nothing_apart_is_not_measured() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(AssertionError, match="does not tell networks apart"):
        assert_invariant(Constant(), mixed(), rng)
    with pytest.raises(AssertionError, match="does not tell networks apart"):
        assert_batch_independent(Constant(), mixed(), rng)
    with pytest.raises(AssertionError, match="the spread of 1 predictions says nothing"):
        assert_invariant(Constant(), mixed()[:1], rng)


def test_the_mode_of_a_model_stays_as_it_was() -> None:
    model = metanet.GMN(**SMALL, dropout=0.5).double().train()
    assert_deterministic(model, mixed())
    assert model.training
    batch = metanet.Batch.from_graphs(mixed())
    assert not torch.equal(model(batch), model(batch))


def test_single_precision_has_its_own_tolerance() -> None:
    model = seeded(MODELS["gmn folded mean block"]).float()
    rng = np.random.default_rng(0)
    nets = [spec.loads(text) for text in (MLP % 4, CNN, CNN)]
    graphs = [graphgen.compile(net, random_weights(net, rng, np.float32)) for net in nets]
    errors = assert_invariant(model, graphs, rng), assert_batch_independent(model, graphs, rng)
    assert max(errors) > 1e-10


@pytest.mark.parametrize("name", TWINS)
def test_a_gmn_tells_near_twins_apart(name: str) -> None:
    a, b = (spec.loads(text) for text in TWINS[name])
    weights = random_weights(a, np.random.default_rng(0))
    if [t.shape for t in a.tensors.values()] == [t.shape for t in b.tensors.values()]:
        others = dict(zip(b.tensors, weights.values(), strict=True))
        if weights.keys() == b.tensors.keys():
            others = weights
    else:
        others = random_weights(b, np.random.default_rng(0))
    batch = metanet.Batch.from_graphs([graphgen.compile(a, weights), graphgen.compile(b, others)])
    first, second = predict(seeded(lambda: metanet.GMN(**SMALL)), batch)
    assert (first - second).abs().max() > 1e-6
