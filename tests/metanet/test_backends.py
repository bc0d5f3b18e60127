from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.slow_encoding import edge_weights
from torch import Tensor

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.backends import make_backend
from metanet.backends.backend import EdgeRule, EdgeWeights
from metanet.backends.block import BlockBackend, tiles
from metanet.options import AGGREGATIONS
from metanet.plan import Plan
from metanet.testing import assert_backends_agree
from spec.testing import networks

OPTIONS = [
    {"taps": taps, "aggregation": aggregation}
    for taps in ("folded", "parallel")
    for aggregation in AGGREGATIONS
]


WITH_EDGES = networks().filter(lambda net: graphgen.template(net).num_edges > 0)
FAMILY = st.lists(WITH_EDGES, min_size=1, max_size=3)


def batch_of(nets: list[spec.Architecture]) -> metanet.Batch:
    """Every network twice, with other weights."""
    rng = np.random.default_rng(0)
    graphs = [graphgen.compile(net, random_weights(net, rng)) for net in [*nets, *nets[::-1]]]
    return metanet.Batch.from_graphs(graphs)


def check_backends(nets: list[spec.Architecture], options: dict[str, str]) -> None:
    def make(backend: str) -> metanet.GMN:
        return metanet.GMN(hidden=6, layers=2, outputs=2, backend=backend, **options)

    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert_backends_agree(make, batch_of(nets))


@given(FAMILY, st.sampled_from(OPTIONS))
def test_both_backends_give_the_same_numbers(
    nets: list[spec.Architecture], options: dict[str, str]
) -> None:
    check_backends(nets, options)


@pytest.mark.long
@settings(max_examples=200)
@given(FAMILY, st.sampled_from(OPTIONS))
def test_both_backends_give_the_same_numbers_long(
    nets: list[spec.Architecture], options: dict[str, str]
) -> None:
    check_backends(nets, options)


CNN = """
inputs: {x: [2, 6, 6]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3, groups: 2}
  - residual:
      body:
        - conv2d: {out_channels: 4, kernel_size: 5, padding: 2}
        - layer_norm: {normalized_shape: [4, 4]}
  - flatten
  - linear: {out_features: 3}
"""


def plan() -> Plan:
    return Plan(batch_of([spec.loads(CNN)]), taps=3)


@pytest.mark.parametrize("backend", ["block", "pyg"])
def test_each_step_is_what_a_slow_loop_does(backend: str) -> None:
    laid = plan()
    generator = torch.Generator().manual_seed(0)

    def draw(rows: int) -> Tensor:
        return torch.rand(rows, 2, generator=generator, dtype=torch.float64)

    edges, sources, targets = draw(laid.num_edges), draw(laid.num_nodes), draw(laid.num_nodes)
    rows = draw(laid.num_rows)
    tool = make_backend(backend)
    spread = tool.spread(laid, edges.clone(), sources, targets, rows)
    averages = tool.to_row(laid, edges)
    into = {name: tool.to_target(laid, edges, name) for name in AGGREGATIONS}
    out_of = {name: tool.to_source(laid, edges, name) for name in AGGREGATIONS}
    parts = {"sum": lambda n: 1.0, "root": lambda n: 1 / n**0.5, "mean": lambda n: 1 / n}
    for piece in laid.slices:
        block = piece.block
        for network in range(piece.networks):
            for number, c in enumerate(np.ndindex(*block.shape)):
                e = piece.start + network * block.num_edges + number
                s = node(laid, piece.source.start, block.source_strides, c, network)
                t = node(laid, piece.target.start, block.target_strides, c, network)
                row = piece.rows.start + network
                expected = edges[e] + sources[s] + targets[t] + rows[row]
                averages[row] -= edges[e] / block.num_edges
                assert torch.allclose(spread[e], expected, rtol=1e-14)
                for name, part in parts.items():
                    into[name][t] -= edges[e] * part(block.fan_in)
                    out_of[name][s] -= edges[e] * part(block.fan_out)
    for rest in (*into.values(), *out_of.values(), averages):
        assert rest.abs().max() < 1e-12


