"""The block backend with kernels, with torch alone, and torch_geometric's: the same numbers."""

from __future__ import annotations

from contextlib import nullcontext
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
from metanet import kernels
from metanet.backends import make_backend
from metanet.backends.backend import EdgeRule, EdgeWeights
from metanet.backends.block import compiled_update, moments, table, tiles
from metanet.options import AGGREGATIONS
from metanet.plan import Plan
from spec.testing import networks

WITH_EDGES = networks().filter(lambda net: graphgen.template(net).num_edges > 0)
TOLERANCES = {torch.float32: 1e-3, torch.float64: 1e-10}
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


def batch_of(nets: list[spec.Architecture], dtype: torch.dtype) -> metanet.Batch:
    rng = np.random.default_rng(0)
    graphs = [graphgen.compile(net, random_weights(net, rng)) for net in [*nets, *nets[::-1]]]
    return metanet.Batch.from_graphs(graphs).to(dtype)


def update(
    laid: Plan, how: str, rule: EdgeRule, width: int, vector: bool, dtype: torch.dtype
) -> list[Tensor]:
    """Give the results of an edge update and moments after it, and all gradients."""
    generator = torch.Generator().manual_seed(width)

    def draw(*shape: int) -> Tensor:
        values = torch.randn(shape, generator=generator, dtype=torch.float64)
        return values.to(dtype).requires_grad_()

    sizes = (laid.num_edges, laid.num_nodes, laid.num_nodes, laid.num_rows)
    states = [draw(size, width) for size in sizes]
    matrices = [draw(width, width), draw(width) if vector else draw(width, width)]
    mixes = [draw(size, width).detach() for size in sizes[:3]]
    backend = make_backend("pyg" if how == "pyg" else "block")
    with kernels.off() if how == "torch" else nullcontext():
        results = backend.update_edges(laid, rule, EdgeWeights(*matrices), *states)
        moments = backend.row_moments(laid, results[0], rule.norm)
        total = sum((a * b).sum() for a, b in zip(results, mixes, strict=True))
        total = total + moments[0].sum() + moments[1].square().sum()
        gradients = torch.autograd.grad(total, [*states, *matrices])
    return [*results, *moments, *gradients]


def difference(some: list[Tensor], others: list[Tensor]) -> float:
    """Give the largest difference of two lists, as a share of each tensor's largest number."""
    return max(
        ((a.double() - b.double()).abs().max() / (b.double().abs().max() + 1)).item()
        for a, b in zip(some, others, strict=True)
    )


@given(
    st.lists(WITH_EDGES, min_size=1, max_size=3),
    st.sampled_from([1, 3, 16, 17, 64]),
    st.sampled_from(list(TOLERANCES)),
    st.booleans(),
    st.sampled_from([0, 3]),
    st.builds(
        EdgeRule,
        st.booleans(),
        st.sampled_from(["silu", "relu"]),
        st.sampled_from(AGGREGATIONS),
        st.booleans(),
    ),
)
def test_kernels_torch_and_an_edge_index_give_the_same_numbers(
    nets: list[spec.Architecture], width: int, dtype: torch.dtype, vector: bool, taps: int,
    rule: EdgeRule,
) -> None:  # fmt: skip
    assert kernels.available(dtype), kernels.reason(dtype)
    laid = Plan(batch_of(nets, dtype), taps)
    results = {
        how: update(laid, how, rule, width, vector, dtype) for how in ("kernels", "torch", "pyg")
    }
    exact = update(laid, "pyg", rule, width, vector, torch.float64)
    for how, found in results.items():
        assert difference(found, exact) < TOLERANCES[dtype], how
    again = update(laid, "kernels", rule, width, vector, dtype)
    assert all(torch.equal(a, b) for a, b in zip(again, results["kernels"], strict=True))


@pytest.mark.parametrize("vector", [False, True])
@pytest.mark.parametrize("width", [3, 40])
def test_threads_and_chunks_are_not_seen_in_sums(
    width: int, vector: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid = Plan(batch_of([spec.loads(CNN)], torch.float32), 3)
    found = {}
    for threads in (1, 2, 3):
        for module in (compiled_update, moments):
            monkeypatch.setattr(module, "threads", lambda threads=threads: threads)
        found[threads] = update(laid, "kernels", EdgeRule(), width, vector, torch.float32)
    for threads in (2, 3):
        assert all(torch.equal(a, b) for a, b in zip(found[threads], found[1], strict=True))
    monkeypatch.setattr(tiles, "CHUNK_BYTES", 4 * width * 4 * 7)
    pieces = update(laid, "kernels", EdgeRule(), width, vector, torch.float32)
    assert difference(pieces, found[1]) < TOLERANCES[torch.float32]


@pytest.mark.parametrize("checkpoint", [False, True])
@pytest.mark.parametrize("vector", [False, True])
def test_the_kernels_have_the_right_derivatives(vector: bool, checkpoint: bool) -> None:
    net = spec.loads("inputs: {x: [2]}\nlayers: [linear: {out_features: 3}, tanh]")
    laid, width = Plan(batch_of([net], torch.float64), 0), 3
    rule = EdgeRule(checkpoint=checkpoint)

    def step(inner: Tensor, outer: Tensor, *states: Tensor) -> Any:
        return make_backend("block").update_edges(laid, rule, EdgeWeights(inner, outer), *states)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, dtype=torch.float64, requires_grad=True)

    with torch.random.fork_rng():
        torch.manual_seed(0)
        sizes = (laid.num_edges, laid.num_nodes, laid.num_nodes, laid.num_rows)
        inputs = [draw(width, width), draw(width) if vector else draw(width, width)]
        inputs += [draw(size, width) for size in sizes]
    assert torch.autograd.gradcheck(step, inputs)


def test_a_wrong_table_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    laid = Plan(batch_of([spec.loads(CNN)], torch.float64), 3)
    expected = update(laid, "pyg", EdgeRule(), 3, False, torch.float64)
    wrong, axes = table.make_table(laid, "mean")
    wrong[0, 6] = wrong[0, 5]  # the fan-out of the first block
    monkeypatch.setitem(table._tables, laid, {"mean": (wrong, axes)})
    found = update(laid, "kernels", EdgeRule(), 3, False, torch.float64)
    assert difference(found, expected) > 1e-3


def test_without_a_compiler_a_model_gives_the_same_numbers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    torch.manual_seed(0)
    model, batch = metanet.GMN(12, 2).double(), batch_of([spec.loads(CNN)], torch.float64)
    expected = model(batch)
    monkeypatch.setenv("PATH", str(tmp_path))
    kernels._built.cache_clear()
    assert not kernels.available(torch.float64)
    try:
        torch.testing.assert_close(model(batch), expected, rtol=1e-10, atol=1e-10)
    finally:
        kernels._built.cache_clear()


def test_more_axes_than_the_kernels_count_means_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    laid = Plan(batch_of([spec.loads(CNN)], torch.float64), 0)
    expected = update(laid, "kernels", EdgeRule(), 3, False, torch.float64)
    monkeypatch.setattr(table, "MOST_AXES", 1)
    assert table.make_table(laid, "mean") is None
    monkeypatch.setitem(table._tables, laid, {"mean": None})
    found = update(laid, "kernels", EdgeRule(), 3, False, torch.float64)
    assert difference(found, expected) < TOLERANCES[torch.float64]
