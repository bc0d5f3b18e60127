"""Batches that bring more than weights: gradients and momenta of parameters, times of networks."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.testing import (
    assert_backends_agree,
    assert_editor_batch_independent,
    assert_editor_equivariant,
    predict,
)

MLP = "inputs: {x: [3]}\nlayers: [{linear: {out_features: 5}}, tanh, {linear: {out_features: 2}}]"
CNN = """
inputs: {x: [2, 6, 6]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3}
  - batch_norm
  - relu
  - residual:
      body: [{conv2d: {out_channels: 4, kernel_size: [5, 3], padding: [2, 1], groups: 2}}, gelu]
  - flatten
  - linear: {out_features: 2}
"""
SMALL: dict[str, Any] = {"hidden": 8, "layers": 2}
BRINGS: dict[str, Any] = {"channels": 3, "conditions": 2}


def graphs_of(texts: list[str]) -> list[graphgen.Graph]:
    rng = np.random.default_rng(0)
    nets = [spec.loads(text) for text in texts]
    return [graphgen.compile(net, random_weights(net, rng)) for net in nets]


def seeded(make: Callable[[], Any]) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make().double()


@torch.enable_grad()
def gradients(batch: metanet.Batch, nets: dict[str, spec.Architecture]) -> list[Tensor]:
    """Differentiate a loss of outputs, which no symmetry changes, of each network."""
    result = []
    for part in batch.parts:
        net = nets[part.template.architecture]
        values = part.values.detach().requires_grad_()
        weights = {name: torch.zeros(len(values)) for name in net.tensors}
        for name, (start, size) in metanet.batch.float_offsets(part.template).items():
            tensor = values[:, start : start + size].view(-1, *net.tensors[name].shape)
            weights[name] = tensor if net.tensors[name].trainable else tensor.detach()
        shape = next(iter(net.inputs.values()))
        x = torch.linspace(-1, 1, 4 * prod(shape), dtype=torch.float64).view(4, *shape)
        loss = metanet.evaluate.run_stack(net, weights, x).square().sum()
        result += torch.autograd.grad(loss, values)
    return result


def learned_optimizer(editor: metanet.Editor, texts: list[str]) -> Callable[..., Any]:
    nets = {net.hash: net for net in map(spec.loads, texts)}

    def step(batch: metanet.Batch) -> tuple[metanet.Batch, ...]:
        slope = gradients(batch, nets)
        batch = batch.with_channels(slope, [0.3 * one.tanh() for one in slope])
        norms = torch.cat([part.values.square().mean(1, keepdim=True) for part in batch.parts])
        return editor(batch.with_conditions(torch.cat([norms, norms.sqrt()], dim=1)[batch.order]))

    return step


@pytest.mark.parametrize("taps", ["folded", "parallel"])
@pytest.mark.parametrize("backend", ["block", "pyg"])
def test_a_gmn_as_a_learned_optimizer_is_equivariant(taps: str, backend: str) -> None:
    editor = seeded(
        lambda: metanet.GMNEditor(**SMALL, **BRINGS, taps=taps, backend=backend, members=2)
    )
    texts = [CNN, MLP, CNN]
    step = learned_optimizer(editor, texts)
    assert_editor_equivariant(step, graphs_of(texts), np.random.default_rng(0))
    assert_editor_batch_independent(step, graphs_of(texts), np.random.default_rng(0))


def test_a_channel_that_goes_by_place_is_caught() -> None:
    editor = seeded(lambda: metanet.GMNEditor(**SMALL, channels=2))

    def step(batch: metanet.Batch) -> tuple[metanet.Batch, ...]:
        places = [torch.arange(part.values.shape[1]) for part in batch.parts]
        return editor(
            batch.with_channels(
                [p.expand_as(part.values) for p, part in zip(places, batch.parts, strict=True)]
            )
        )

    with pytest.raises(AssertionError, match="permuting a network's neurons changes what"):
        assert_editor_equivariant(step, graphs_of([CNN, MLP]), np.random.default_rng(0))


@pytest.mark.parametrize("name", ["np_nfn", "hnp_nfn", "dws", "ng_gnn"])
def test_baselines_as_learned_optimizers_are_equivariant(name: str) -> None:
    settings = SMALL if name == "ng_gnn" else {**SMALL, "net": spec.loads(MLP)}
    editor = seeded(lambda: metanet.make_editor(name, **settings, **BRINGS))
    step, graphs = learned_optimizer(editor, [MLP]), graphs_of([MLP] * 3)
    assert_editor_equivariant(step, graphs, np.random.default_rng(0))
    assert_editor_batch_independent(step, graphs, np.random.default_rng(0))
    batch = metanet.Batch.from_graphs(graphs)
    zeros = [torch.zeros_like(batch.parts[0].values)]
    bare = editor(batch.with_channels(zeros, zeros).with_conditions(torch.zeros(3, 2)))[0]
    for other in (
        batch.with_channels(zeros, [zeros[0] + 1]).with_conditions(torch.zeros(3, 2)),
        batch.with_channels(zeros, zeros).with_conditions(torch.ones(3, 2)),
    ):
        assert not torch.allclose(editor(other)[0].parts[0].values, bare.parts[0].values)


def brought(batch: metanet.Batch, seed: int = 0) -> metanet.Batch:
    generator = torch.Generator().manual_seed(seed)

    def channel() -> list[Tensor]:
        shapes = [part.values.shape for part in batch.parts]
        return [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]

    times = torch.rand(batch.num_networks, 2, generator=generator, dtype=torch.float64)
    return batch.with_channels(channel(), channel()).with_conditions(times)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"taps": "parallel", "global_state": True},
        {"norm": False, "activation": "relu", "aggregation": "sum", "multiply": True},
        {"without": ["tap_coordinates", "bias_nodes"]},
    ],
)
def test_backends_agree_on_what_a_batch_brings(options: dict[str, Any]) -> None:
    batch = brought(metanet.Batch.from_graphs(graphs_of([CNN, MLP, CNN])))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert_backends_agree(
            lambda backend: metanet.GMN(**SMALL, **BRINGS, **options, backend=backend), batch
        )


@pytest.mark.parametrize("options", [{}, {"without": ["tap_coordinates"]}])
def test_a_gmn_reads_every_channel_and_condition(options: dict[str, Any]) -> None:
    batch = brought(metanet.Batch.from_graphs(graphs_of([CNN, MLP, CNN])))
    model = seeded(lambda: metanet.GMN(**SMALL, **BRINGS, **options))
    before = predict(model, batch)
    first, second = ([part.extra[..., i] for part in batch.parts] for i in range(2))
    times = brought(metanet.Batch.from_graphs(graphs_of([CNN, MLP, CNN]))).parts[0].conditions
    assert times is not None
    for other in (
        batch.with_channels(first, [2 * one for one in second]),
        batch.with_channels([2 * one for one in first], second),
        batch.with_channels(second, first),
    ):
        assert ((predict(model, other) - before).abs() > 1e-6).all()
    for column in range(2):
        change = torch.zeros(3, 2)
        change[1, column] = 1  # of the second network alone
        rows = torch.zeros(3, 2)
        moved = predict(model, batch.with_conditions(rows + change))
        still = predict(model, batch.with_conditions(rows))
        assert [bool(x > 1e-6) for x in (moved - still).abs()] == [False, True, False]


def test_without_them_a_gmn_is_what_it_was() -> None:
    batch = metanet.Batch.from_graphs(graphs_of([CNN, MLP]))
    plain = seeded(lambda: metanet.GMN(**SMALL))
    more = seeded(lambda: metanet.GMN(**SMALL, **BRINGS))
    missing = more.load_state_dict(plain.state_dict(), strict=False)
    assert not missing.unexpected_keys
    assert {name.split(".")[1] for name in missing.missing_keys} == {
        "conditions", "edge_encoder", "layers",
    }  # fmt: skip
    with torch.no_grad():
        for name in missing.missing_keys:
            more.get_parameter(name).zero_()
    torch.testing.assert_close(predict(more, brought(batch)), predict(plain, batch))


def test_a_condition_of_a_scale_gmn_keeps_its_scales() -> None:
    net = spec.loads(MLP)
    editor = seeded(lambda: metanet.ScaleGMNEditor(net, **SMALL, conditions=1))
    graphs = graphs_of([MLP] * 3)
    times = torch.tensor([[0.1], [0.5], [0.9]])
    assert_editor_equivariant(
        lambda batch: editor(batch.with_conditions(times)),
        graphs,
        np.random.default_rng(0),
        group=graphgen.Scalings,
    )
    batch = metanet.Batch.from_graphs(graphs)
    first, second = (editor(batch.with_conditions(t))[0].parts[0].values for t in (times, -times))
    assert not torch.allclose(first, second)
    with pytest.raises(metanet.MetanetError, match="does not take these settings"):
        metanet.make_editor("scale_gmn", net=net, channels=2)


def test_an_mlp_permutes_all_channels_alike() -> None:
    net = spec.loads(MLP)
    editor = seeded(lambda: metanet.MLPEditor(net, **SMALL, channels=2, conditions=1)).train()
    batch = metanet.Batch.from_graphs(graphs_of([MLP]))
    values = batch.parts[0].values
    seen: list[Tensor] = []
    editor.trunk.layers.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    editor(batch.with_channels([values]).with_conditions(torch.ones(1, 1)))
    rows = seen[0][:, :-1].unflatten(1, (values.shape[1], 3, 2))  # scales, then channels
    assert torch.equal(rows[..., 0], rows[..., 1])


def test_an_edited_batch_leaves_the_channels_of_old_weights_behind() -> None:
    batch = brought(metanet.Batch.from_graphs(graphs_of([CNN, MLP])))
    (edited,) = seeded(lambda: metanet.GMNEditor(**SMALL, **BRINGS))(batch)
    assert all(part.extra is None for part in edited.parts)
    assert all(part.conditions is not None for part in edited.parts)
    single = batch.to(torch.float32).parts[0]
    for tensor in (single.extra, single.conditions):
        assert tensor is not None
        assert tensor.dtype == torch.float32
    assert all(part.extra is None for part in batch.with_channels().parts)


def test_what_a_batch_lacks_is_named() -> None:
    batch = metanet.Batch.from_graphs(graphs_of([CNN, MLP]))
    values = [part.values for part in batch.parts]
    net = spec.loads(MLP)
    for make in (metanet.GMN, metanet.GMNEditor, metanet.NGGNNEditor):
        if make is metanet.NGGNNEditor:
            batch = metanet.Batch.from_graphs(graphs_of([MLP]))
            values = [part.values for part in batch.parts]
        with pytest.raises(
            metanet.MetanetError, match="2 numbers beside each parameter .* 0; give"
        ):
            seeded(lambda m=make: m(**SMALL, channels=3))(batch)
        with pytest.raises(
            metanet.MetanetError, match="2 numbers beside each parameter .* 1; give"
        ):
            seeded(lambda m=make: m(**SMALL, channels=3))(batch.with_channels(values))
        with pytest.raises(metanet.MetanetError, match="2 numbers of each network .* none; give"):
            seeded(lambda m=make: m(**SMALL, conditions=2))(batch)
        with pytest.raises(metanet.MetanetError, match="`channels` is 0, expected an integer"):
            make(channels=0)
        with pytest.raises(metanet.MetanetError, match="`conditions` is -1, expected an integer"):
            make(conditions=-1)
    with pytest.raises(metanet.MetanetError, match="brings 1; give them with `batch.with_cond"):
        seeded(lambda: metanet.MLPEditor(net, **SMALL, conditions=2))(
            batch.with_conditions(torch.zeros(1, 1))
        )
    with pytest.raises(metanet.MetanetError, match="a tensor for each part of the batch, of shap"):
        batch.with_channels([values[0][:, 1:]])
    with pytest.raises(metanet.MetanetError, match="a tensor for each part of the batch, of shap"):
        batch.with_channels([])
    with pytest.raises(metanet.MetanetError, match=r"shape \(1, n\), a row for each .* got \[1\]"):
        batch.with_conditions(torch.zeros(1))