def node(laid: Plan, start: int, strides: Any, c: Any, network: int) -> int:
    nodes = laid.parts[0].layout.num_nodes
    return start + network * nodes + sum(s * i for s, i in zip(strides, c, strict=True))


def test_the_block_backend_has_the_right_derivatives() -> None:
    laid, tool = plan(), BlockBackend()
    generator = torch.Generator().manual_seed(0)

    def draw(rows: int) -> Tensor:
        return torch.rand(rows, 1, generator=generator, dtype=torch.float64, requires_grad=True)

    def step(edges: Tensor, sources: Tensor, targets: Tensor, rows: Tensor) -> Tensor:
        spread = tool.spread(laid, edges, sources, targets, rows)
        nodes = tool.to_target(laid, spread, "root") + tool.to_source(laid, spread, "sum")
        return torch.cat([nodes, tool.to_row(laid, spread)])

    rows = laid.num_edges, laid.num_nodes, laid.num_nodes, laid.num_rows
    assert torch.autograd.gradcheck(step, [draw(count) for count in rows], fast_mode=True)


CHOICES = [
    {"norm": norm, "activation": activation, "aggregation": aggregation, "checkpoint": checkpoint}
    for norm, activation, aggregation, checkpoint in (
        (True, "silu", "mean", False),
        (True, "silu", "root", True),
        (False, "relu", "sum", False),
        (True, "relu", "root", True),
    )
]


@pytest.mark.parametrize("multiply", [False, True])
@pytest.mark.parametrize("vector", [False, True])
@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("chunk", [7, 100, 8192])
def test_an_edge_update_in_chunks_is_the_one_of_single_moves(
    choice: dict[str, Any],
    multiply: bool,
    vector: bool,
    chunk: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tiles, "CHUNK_BYTES", chunk * 4 * 8)
    monkeypatch.setattr(metanet.plan, "PACKED_EDGES", 60)
    laid, generator = plan(), torch.Generator().manual_seed(0)
    assert 0 < laid.packed_slices < len(laid.slices)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)

    states = [draw(count, 4) for count in (laid.num_edges, *[laid.num_nodes] * 2, laid.num_rows)]
    states += [draw(laid.num_nodes, 4)] if multiply else []
    matrices = [draw(4, 4), draw(4) if vector else draw(4, 4)]
    matrices += [draw(4, 4)] if multiply else []
    mixes = [draw(count, 4).detach() for count in (laid.num_edges, *[laid.num_nodes] * 2)]
    results = []
    for backend in (make_backend("block"), make_backend("pyg")):
        rule, weights = EdgeRule(**choice), EdgeWeights(*matrices)
        outputs = backend.update_edges(laid, rule, weights, *states)
        moments = backend.row_moments(laid, outputs[0], choice["norm"])
        total = sum((a * b).sum() for a, b in zip(outputs, mixes, strict=True))
        total = total + moments[0].sum() + moments[1].square().sum()
        results.append([*outputs, *moments, *torch.autograd.grad(total, [*states, *matrices])])
    for actual, expected in zip(*results, strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-10)


def test_an_edge_update_may_pass_on_nodes_alone() -> None:
    laid, generator = plan(), torch.Generator().manual_seed(0)
    edges = torch.randn(laid.num_edges, 3, generator=generator, dtype=torch.float64)
    zeros = [edges.new_zeros(n, 3) for n in (laid.num_nodes, laid.num_nodes, laid.num_rows)]
    gradients = []
    for backend in (make_backend("block"), make_backend("pyg")):
        own = edges.clone().requires_grad_()
        weights = EdgeWeights(torch.eye(3).double(), torch.eye(3).double())
        _, into, _ = backend.update_edges(laid, EdgeRule(), weights, own, *zeros)
        gradients += torch.autograd.grad(into.square().sum(), own)
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-12)


class Skewed(BlockBackend):
    """Sums where it should average."""

    def update_edges(self, plan: Plan, rule: EdgeRule, *states: Any) -> Any:
        return super().update_edges(plan, replace(rule, aggregation="sum"), *states)


