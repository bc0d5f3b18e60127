"""Measures against networks held out: by formula, by a slow oracle, and sets they must find bad."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.errors import PipelineError
from pipelines.generation.frechet import Features
from pipelines.generation.held_out import density_and_coverage, nearest_is_alike, told_apart
from pipelines.generation.neighbours import Rows


def drawn(count: int, seed: int, size: int = 6) -> Rows:
    return np.random.default_rng(seed).normal(size=(count, size)).astype(np.float32)


def slow(first: Rows, second: Rows) -> np.ndarray:
    """Give all distances, root mean squares, one by one."""
    return np.array(
        [[np.sqrt(np.mean((a - b) ** 2, dtype=np.float64)) for b in second] for a in first]
    )


def test_neighbours_are_those_of_all_pairs() -> None:
    samples, target = drawn(40, 0), drawn(30, 1) + np.float32(0.5)
    pair, own, other = slow(samples, target), slow(samples, samples), slow(target, target)
    for square in (own, other):
        np.fill_diagonal(square, np.inf)
    first = (own.min(1) < pair.min(1)).mean()
    second = (other.min(1) < pair.min(0)).mean()
    assert nearest_is_alike(samples, target) == pytest.approx((first + second) / 2)
    inside = pair <= np.sort(other, axis=1)[:, 4]
    density, coverage = density_and_coverage(samples, target)
    assert (density, coverage) == pytest.approx((inside.sum(1).mean() / 5, inside.any(0).mean()))


def test_sets_alike_are_not_told_apart_and_others_are() -> None:
    target, features = drawn(400, 0), Features.fit(drawn(800, 9), 3)
    alike = drawn(400, 1)
    assert abs(told_apart(alike, target, features) - 0.5) < 0.06
    assert abs(nearest_is_alike(alike, target) - 0.5) < 0.06
    # What differs in no mean and in no variance, and outside the components alone.
    signs = np.sign(alike).astype(np.float32)
    outside = alike + 2 * (alike - (features(alike) @ features.axes).astype(np.float32))
    for other in (alike + 2, signs, outside):
        assert told_apart(other, target, features) > 0.8
        assert nearest_is_alike(other, target) > 0.75


def test_sets_of_different_sizes_count_alike() -> None:
    features = Features.fit(drawn(400, 9), 3)
    assert abs(told_apart(drawn(40, 1), drawn(200, 0), features) - 0.5) < 0.15
    assert abs(nearest_is_alike(drawn(40, 1), drawn(40, 0)) - 0.5) < 0.2


def test_density_and_coverage_see_what_they_are_for() -> None:
    target = drawn(200, 0, 2)
    density, coverage = density_and_coverage(drawn(200, 1, 2), target)
    assert abs(density - 1) < 0.25
    assert coverage > 0.85
    # One network again and again is dense, and covers nothing; far ones are neither.
    assert density_and_coverage(np.repeat(target[:1], 200, 0), target)[1] < 0.15
    assert density_and_coverage(target + 50, target) == (0, 0)
    # Copies of what is held out are no closer than chance allows: less than a half are alike.
    assert nearest_is_alike(target, target) == 0


@pytest.mark.parametrize("measure", [nearest_is_alike, density_and_coverage])
def test_too_few_are_refused(measure: object) -> None:
    assert callable(measure)
    with pytest.raises(PipelineError, match="1 samples and 9 networks held out are too few"):
        measure(drawn(1, 0), drawn(9, 1))
