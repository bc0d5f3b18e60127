"""Both forms of a GMN's layers, with every option, and what they multiply."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet import testing
from metanet.options import AGGREGATIONS, FORMS, INGREDIENTS

MLP = spec.loads(
    "inputs: {x: [3]}\nlayers: [linear: {out_features: 6}, tanh, linear: {out_features: 2}]"
)
CNN = spec.loads("""
inputs: {image: [2, 6, 6]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3, groups: 2}
  - batch_norm
  - relu
  - conv2d: {out_channels: 3, kernel_size: 1}
  - flatten
  - linear: {out_features: 3}
""")
OWN = {"narrow": "root", "paper": "mean"}
CASES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "no global state": {"global_state": False},
    "sums": {"aggregation": "sum", "taps": "parallel"},
    "roots": {"aggregation": "root"},
    "means": {"aggregation": "mean", "taps": "parallel"},
    "products": {"multiply": True},
    "plain": {"activation": "relu", "norm": False},
    "checkpoint": {"checkpoint": True, "edge_hidden": None},
    "wide edges": {"edge_hidden": 11, "readout": ["mean", "quantiles"]},
    **{f"without {name}": {"without": [name]} for name in INGREDIENTS},
}


def compiled(*nets: spec.Architecture) -> list[graphgen.Graph]:
    rng = np.random.default_rng(0)
    return [graphgen.compile(net, random_weights(net, rng)) for net in nets]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("form", FORMS)
def test_a_form_has_the_symmetry_on_both_backends(form: str, case: str) -> None:
    graphs = compiled(CNN, MLP, CNN)
    batch = metanet.Batch.from_graphs(graphs)
    settings: dict[str, Any] = {"hidden": 8, "edge_hidden": 3, "layers": 2, "form": form}
    settings |= CASES[case]
    testing.assert_backends_agree(lambda name: metanet.GMN(backend=name, **settings), batch)
    model = metanet.GMN(**settings).double()
    rng = np.random.default_rng(1)
    testing.assert_invariant(model, graphs, rng)
    testing.assert_batch_independent(model, graphs, rng)


@pytest.mark.parametrize("form", FORMS)
def test_an_editor_of_a_form(form: str) -> None:
    graphs, rng = compiled(CNN, MLP, CNN), np.random.default_rng(1)
    settings: dict[str, Any] = {"hidden": 8, "layers": 2, "form": form}
    for more in ({}, {"multiply": True, "edge_hidden": 5}, {"edge_hidden": 3}):
        editor = metanet.GMNEditor(**settings, **more).double()
        testing.assert_editor_equivariant(editor, graphs, rng)
        testing.assert_editor_batch_independent(editor, graphs, rng)
        testing.assert_editor_keeps_buffers(editor, graphs)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_with_all_that_a_batch_may_bring(form: str) -> None:
    torch.manual_seed(0)
    batch = metanet.Batch.from_graphs(compiled(MLP, MLP, MLP))
    batch = batch.with_channels([part.values.square() for part in batch.parts])
    batch = batch.with_conditions(torch.rand(3, 2, dtype=torch.float64))
    settings: dict[str, Any] = {"hidden": 8, "layers": 2, "form": form, "channels": 2}
    settings |= {"conditions": 2, "probes": 3, "net": MLP}
    testing.assert_backends_agree(lambda name: metanet.GMN(backend=name, **settings), batch)
    model = metanet.GMN(**settings).double()
    plain, other = model(batch), torch.rand(3, 2, dtype=torch.float64)
    assert (model(batch.with_conditions(other)) - plain).abs().max() > 1e-6
    (edited,) = metanet.GMNEditor(**settings).double()(batch)
    assert not torch.equal(edited.parts[0].values, batch.parts[0].values)


@pytest.mark.parametrize("form", FORMS)
def test_an_editor_learns_to_do_nothing(form: str) -> None:
    torch.manual_seed(0)
    batch = metanet.Batch.from_graphs(compiled(CNN, MLP)).to(torch.float32)
    editor = metanet.GMNEditor(hidden=8, layers=2, form=form)
    with torch.no_grad():
        editor.scale.fill_(1.0)
    optimizer = torch.optim.Adam(editor.parameters(), 0.02)
    losses = []
    for _ in range(60):
        (edited,) = editor(batch)
        pairs = zip(edited.parts, batch.parts, strict=True)
        loss = torch.stack([(a.values - b.values).square().mean() for a, b in pairs]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.02 * losses[0]


@pytest.mark.parametrize(
    ("hidden", "narrow"), [(1, 1), (8, 8), (16, 16), (32, 16), (33, 32), (48, 32), (64, 32)]
)
def test_edges_have_about_half_the_width_of_nodes(hidden: int, narrow: int) -> None:
    assert metanet.GMN(hidden, layers=1).trunk.edge_hidden == narrow
    assert metanet.GMN(hidden, layers=1, form="paper").trunk.edge_hidden == hidden
    assert metanet.GMN(hidden, layers=1, edge_hidden=7).trunk.edge_hidden == 7


@pytest.mark.parametrize("form", FORMS)
def test_a_form_has_an_aggregation_of_its_own(form: str) -> None:
    batch = metanet.Batch.from_graphs(compiled(CNN, MLP))

    def outputs(**settings: Any) -> Tensor:
        torch.manual_seed(0)
        return metanet.GMN(hidden=8, layers=2, form=form, **settings).double()(batch)

    own = outputs()
    equal = [name for name in AGGREGATIONS if torch.equal(outputs(aggregation=name), own)]
    assert equal == [OWN[form]]


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_the_global_state_reads_means_of_nodes_unless_all_is_summed(
    aggregation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = metanet.Batch.from_graphs(compiled(CNN, MLP, CNN))
    model = metanet.GMN(hidden=8, layers=1, aggregation=aggregation).double()
    layer: Any = model.trunk.layers[0]
    of_nodes, seen = layer.of_nodes, []

    def spy(plan: Any, received: Tensor, context: Tensor) -> Tensor:
        seen.append((plan, received))
        return of_nodes(plan, received, context)

    monkeypatch.setattr(layer, "of_nodes", spy)
    layer.to_network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][:, 8:]))
    model(batch)
    (plan, received), read = seen
    for network in range(plan.num_networks):
        own = received[plan.node_network == network]
        sums, means = own.sum(0), own.mean(0)
        wanted, other = (sums, means) if aggregation == "sum" else (means, sums)
        torch.testing.assert_close(read[network], wanted, rtol=1e-12, atol=1e-12)
        assert not torch.allclose(read[network], other)


def parameters(model: metanet.Metanet) -> int:
    return sum(p.numel() for p in model.parameters())


class Products(TorchDispatchMode):
    """Counts the multiplications of matrix products, of whatever spelling."""

    count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func.__name__.split(".")[0].strip("_") in ("mm", "addmm", "bmm", "baddbmm"):
            first, second = [a for a in args if isinstance(a, Tensor)][-2:]
            self.count += first.numel() * second.shape[-1]
        return func(*args, **(kwargs or {}))


def products(model: metanet.Metanet, graphs: list[graphgen.Graph]) -> int:
    """Count the multiplications of a step, forward and backward."""
    batch = metanet.Batch.from_graphs(graphs).to(torch.float32)
    with Products() as counted:
        model(batch).sum().backward()
    return counted.count


def test_the_narrow_form_multiplies_no_more_than_np_nfn() -> None:
    size: dict[str, Any] = {"hidden": 64, "layers": 4}
    net = spec.load("spec/nets/siren.yaml", width=32, depth=1)
    graphs = compiled(net, net, net, net)
    model = metanet.GMN(**size, form="narrow", global_state=True, backend="pyg")
    paper = metanet.GMN(**size, form="paper", global_state=True, backend="pyg")
    count = parameters(model)
    at_equal_parameters = min(
        (metanet.NPNFN(net, hidden=width, layers=4) for width in range(32, 48)),
        key=lambda other: abs(parameters(other) - count),
    )
    assert parameters(at_equal_parameters) < 1.03 * count
    at_equal_width = products(metanet.NPNFN(net, **size), graphs)
    assert products(model, graphs) <= products(at_equal_parameters, graphs)
    assert products(model, graphs) < 0.5 * at_equal_width < 0.5 * products(paper, graphs)
