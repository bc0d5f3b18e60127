"""The metanets that take chains of linear and convolution layers alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.models.metanet import Metanet
from metanet.models.scale_gmn import ScaleGMNLayer
from metanet.models.weight_space import Item, WeightSpaceLayer
from metanet.testing import (
    assert_batch_independent,
    assert_deterministic,
    assert_invariant,
    predict,
)

SMALL = {"hidden": 8, "layers": 2, "outputs": 2}
NETS = Path(spec.__file__).parent / "nets"


def mlp(*widths: int, activation: str = "relu") -> spec.Architecture:
    layers = f", {activation}, ".join(f"linear: {{out_features: {w}}}" for w in widths[1:])
    return spec.loads(f"inputs: {{x: [{widths[0]}]}}\nlayers: [{layers}]")


def cnn(*channels: int, end: str = "adaptive_avg_pool2d: {output_size: 1}") -> spec.Architecture:
    layers = "".join(
        f"  - conv2d: {{out_channels: {c}, kernel_size: [3, 2]}}\n  - relu\n" for c in channels
    )
    return spec.loads(
        f"inputs: {{x: [2, 7, 7]}}\nlayers:\n{layers}  - {end}\n  - flatten\n"
        "  - linear: {out_features: 3}"
    )


def graphs_of(nets: list[spec.Architecture], seed: int = 0) -> list[graphgen.Graph]:
    rng = np.random.default_rng(seed)
    return [graphgen.compile(net, random_weights(net, rng)) for net in nets]


def seeded(make: Callable[[], Metanet]) -> Metanet:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make().double()


CHAINS = {
    "mlp": [mlp(3, 5, 4, 2)] * 4,
    "tanh": [mlp(3, 5, 4, 2, activation="tanh")] * 4,
    "cnn": [cnn(4, 5)] * 4,
    "image": [spec.load(NETS / "mlp.yaml", size=3, width=4)] * 4,
    "flattened": [cnn(4, 5, end="identity")] * 4,
    "mixed": [mlp(3, 5, 4, 2), cnn(4, 5), mlp(3, 6, 2), cnn(3), mlp(3, 5, 4, 2)],
    "widths": [mlp(3, 5, 4, 2), mlp(3, 7, 3, 2), mlp(3, 5, 4, 2), mlp(3, 2, 9, 2)],
}
MODELS: dict[str, tuple[Callable[..., Metanet], bool, tuple[str, ...]]] = {
    "np_nfn": (metanet.NPNFN, True, ("mlp", "image", "tanh", "cnn", "flattened", "widths")),
    "hnp_nfn": (metanet.HNPNFN, True, ("mlp", "image", "tanh", "cnn", "flattened", "widths")),
    "dws": (metanet.DWSNet, True, ("mlp", "image", "tanh", "widths")),
    "ng_gnn": (metanet.NGGNN, False, ("mlp", "image", "tanh", "cnn", "mixed", "widths")),
    "ng_t": (metanet.NGT, False, ("mlp", "image", "tanh", "cnn", "mixed", "widths")),
    "scale_gmn": (metanet.ScaleGMN, True, ("mlp", "image", "tanh", "cnn", "flattened", "widths")),
    "scale_gmn both ways": (
        partial(metanet.ScaleGMN, bidirectional=True),
        True,
        ("mlp", "image", "tanh", "cnn", "widths"),
    ),
}
CASES = [(name, kind) for name, (_, _, kinds) in MODELS.items() for kind in kinds]


def model_for(name: str, nets: list[spec.Architecture]) -> Metanet:
    make, needs_net, _ = MODELS[name]
    return seeded(lambda: make(*([nets[0]] if needs_net else []), **SMALL))


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_properties_hold(name: str, kind: str) -> None:
    model, graphs = model_for(name, CHAINS[kind]), graphs_of(CHAINS[kind])
    rng = np.random.default_rng(0)
    assert_invariant(model, graphs, rng)
    assert_batch_independent(model, graphs, rng)
    assert assert_deterministic(model, graphs) == 0
    model(metanet.Batch.from_graphs(graphs)).square().sum().backward()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    assert len(gradients) > 10
    assert all(g.isfinite().all() for g in gradients)
    again = metanet.make_metanet(name.split()[0], **model.settings)
    again.double().load_state_dict(model.state_dict())
    batch = metanet.Batch.from_graphs(graphs)
    assert torch.equal(predict(again, batch), predict(model, batch))


@given(st.lists(st.integers(1, 6), min_size=3, max_size=5), st.sampled_from(list(MODELS)))
def test_properties_hold_for_any_mlp(widths: list[int], name: str) -> None:
    nets = [mlp(*widths)] * 3
    model, graphs = model_for(name, nets), graphs_of(nets)
    rng = np.random.default_rng(0)
    assert_invariant(model, graphs, rng)
    assert_batch_independent(model, graphs, rng)


@pytest.mark.parametrize("name", MODELS)
def test_permuting_the_inputs_changes_a_prediction(name: str) -> None:
    nets = [mlp(3, 5, 4, 2)] * 2
    graph, other = graphs_of(nets)
    weights = graph.weights()
    turned = {**weights, "0.weight": weights["0.weight"][:, ::-1].copy()}
    batch = metanet.Batch.from_graphs([graph, graphgen.compile(nets[0], turned), other])
    first, second, third = predict(model_for(name, nets), batch)
    assert (first - second).abs().max() > 1e-4 * (first - third).abs().max()


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(
    "net",
    [mlp(3, 5, 4, 2), mlp(3, 5, 4, 2, activation="tanh"), mlp(3, 5, 4, 2, activation="sine"),
     mlp(3, 4, 4, 2, activation="leaky_relu"), cnn(4, 5)],
)  # fmt: skip
def test_a_scale_gmn_does_not_see_scales(net: spec.Architecture, bidirectional: bool) -> None:
    graphs, rng = graphs_of([net] * 4), np.random.default_rng(0)
    scalings = graphgen.scalings(net)
    scaled = [scalings.sample(rng).apply(graph.weights()) for graph in graphs]
    name = next(n for n in scaled[0] if n.endswith("weight"))
    assert not np.allclose(scaled[0][name], graphs[0].weights()[name])
    others = metanet.Batch.from_graphs([graphgen.compile(net, weights) for weights in scaled])
    batch = metanet.Batch.from_graphs(graphs)

    def error(model: Metanet) -> float:
        before, after = predict(model, batch), predict(model, others)
        return ((before - after).abs() / before.std(0)).max().item()

    def make() -> Metanet:
        return metanet.ScaleGMN(net, **SMALL, bidirectional=bidirectional)

    assert error(seeded(make)) < 1e-9
    assert error(seeded(lambda: metanet.GMN(**SMALL))) > 1e-3
    broken = seeded(make)
    for layer in broken.trunk.layers:
        assert isinstance(layer, ScaleGMNLayer)
        layer.edge_linear.bias = torch.nn.Parameter(torch.ones(8, dtype=torch.float64))
    assert error(broken) > 1e-6


@pytest.mark.parametrize("scale", [0.0, 1e-42, 1e-25, 1e12])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_scale_gmn_learns_from_extreme_weights(scale: float, bidirectional: bool) -> None:
    net = mlp(3, 5, 4, 2)
    (graph,) = graphs_of([net])
    weights = {name: array.astype(np.float32) for name, array in graph.weights().items()}
    weights["0.weight"][2] *= scale
    weights["0.bias"][2] *= scale
    batch = metanet.Batch.from_graphs([graphgen.compile(net, weights)])
    model = seeded(lambda: metanet.ScaleGMN(net, **SMALL, bidirectional=bidirectional)).float()
    model(batch).square().sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def permuted(state: Tensor, axes: tuple[int, ...], orders: dict[int, Tensor]) -> Tensor:
    for place, axis in enumerate(axes):
        state = state.index_select(place + 1, orders[axis])
    return state


def test_a_weight_space_layer_commutes_with_permutations() -> None:
    torch.manual_seed(0)
    sizes = {0: 3, 1: 5, 2: 4}
    items = [
        Item("weight1", (1, 0), 3), Item("bias1", (1,), 2), Item("weight2", (2, 1), 3),
        Item("bias2", (2,), 3), Item("rest", (), 4),
    ]  # fmt: skip
    layer = WeightSpaceLayer(items).double()
    states = {
        item.name: torch.randn(2, *(sizes[a] for a in item.axes), item.width).double()
        for item in items
    }
    orders = {axis: torch.randperm(size) for axis, size in sizes.items()}
    layout = layer.layout

    def through(given: dict[str, Tensor]) -> dict[str, Tensor]:
        return layout.scatter(layer(layout.gather(given)))

    before = through(states)
    after = through({i.name: permuted(states[i.name], i.axes, orders) for i in items})
    for item in items:
        expected = permuted(before[item.name], item.axes, orders)
        torch.testing.assert_close(after[item.name], expected, rtol=1e-12, atol=1e-12)
        if item.axes:
            assert not torch.allclose(after[item.name], before[item.name])


def test_what_cannot_be_taken_is_refused() -> None:
    transformer = spec.load(NETS / "vit.yaml")
    for make in (metanet.NPNFN, metanet.HNPNFN, metanet.DWSNet, metanet.ScaleGMN):
        with pytest.raises(metanet.MetanetError, match="takes? chains of linear and convolution"):
            make(transformer)
    batch = metanet.Batch.from_graphs(graphs_of([transformer]))
    for model in (metanet.NGGNN(**SMALL), metanet.NGT(**SMALL)):
        with pytest.raises(metanet.MetanetError, match="takes chains of linear and convolution"):
            model.double()(batch)
    with pytest.raises(metanet.MetanetError, match="DWSNets take MLPs"):
        metanet.DWSNet(cnn(3))
    with pytest.raises(metanet.MetanetError, match="kernels of at most 2 x 2, got 3 x 2"):
        metanet.NGGNN(**SMALL, kernel_taps=2).double()(
            metanet.Batch.from_graphs(graphs_of([cnn(3)]))
        )
    solid = spec.loads(
        "inputs: {x: [1, 4, 4, 4]}\n"
        "layers: [{conv3d: {out_channels: 3, kernel_size: 3}}, relu, flatten, "
        "{linear: {out_features: 2}}]"
    )
    for model in (metanet.NGGNN(**SMALL), metanet.NGT(**SMALL)):
        with pytest.raises(metanet.MetanetError, match="kernels of one or two axes, got 3 x 3 x 3"):
            model.double()(metanet.Batch.from_graphs(graphs_of([solid])))
    with pytest.raises(metanet.MetanetError, match="no scaling symmetry to build in"):
        metanet.ScaleGMN(mlp(2, 3, 1, activation="gelu"))
    with pytest.raises(metanet.MetanetError, match="HNP-NFN needs a hidden layer"):
        metanet.HNPNFN(mlp(2, 3))
    with pytest.raises(metanet.MetanetError, match="must be a multiple of `heads`"):
        metanet.NGT(hidden=6, heads=4)
    shapes: list[Any] = [(metanet.NPNFN, mlp(3, 2)), (metanet.HNPNFN, mlp(4, 5, 2))]
    for make, other in [*shapes, (metanet.ScaleGMN, mlp(3, 5, 5, 2))]:
        with pytest.raises(metanet.MetanetError, match="was made for"):
            make(mlp(3, 5, 2), **SMALL).double()(metanet.Batch.from_graphs(graphs_of([other])))


TURNED = """
inputs: {image: [1, 4, 4]}
layers:
  - conv2d: {out_channels: 3, kernel_size: 3, padding: 1}
  - relu
  - %s
  - %s
  - flatten
  - linear: {out_features: 2}
"""


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("transpose: {dim0: 2, dim1: 3}", "identity"),
        ("reshape: {shape: [3, 8, 2]}", "conv2d: {out_channels: 3, kernel_size: 3, padding: 1}"),
        ("transpose: {dim0: 1, dim1: 3}", "identity"),
        ("linear: {out_features: 4}", "identity"),
    ],
)
def test_chains_with_positions_in_another_order_are_refused(first: str, second: str) -> None:
    metanet.ScaleGMN(spec.loads(TURNED % ("identity", "identity")))
    with pytest.raises(metanet.MetanetError, match="takes? chains of linear and convolution"):
        metanet.ScaleGMN(spec.loads(TURNED % (first, second)))
