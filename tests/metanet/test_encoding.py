"""Piecewise-linear encodings of numbers, against a slow version and at the edges of floats."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

import metanet
from metanet.views.encoding import LARGEST, Moments, NumberEncoder, PiecewiseLinear, Standard

DTYPES = [torch.float32, torch.float64]


def fitted(rows: Tensor, bins: int) -> PiecewiseLinear:
    encoding = PiecewiseLinear(rows.shape[1], bins).to(rows.dtype)
    encoding.observe(rows)
    return encoding


def slow(rows: np.ndarray, new: np.ndarray, bins: int) -> np.ndarray:
    """Encode number by number: what of each bin between distinct quantiles was passed."""
    result = np.zeros((len(new), rows.shape[1], bins))
    for column in range(rows.shape[1]):
        edges = np.quantile(rows[:, column], np.linspace(0, 1, bins + 1))
        for i, x in enumerate(new[:, column]):
            for b in range(bins):
                low, high = edges[b], edges[b + 1]
                if high > low:
                    share = (x - low) / (high - low)
                    result[i, column, b] = 2 * min(1.0, max(0.0, share)) - 1
    return result.reshape(len(new), -1)


@pytest.mark.parametrize(("count", "bins"), [(200, 8), (3, 5), (50, 1)])
def test_the_slow_version_says_the_same(count: int, bins: int) -> None:
    rng = np.random.default_rng(count)
    rows, new = rng.standard_normal((count, 3)), 2 * rng.standard_normal((40, 3))
    found = fitted(torch.from_numpy(rows), bins)(torch.from_numpy(new)).numpy()
    np.testing.assert_allclose(found, slow(rows, new, bins), atol=1e-12)
    assert abs(found - slow(rows + 1, new, bins)).max() > 0.1


@pytest.mark.parametrize("dtype", DTYPES)
def test_encodings_are_finite_whatever_the_numbers(dtype: torch.dtype) -> None:
    most = torch.finfo(dtype).max
    columns = [
        [0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0], [-most, most, 0.0, 1.0],
        [1e-40, 2e-40, 3e-40, 4e-40], [0.0, 1.0, 0.0, 1.0], [torch.inf, -torch.inf, torch.nan, 0.0],
        [most, most, most, most],
    ]  # fmt: skip
    rows = torch.tensor(columns, dtype=dtype).T
    encoding = fitted(rows, 4)
    for new in (rows, -rows, rows * 1e-3, torch.full_like(rows, torch.nan)):
        found = encoding(new)
        assert found.shape == (4, 28)
        assert found.isfinite().all()
        assert found.abs().max() <= 1
    constant = encoding(rows)[:, :8]
    assert (constant == 0).all(), "what is the same of all networks says nothing"
    binary = encoding(rows)[:, 16:20]
    assert (binary[0] != binary[1]).any()


def test_noise_of_rounding_stays_small() -> None:
    """Ties and constant columns whose values differ by rounding do not jump."""
    rng = np.random.default_rng(0)
    shifts = torch.tensor([1.0, 5.0, 1e6, -1e-9], dtype=torch.float64)
    exact = torch.from_numpy(rng.integers(0, 3, (100, 4))) + shifts
    encoding = fitted(exact, 8)
    noise = 1 + 1e-15 * torch.from_numpy(rng.standard_normal(exact.shape))
    assert (encoding(exact * noise) - encoding(exact)).abs().max() < 1e-5
    jittered = torch.ones(100, 1) + 1e-15 * torch.from_numpy(rng.standard_normal((100, 1)))
    assert (fitted(jittered, 8)(jittered * noise[:, :1]) == 0).all()


@pytest.mark.parametrize("count", [9, 40, 400])
def test_noise_of_some_rows_stays_small_where_others_are_far_apart(count: int) -> None:
    """Small singular values of few answers: rounding in some networks, numbers in others."""
    rng = np.random.default_rng(count)
    there = torch.from_numpy(rng.random((count, 6)) < np.linspace(0.2, 0.8, 6))
    noise = 1e-7 * torch.from_numpy(rng.random((2, count, 6)))
    rows = torch.where(there, torch.from_numpy(0.05 + rng.random((count, 6))), noise[0])
    again = torch.where(there, rows * (1 + 1e-7), noise[1])
    encoding = fitted(rows, 16)
    assert (encoding(again) - encoding(rows)).abs().max() < 0.05
    assert (encoding(rows)[there[:, 0]] - encoding(rows)[~there[:, 0]].mean(0)).abs().max() > 1


def test_before_networks_were_seen_numbers_are_told_apart() -> None:
    rows = torch.tensor([[-3.0], [0.1], [2.0]])
    found = PiecewiseLinear(1, 8)(rows)
    assert len(found.unique(dim=0)) == 3
    assert NumberEncoder(1, 5)(rows).shape == (3, 5)


def test_rows_to_place_bins_by_are_checked() -> None:
    for wrong in (torch.zeros(0, 2), torch.zeros(4, 3), torch.zeros(4)):
        with pytest.raises(metanet.MetanetError, match=r"expected \(n, 2\)"):
            PiecewiseLinear(2).observe(wrong)


def test_standardised_rows_have_mean_zero_and_deviation_one() -> None:
    generator = torch.Generator().manual_seed(0)
    pieces = [
        1e5 + torch.randn(n, 7, 2, generator=generator, dtype=torch.float64) for n in (3, 1, 20)
    ]
    pieces = [torch.cat([piece, torch.full_like(piece[..., :1], 4.0)], dim=2) for piece in pieces]
    with_zeros = [torch.cat([piece, torch.zeros_like(piece)], dim=1) for piece in pieces]
    standard = Standard(3).double()
    moments = Moments(3)
    for piece in with_zeros:
        moments.add(piece)
    standard.observe(moments)
    whole = torch.cat([piece.flatten(0, 1) for piece in pieces])
    expected = (whole - whole.mean(0)) / whole.std(0, correction=0)
    expected[:, 2] = 0
    torch.testing.assert_close(standard(whole), expected.clamp(-4, 4), rtol=1e-9, atol=1e-9)
    assert (standard(with_zeros[0])[:, 7:] == 0).all(), "nodes that are not described stay so"
    huge = standard(torch.full((1, 3), LARGEST**2, dtype=torch.float64))
    assert huge.isfinite().all()
