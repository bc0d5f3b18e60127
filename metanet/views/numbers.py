"""Numbers of samples: moments, quantiles, entropies, each finite whatever it is of."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

LARGEST = 1e6
"""No number of a view is larger, so that those that read it can square it in float32."""
LEAST = 1e-8


def finite(numbers: Tensor) -> Tensor:
    """Give numbers within `LARGEST`; zero for what is none."""
    return numbers.nan_to_num(0.0, LARGEST, -LARGEST).clamp(-LARGEST, LARGEST)


def quantiles(values: Tensor, shares: Sequence[float], axis: int = -1) -> list[Tensor]:
    """Give quantiles along an axis by linear interpolation, each without that axis.

    As `torch.quantile`, which takes at most 2^24 numbers; NaN counts as larger than all numbers.
    """
    ordered = values.sort(axis).values
    last = values.shape[axis] - 1
    found = []
    for share in shares:
        low = int(share * last)
        below, above = ordered.select(axis, low), ordered.select(axis, min(low + 1, last))
        found.append(torch.lerp(below, above, share * last - low))
    return found


MOMENTS = ("mean", "deviation", "log_deviation", "skewness", "log_kurtosis", "size", "near_zero")
SHARES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
OF_A_SAMPLE = (*MOMENTS, *(f"q{round(100 * share)}" for share in SHARES))
"""The names of what `moments` gives."""


def moments(values: Tensor) -> Tensor:
    """Describe samples along the last axis, (..., len(OF_A_SAMPLE)).

    Mean, deviation and its logarithm, skewness, the logarithm of the kurtosis, the mean absolute
    value, the share of numbers below a hundredth, and quantiles.
    """
    # Huge numbers have finite squares and fourth powers.
    values = values.clamp(-1e9, 1e9) if values.dtype == torch.float32 else values
    mean = values.mean(-1)
    centred = values - mean.unsqueeze(-1)
    deviation = centred.square().mean(-1).sqrt()
    scaled = centred / (deviation.unsqueeze(-1) + LEAST)
    size = values.abs()
    return torch.stack(
        [
            mean,
            deviation,
            (deviation + 1e-4).log(),
            scaled.pow(3).mean(-1).clamp(-5, 5),
            scaled.pow(4).mean(-1).clamp(0, 20).log1p(),
            size.mean(-1),
            (size < 0.01).to(values).mean(-1),
            *quantiles(values, SHARES),
        ],
        -1,
    )


SPREAD = ("mean", "deviation", "q10", "q50", "q90")


def spread(values: Tensor) -> Tensor:
    """Describe a number that each input has, (networks, inputs): its `SPREAD`, (networks, 5)."""
    some = [values.mean(1), values.std(1, correction=0), *quantiles(values, (0.1, 0.5, 0.9))]
    return torch.stack(some, 1)


def entropy(shares: Tensor) -> Tensor:
    """Give the entropy of shares along the last axis."""
    return -(shares * (shares + LEAST).log()).sum(-1)
