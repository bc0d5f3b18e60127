"""Measures of samples: values known by formula, and sets that each measure must find bad."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generation_toys import SIZE, clusters, wave

import graphgen
from metanet.models.flow.moments import around_mean, by_parameter, by_tensor
from pipelines.errors import PipelineError
from pipelines.generation.align import align
from pipelines.generation.decoded import decoded, grid_for, limited, valid
from pipelines.generation.frechet import Features, frechet_distance
from pipelines.generation.measures import Yardstick, summarise
from pipelines.generation.neighbours import agreement, copies, diversity, nearest
from pipelines.generation.population import Population, Rows, arrays_of, row_of
from pipelines.generation.shapes import mean_iou, shape_measures
from pipelines.generation.sphere_tracing import render
from pipelines.signals import Solid, grid


def blobs(count: int, seed: int, centre: float = 0.0, spread: float = 1.0) -> Rows:
    rng = np.random.default_rng(seed)
    return (centre + spread * rng.normal(size=(count, 6))).astype(np.float32)


def test_the_frechet_distance_is_that_of_normal_distributions() -> None:
    first = blobs(4000, 0).astype(np.float64)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(first, first + 2) == pytest.approx(6 * 4)
    trace = np.trace(np.cov(first, rowvar=False))
    assert frechet_distance(first, 3 * first) == pytest.approx(
        4 * trace + 4 * np.square(first.mean(0)).sum()
    )
    turned = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0]
    other = blobs(4000, 1, 0.3, 2.0).astype(np.float64)
    assert frechet_distance(first @ turned, other @ turned) == pytest.approx(
        frechet_distance(first, other)
    )
    with pytest.raises(PipelineError, match="two rows or more in each set, got 1"):
        frechet_distance(first[:1], other)


def test_features_keep_distances_where_all_components_are_kept() -> None:
    train, others = blobs(50, 0), blobs(30, 1)
    features = Features.fit(train, 32)
    assert features(others).shape == (30, 6)
    between = np.linalg.norm(features(others)[0] - features(others)[1])
    assert between == pytest.approx(np.linalg.norm(others[0] - others[1]), rel=1e-5)


def test_nearest_neighbours_are_those_of_all_pairs() -> None:
    rows, others = blobs(300, 0), blobs(20, 1)
    distances, places = nearest(rows, others, 3)
    every = np.sqrt(np.square(rows[:, None].astype(np.float64) - others).mean(2))
    assert np.array_equal(places, np.argsort(every, axis=1)[:, :3])
    assert np.allclose(distances, np.sort(every, axis=1)[:, :3])
    assert np.array_equal(nearest(others, others)[0], np.zeros((20, 1)))
    with pytest.raises(PipelineError, match="20"):
        nearest(rows, others, 21)


def test_copies_and_doubles_are_found() -> None:
    train, held_out = blobs(200, 0), blobs(100, 1)
    threshold = float(np.quantile(nearest(held_out, train)[0], 0.05))
    assert copies(nearest(blobs(100, 2), train)[0], threshold) < 0.2
    assert copies(nearest(train[:50], train)[0], threshold) == 1
    assert copies(nearest(train[:50] + np.float32(1e-3), train)[0], threshold) == 1
    assert diversity(held_out) == pytest.approx(diversity(blobs(100, 2)), rel=0.2)
    assert diversity(np.repeat(held_out[:50], 2, 0)) == 0


def test_samples_of_the_wrong_class_do_not_agree() -> None:
    train = np.concatenate([blobs(30, 0), blobs(30, 1, 5.0)])
    classes = np.repeat([0, 1], 30)
    rows, wanted = np.concatenate([blobs(10, 2), blobs(10, 3, 5.0)]), np.repeat([0, 1], 10)
    assert agreement(rows, wanted, train, classes) == 1
    assert agreement(rows, 1 - wanted, train, classes) == 0


def solid_rows(*solids: Solid) -> Rows:
    points = grid(16, 16, 16)
    return np.stack([solid.distance(points) for solid in solids]).astype(np.float32)


def test_solids_are_nonempty_closed_and_in_one_piece_or_not() -> None:
    ball = Solid("sphere", (0.4,), (-0.4, 0, 0))
    cut = Solid("sphere", (0.4,), (-0.9, 0, 0))
    far = Solid("sphere", (0.3,), (0.5, 0, 0))
    first, open_, second = solid_rows(ball, cut, far)
    two, empty = np.minimum(first, second), np.abs(first) + 1
    names = ("nonempty", "closed", "one_piece")
    for rows, wanted in (
        (first, (1, 1, 1)),
        (open_, (1, 0, 0)),
        (two, (1, 1, 0)),
        (empty, (0, 0, 0)),
    ):
        found = shape_measures(rows[None], (16, 16, 16))
        assert tuple(found[name] for name in names) == wanted
    assert mean_iou(first[None], first[None]) == 1
    assert mean_iou(first[None], second[None]) == 0


def test_a_ball_is_seen_as_a_disc_and_nothing_where_there_is_nothing() -> None:
    def ball(points: Rows) -> Rows:
        return np.linalg.norm(points, axis=2) - np.float32(0.5)

    picture = render(ball, 2, 40)
    assert picture.shape == (2, 40, 40)
    area = (picture[0] < 1).sum() * (3 / 39) ** 2
    assert area == pytest.approx(np.pi * 0.25, rel=0.12)
    assert np.all(render(lambda points: ball(points) + 3, 1, 10) == 1)


def yardstick(**changes: Any) -> Yardstick:
    made = Yardstick("curves", (6,), blobs(200, 0), blobs(60, 1), blobs(60, 2), components=4)
    return replace(made, **changes)


def test_a_yardstick_finds_each_kind_of_bad_sample() -> None:
    measure = yardstick().measure
    good = measure(blobs(80, 3))
    shifted, same, copied = (
        measure(blobs(80, 4, 1.0)),
        measure(blobs(80, 5, 0.0, 0.01)),
        measure(blobs(200, 0)),
    )
    assert shifted["frechet"] > 5 * good["frechet"]
    assert same["diversity"] < 0.1 * good["diversity"]
    assert (copied["copies"], copied["nearest_train"]) == (1, 0)
    assert good["copies"] < 0.2
    assert set(good) == {
        "frechet", "told_apart", "nearest_alike", "density", "coverage", "diversity",
        "nearest_train", "copies",
    }  # fmt: skip
    # Each of these looks at one thing: a set that is shifted, one that is a point, and a good one.
    for name, worst in (("told_apart", 0.75), ("nearest_alike", 0.75)):
        assert good[name] < 0.65 < worst < min(shifted[name], same[name])
    assert good["coverage"] > 0.8 > 0.6 > max(shifted["coverage"], same["coverage"])
    assert shifted["density"] < 0.5 * good["density"] < same["density"]
    classes = (np.arange(200) % 2).astype(np.int64)
    known = yardstick(classes=classes).measure(blobs(60, 3), np.zeros(60, np.int64))
    assert 0 < known["class_agreement"] < 1


def test_a_summary_has_what_all_seeds_have() -> None:
    found = summarise([{"a": 1.0, "b": 2.0}, {"a": 3.0}])
    assert found == {"a": {"mean": 2.0, "std": 1.0, "seeds": [1.0, 3.0]}}


def test_networks_that_are_not_finite_are_not_valid() -> None:
    net, template = wave()
    rows = clusters(4, 0, permuted=False)
    rows[1, 3], rows[2] = np.nan, 3e38
    assert valid(net, template, rows, 0.0).tolist() == [True, False, False, True]
    assert decoded(net, template, rows[:0], 0.0, grid(8)).shape == (0, 8)
    assert limited(np.array([[-1, 2.0]], np.float32), "images").tolist() == [[0, 1]]
    with pytest.raises(PipelineError, match="a size for each coordinate"):
        grid_for(net, [4, 4])


def population() -> Population:
    """Give copies of one network with permuted neurons, and nothing else."""
    net, template = wave()
    group, rng = graphgen.symmetries(net), np.random.default_rng(0)
    row = clusters(1, 0, permuted=False)[0]
    rows = [row_of(template, group.sample(rng).apply(arrays_of(template, row))) for _ in range(6)]
    indices = {"train": [0, 1, 2, 3], "validation": [4], "test": [5]}
    return Population(net, template, np.stack(rows), [{}] * 6, indices, 0.0)


def test_matching_undoes_permutations_once(tmp_path: Path) -> None:
    before = population()
    assert align(before, "none", "hash", tmp_path) is before
    assert np.ptp(before.values, axis=0).max() > 0.1
    matched = align(before, "match", "hash", tmp_path)
    assert np.ptp(matched.values, axis=0).max() == 0
    points = grid(16)
    one, other = (decoded(p.net, p.template, p.values, 0.0, points) for p in (before, matched))
    assert np.allclose(one, other, atol=1e-5)
    kept = align(replace(before, values=0 * before.values), "match", "hash", tmp_path)
    assert np.array_equal(kept.values, matched.values)
    anew = align(replace(before, values=0 * before.values), "match", "other", tmp_path)
    assert not anew.values.any()


def test_moments_by_tensor_do_not_see_permutations_and_others_do() -> None:
    _, template = wave()
    rows = clusters(40, 0, permuted=False)
    one = by_tensor(template, rows)
    order = np.random.default_rng(0).permutation(4)
    moved = rows.copy()
    for start in (0, 4, 8):
        moved[:, start : start + 4] = rows[:, start : start + 4][:, order]
    same = by_tensor(template, moved)
    assert np.allclose(same.mean, one.mean)
    assert np.allclose(same.deviation, one.deviation)
    assert not np.allclose(by_parameter(moved).mean, by_parameter(rows).mean)
    assert np.allclose(around_mean(template, rows).mean, by_parameter(rows).mean)
    assert one.mean.shape == one.deviation.shape == (SIZE,)
