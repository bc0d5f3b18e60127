"""Quantiles of tensors of any size, as `torch.quantile` gives them of small ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import graphgen
import metanet
import spec
from graphgen.testing import tolerance
from metanet.views.weight_statistics import QUANTILES, moments_and_quantiles, quartiles

LIMIT = 2**24


@given(st.integers(1, 300), st.integers(1, 3), st.sampled_from([torch.float32, torch.float64]))
def test_small_tensors_have_the_quantiles_of_torch(
    size: int, rows: int, dtype: torch.dtype
) -> None:
    values = torch.randn(rows, size, generator=torch.Generator().manual_seed(size)).to(dtype)
    expected = torch.quantile(values, values.new_tensor(QUANTILES), dim=1).T
    found = quartiles(values, 1)
    assert found.dtype == dtype
    assert torch.allclose(found, expected, rtol=0, atol=tolerance(dtype) / 100)
    assert torch.equal(quartiles(values.T, 0), found.T)


def test_nan_is_not_hidden() -> None:
    values = torch.tensor([[0.0, torch.nan, 1.0], [0.0, 1.0, 2.0]])
    found = quartiles(values, 1)
    assert found[0].isnan().all()
    assert torch.equal(found[1], torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0]))
    assert torch.quantile(values[0], 0.5).isnan()


def test_gradients_are_those_of_torch() -> None:
    values = torch.randn(2, 9, dtype=torch.float64, requires_grad=True)
    mix = torch.randn(2, 5, dtype=torch.float64)
    (found,) = torch.autograd.grad((quartiles(values, 1) * mix).sum(), values)
    theirs = torch.quantile(values, values.new_tensor(QUANTILES), dim=1).T
    (expected,) = torch.autograd.grad((theirs * mix).sum(), values)
    assert torch.allclose(found, expected, atol=tolerance(torch.float64))


@pytest.mark.long
def test_a_tensor_beyond_the_limit_of_torch_has_quantiles() -> None:
    values = np.random.default_rng(0).standard_normal(LIMIT + 5, dtype=np.float32)
    expected = np.quantile(values.astype(np.float64), QUANTILES)
    found = moments_and_quantiles(torch.from_numpy(values)[None])[0]
    assert np.allclose(found[2:].numpy(), expected, rtol=0, atol=1e-6)
    assert abs(found[0].item() - values.mean(dtype=np.float64)) < 1e-5
    with pytest.raises(RuntimeError, match="too large"):
        torch.quantile(torch.from_numpy(values), 0.5)


@pytest.mark.long
def test_a_network_beyond_the_limit_is_read() -> None:
    out = f"linear: {{out_features: {LIMIT + 1}}}"
    net = spec.loads(f"inputs: {{x: [1]}}\nlayers: [{{{out}}}]")
    weights: dict[str, NDArray[Any]] = {
        "0.weight": np.zeros((LIMIT + 1, 1), np.float32),
        "0.bias": np.arange(LIMIT + 1, dtype=np.float32),
    }
    batch = metanet.Batch.from_graphs(graphgen.compile(net, weights))
    found = metanet.network_statistics(batch)
    assert found.isfinite().all()
    assert (found == LIMIT / 2).any()
    assert metanet.StatMLP(8, 1).eval()(batch).isfinite().all()