class Blind(BlockBackend):
    """Passes no gradient to the targets of edges."""

    def update_edges(self, plan: Plan, rule: EdgeRule, *states: Any) -> Any:
        weights, edges, source, target, *rest = states
        return super().update_edges(plan, rule, weights, edges, source, target.detach(), *rest)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (Skewed, r"^output: 'broken' differs from 'block' by \d.* of the norm, more than 1e-10"),
        (Blind, r"^gradient by .*: 'broken' differs from 'block' by"),
    ],
)
def test_a_backend_with_other_numbers_is_caught(broken: type[BlockBackend], message: str) -> None:
    def make(backend: str) -> metanet.GMN:
        model = metanet.GMN(hidden=4, layers=1)
        model.trunk.backend = broken() if backend == "broken" else make_backend(backend)
        return model

    batch = batch_of([spec.loads(CNN)])
    with pytest.raises(AssertionError, match=message):
        assert_backends_agree(make, batch, ("block", "broken"))
    assert_backends_agree(make, batch, ("block", "block", "pyg"))


def test_an_unknown_backend_is_named() -> None:
    with pytest.raises(
        metanet.MetanetError, match="`backend` is 'dgl', expected one of block, pyg"
    ):
        metanet.GMN(backend="dgl")


COMPUTATION = """
inputs: {x: [2, 5, 5]}
layers:
  - conv2d: {out_channels: 3, kernel_size: 3, padding: 1, padding_mode: reflect}
  - relu
  - upsample: {scale_factor: 2, mode: bilinear}
  - flatten
  - linear: {out_features: 2}
"""


def test_both_backends_read_computation_graphs() -> None:
    net, rng = spec.loads(COMPUTATION), np.random.default_rng(0)
    graphs = [
        graphgen.compile(net, random_weights(net, rng), kind=kind)
        for kind in ("computation", "parameter", "computation")
    ]
    batch = metanet.Batch.from_graphs(graphs)
    laid = Plan(batch, taps=0)
    strides = [s for piece in laid.slices for s in piece.block.source_strides]
    assert min(strides) < 0, "a reflected border runs backwards"

    def make(backend: str) -> metanet.GMN:
        return metanet.GMN(hidden=4, layers=2, backend=backend)

    assert_backends_agree(make, metanet.Batch.from_graphs(graphs))
    rows = edge_weights(laid, batch, 0.0)[:, 0]
    expected = [graphs[0].edge_values(), graphs[2].edge_values(), graphs[1].edge_values()]
    assert torch.allclose(rows.sort().values, torch.from_numpy(np.concatenate(expected)).sort()[0])


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")  # dynamo's own
def test_a_model_compiles_and_takes_other_batches() -> None:
    model = metanet.GMN(hidden=8, layers=2)
    compiled = torch.compile(model, dynamic=True, backend="aot_eager")
    for nets in ([spec.loads(CNN)], [spec.loads(CNN), spec.loads(COMPUTATION)]):
        batch = batch_of(nets).to(torch.float32)
        torch.testing.assert_close(compiled(batch), model(batch), rtol=1e-4, atol=1e-5)
        compiled(batch).sum().backward()
        assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_autocast_computes_in_low_precision_near_the_full_one() -> None:
    torch.manual_seed(0)
    model = metanet.GMN(hidden=16, layers=2)
    batch = batch_of([spec.loads(CNN), spec.loads(COMPUTATION)]).to(torch.float32)
    full = model(batch)
    with torch.autocast("cpu", torch.bfloat16):
        low = model(batch)
    assert low.dtype == torch.bfloat16
    difference = (low.float() - full).abs().max().item()
    assert 1e-7 < difference < 0.05
    low.float().sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
@pytest.mark.parametrize("options", OPTIONS)
def test_both_backends_give_the_cpu_s_numbers_on_a_gpu(options: dict[str, str]) -> None:
    batch = batch_of([spec.loads(CNN), spec.loads(COMPUTATION)])
    model = metanet.GMN(hidden=6, layers=2, **options).double().eval()
    expected = model(batch)
    for backend in ("block", "pyg"):
        other = metanet.GMN(hidden=6, layers=2, backend=backend, **options).double().eval()
        other.load_state_dict(model.state_dict())
        actual = other.cuda()(batch.to("cuda")).cpu()
        torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-10)
