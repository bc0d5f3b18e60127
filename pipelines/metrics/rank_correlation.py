"""Kendall's tau of many resamples at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipelines.metrics.resampling import Counts, Floats

_ROWS = 256


def resampled_taus(
    true: Floats, predicted: Floats, counts: Counts, lowest: Sequence[float] = (-np.inf,)
) -> list[Floats]:
    """Give tau-b of each resample, among networks whose true value is at least `lowest`, for each.

        resampled_taus(true, predicted, counts)[0].shape    # (resamples,)

    With counts c, concordant less discordant pairs are c' S c / 2, where S holds the products of
    the signs of differences. Networks in descending order of the true values make every threshold a
    prefix, so one pass over the lower triangle of S serves all of them.

    Args:
        true: (n,).
        predicted: (n,).
        counts: how often each network is in each resample, (n, resamples).
        lowest: thresholds.
    """
    order = np.argsort(-true, kind="stable")
    t, p, c = true[order], predicted[order], counts[order]
    ends = [int(np.count_nonzero(t >= least)) for least in lowest]
    concordant = np.zeros(c.shape[1])
    found: dict[int, Floats] = {0: np.zeros(c.shape[1])}
    bounds = sorted({*ends, *range(0, max(ends), _ROWS), max(ends)} - {0})
    begin = 0
    for end in bounds:
        signs = _signs(t[begin:end], t[:end]) * _signs(p[begin:end], p[:end])
        signs[:, :begin] *= 2
        concordant += np.sum(c[begin:end] * (signs @ c[:end]), axis=0, dtype=np.float64)
        if end in ends:
            apart = [_pairs_apart(values[:end], c[:end]) for values in (t, p)]
            scale = np.sqrt(apart[0] * apart[1])
            found[end] = np.where(scale > 0, concordant / 2 / np.where(scale > 0, scale, 1), 0.0)
        begin = end
    return [found[end] for end in ends]


def _signs(rows: Floats, columns: Floats) -> Counts:
    differs = (rows[:, None] > columns).astype(np.float32)
    differs -= rows[:, None] < columns
    return differs


def _pairs_apart(values: Floats, counts: Counts) -> Floats:
    """Count the pairs of each resample whose values differ."""
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    tied = np.add.reduceat(counts[order].astype(np.float64), starts, axis=0)
    total = np.sum(counts, axis=0, dtype=np.float64)
    result: Floats = (total**2 - np.sum(tied**2, axis=0)) / 2
    return result
