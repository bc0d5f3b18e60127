from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.constructions import NFNCoefficients, forward_pass, nfn_layer, statnn_statistics
from metanet.options import FORMS
from metanet.views.weight_statistics import moments_and_quantiles


def mlp(*widths: int) -> spec.Architecture:
    layers = ", relu, ".join(f"{{linear: {{out_features: {width}}}}}" for width in widths[1:])
    return spec.loads(f"inputs: {{x: [{widths[0]}]}}\nlayers: [{layers}]")


CNNS = [
    """
inputs: {x: [2, 7, 7]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3, stride: 2, padding: 1, groups: 2}
  - relu
  - residual:
      body: [{conv2d: {out_channels: 4, kernel_size: 3, padding: 1}}, relu]
  - conv2d: {out_channels: 3, kernel_size: 2, dilation: 2, bias: false}
  - relu
  - flatten
  - linear: {out_features: 3}
""",
    """
inputs: {x: [1, 6, 6]}
layers:
  - conv2d: {out_channels: 3, kernel_size: 3, padding: 1, padding_mode: reflect}
  - relu
  - conv2d: {out_channels: 2, kernel_size: [2, 3], stride: 2, padding: 1, padding_mode: circular}
  - relu
  - flatten
  - linear: {out_features: 4}
  - relu
  - linear: {out_features: 2}
""",
]


def bounded(net: spec.Architecture, seed: int) -> dict[str, np.ndarray]:
    weights = random_weights(net, np.random.default_rng(seed))
    return {name: np.clip(array, -2.9, 2.9) for name, array in weights.items()}


NETS = [mlp(3, 5, 4, 2), mlp(2, 7, 1), *[spec.loads(text) for text in CNNS]]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("net", NETS)
def test_a_gmn_carries_out_the_forward_pass(net: spec.Architecture, form: str) -> None:
    weights = bounded(net, 0)
    graph = graphgen.compile(net, weights, kind="computation")
    shape = next(g.shape for g in graph.node_groups if g.kind == "input")
    depth = max(group.depth for group in graph.node_groups)
    x = np.random.default_rng(1).standard_normal((5, *shape))
    expected = graphgen.evaluate(net, weights, x)
    actual = forward_pass(depth, form=form)(graph, torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-10)
    deeper = forward_pass(depth + 2)(graph, torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(deeper, expected, rtol=1e-10, atol=1e-10)
    assert np.abs(forward_pass(depth)(graph, torch.from_numpy(-x)).numpy() - expected).max() > 1e-3
    with pytest.raises(metanet.MetanetError, match=rf"{depth} deep, this GMN has {depth - 1}"):
        forward_pass(depth - 1)(graph, torch.from_numpy(x))


def test_networks_that_are_no_sums_and_relus_are_refused() -> None:
    x = torch.zeros(1, 3)
    net = spec.loads("inputs: {x: [3]}\nlayers: [{linear: {out_features: 2}}, tanh]")
    weights = bounded(net, 0)
    with pytest.raises(metanet.MetanetError, match="sums with or without a ReLU, .* tanh"):
        forward_pass(3)(graphgen.compile(net, weights, kind="computation"), x)
    net = mlp(3, 2)
    with pytest.raises(metanet.MetanetError, match="expected a computation graph"):
        forward_pass(3)(graphgen.compile(net, bounded(net, 0)), x)
    large = {**bounded(net, 0), "0.weight": np.full((2, 3), 4.0)}
    with pytest.raises(metanet.MetanetError, match="a weight of size 4, expected at most 3"):
        forward_pass(3)(graphgen.compile(net, large, kind="computation"), x)


@pytest.mark.parametrize("form", FORMS)
def test_a_gmn_computes_the_statistics_of_statnn(form: str) -> None:
    nets = [mlp(3, 5, 4, 2), spec.loads(CNNS[0]), mlp(3, 5, 4, 2)]
    batch = metanet.Batch.from_graphs(
        [graphgen.compile(net, bounded(net, seed)) for seed, net in enumerate(nets)]
    )
    tables = statnn_statistics(form)(batch)
    compared = 0
    for part, table in zip(batch.parts, tables, strict=True):
        for index, block in enumerate(part.template.blocks):
            if block.tensor is not None:
                expected = moments_and_quantiles(part.tensor(block.tensor))
                torch.testing.assert_close(table[:, index], expected, rtol=1e-10, atol=1e-12)
                compared += 1
    assert compared == 6 + 7
    other = moments_and_quantiles(batch.parts[0].tensor("0.weight") * 1.001)
    assert not torch.allclose(tables[0][:, 0], other, rtol=1e-6)


def slow_layer(
    weights: Sequence[Tensor], biases: Sequence[Tensor], given: NFNCoefficients
) -> list[tuple[Tensor, Tensor]]:
    """The layer of NP-NFN, term by term."""
    results = []
    for i, (w, v) in enumerate(zip(weights, biases, strict=True)):
        a, b = given.weights[i], given.biases[i]
        after = weights[i + 1].sum(0) if i + 1 < len(weights) else torch.zeros_like(v)
        before = weights[i - 1].sum(1) if i else torch.zeros(w.shape[1]).to(w)
        bias_before = biases[i - 1] if i else torch.zeros(w.shape[1]).to(w)
        totals = [
            sum(
                given.totals[i, kind, s, 0] * weights[s].sum()
                + given.totals[i, kind, s, 1] * biases[s].sum()
                for s in range(len(weights))
            )
            for kind in range(2)
        ]
        new = a[0] * w + (a[1] * w.sum(1) + a[4] * after + a[5] * v)[:, None]
        new = new + a[2] * w.sum(0) + a[3] * before + a[6] * bias_before + totals[0]
        results.append((new, b[0] * v + b[1] * w.sum(1) + b[2] * after + totals[1]))
    return results


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_a_gmn_is_a_layer_of_np_nfn(depth: int, form: str) -> None:
    generator = torch.Generator().manual_seed(depth)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    given = NFNCoefficients(draw(depth, 7), draw(depth, 3), draw(depth, 2, depth, 2))
    nets = [mlp(*range(3, 4 + depth)), mlp(*range(5 + depth, 4, -1))]
    batch = metanet.Batch.from_graphs(
        [graphgen.compile(net, bounded(net, seed)) for seed, net in enumerate([*nets, nets[0]])]
    )
    tables = nfn_layer(given, form=form)(batch)
    for part, table in zip(batch.parts, tables, strict=True):
        names = [t.name for t in part.template.tensors]
        shapes = {t.name: t.shape for t in part.template.tensors}
        for network in range(len(part.positions)):
            tensors = {n: part.tensor(n)[network].view(shapes[n]) for n in names}
            weights = [tensors[n] for n in names if n.endswith("weight")]
            biases = [tensors[n] for n in names if n.endswith("bias")]
            expected = slow_layer(weights, biases, given)
            for (w, v), (new_w, new_v) in zip(table, expected, strict=True):
                torch.testing.assert_close(w[network], new_w, rtol=1e-9, atol=1e-9)
                torch.testing.assert_close(v[network], new_v, rtol=1e-9, atol=1e-9)
    other = NFNCoefficients(given.weights, given.biases, given.totals + 0.01)
    assert (nfn_layer(other, form=form)(batch)[0][0][0] - tables[0][0][0]).abs().max() > 1e-3
