"""The predictor of accuracy: intervals hold what they say, and what is unknown is said to be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from predictor_toys import ATTENTION, fitted, networks
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet import AccuracyPredictor, MetanetError
from metanet.predictor.anatomy import Anatomy
from metanet.predictor.calibration import Calibration
from metanet.predictor.controls import controls_of, shuffled
from metanet.predictor.forest import Forest
from metanet.predictor.table import Table, columns, table_of

NETS = Path(spec.__file__).parent / "nets"


@pytest.fixture(scope="module")
def predictor() -> AccuracyPredictor:
    return fitted()


def noisy(count: int, seed: int) -> tuple[Table, NDArray[np.float64]]:
    """Give numbers of no network, with accuracies whose noise one of the numbers says."""
    rng = np.random.default_rng(seed)
    numbers = rng.random((count, len(columns()))).astype(np.float32)
    noise = (0.01 + 0.1 * (numbers[:, 1] > 0.5)) * rng.standard_normal(count)
    anatomy = Anatomy.of(networks(1)[0][0].template.net)  # type: ignore[arg-type]
    return Table(numbers, (anatomy,) * count), np.clip(0.3 + 0.4 * numbers[:, 0] + noise, 0, 1)


def test_a_forest_answers_as_the_trees_that_it_was_read_from() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((200, 7)).astype(np.float32), rng.random(200)
    grown = HistGradientBoostingRegressor(max_iter=9, max_leaf_nodes=7).fit(x, y)
    forest, new = Forest.of(grown), rng.standard_normal((300, 7)).astype(np.float32)
    np.testing.assert_allclose(forest.predict(new), grown.predict(new), atol=1e-6)
    other = replace(forest, most=forest.most + 0.5)
    assert np.abs(other.predict(new) - grown.predict(new)).max() > 1e-3
    assert len(forest.predict(new[:0])) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.pop("left"),
        lambda arrays: arrays.update(left=np.zeros_like(arrays["left"])),  # in a circle
        lambda arrays: arrays.update(right=arrays["right"] + 10**6),
        lambda arrays: arrays.update(column=np.full_like(arrays["column"], 99)),
        lambda arrays: arrays.update(value=arrays["value"] * np.float32(np.nan)),
        lambda arrays: arrays.update(roots=arrays["roots"] - 1),
    ],
)
def test_what_is_no_forest_is_refused(change: object) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((60, 3)).astype(np.float32), rng.random(60)
    arrays = Forest.grow(x, y, trees=3, leaves=4, seed=0).arrays()
    assert len(Forest.from_arrays(dict(arrays), 3).predict(x)) == 60
    change(arrays)  # type: ignore[operator]
    with pytest.raises(MetanetError, match="forest"):
        Forest.from_arrays(arrays, 3)


def test_intervals_hold_the_share_that_they_say() -> None:
    table, y = noisy(700, 0)
    made = AccuracyPredictor(folds=2, trees=40, leaves=6).fit(table, y)
    new, true = noisy(1500, 1)

    def held(level: float) -> float:
        found = made.intervals(new, level)
        return float(((true >= found[:, 0]) & (true <= found[:, 1])).mean())

    assert abs(held(0.9) - 0.9) < 0.04
    assert abs(held(0.5) - 0.5) < 0.06
    width = np.diff(made.intervals(new), axis=1)[:, 0]
    loud = new.numbers[:, 1] > 0.5
    assert width[loud].mean() > 1.5 * width[~loud].mean(), (
        "intervals are as wide as errors are large"
    )
    made._calibration = replace(made._calibration, scores=made._calibration.scores / 2)
    assert held(0.9) < 0.8, "half as wide they do not"


def test_networks_of_each_input_are_calibrated_by_themselves_where_they_are_enough() -> None:
    scores = np.concatenate([np.full(100, 1.0), np.full(5, 9.0)]).astype(np.float32)
    groups = np.repeat([0, 1], [100, 5]).astype(np.int32)
    found = Calibration(scores, groups, ("many", "few"))
    assert found.factor(0, 0.99) == 1.0
    assert found.factor(1, 0.99) == 9.0, "the few are among all, and these are calibrated as one"
    assert found.factor(1, 0.5) == 1.0
    assert found.factor(-1, 0.99) == 9.0


def test_accuracies_of_new_networks_are_predicted(predictor: AccuracyPredictor) -> None:
    graphs, accuracies = networks(60, seed=1)
    assert predictor.score(graphs, accuracies) > 0.6
    assert predictor.score(graphs, accuracies[::-1]) < 0.3
    assert predictor.predict(graphs[0]).shape == (1,)
    outside = [not answer.inside for answer in predictor.explain(graphs)]
    assert np.mean(outside) <= 0.15


def test_permuting_neurons_changes_no_answer(predictor: AccuracyPredictor) -> None:
    graph = networks(1, seed=2)[0][0]
    net, rng = graph.template.net, np.random.default_rng(0)
    assert net is not None
    moved = graphgen.symmetries(net).sample(rng).apply(graph.weights())
    other = graphgen.compile(net, moved)
    np.testing.assert_allclose(predictor.predict(other), predictor.predict(graph), atol=1e-6)
    assert abs(predictor.predict(shuffled(graph, rng)) - predictor.predict(graph)) > 1e-6


def test_what_was_never_seen_is_said_in_words(predictor: AccuracyPredictor) -> None:
    rng = np.random.default_rng(0)

    def said(text: str, **variables: int) -> metanet.predictor.answer.Answer:
        net = spec.loads(text, **variables) if "\n" in text else spec.load(NETS / text)
        graph = graphgen.compile(net, random_weights(net, rng, np.float32))
        (answer,) = predictor.explain(graph)
        return answer

    attention = said(ATTENTION)
    assert not attention.inside
    assert attention.interval is None
    assert "no network of the training had mean and multihead_attention" in attention.reasons
    assert "it reads 6 x 8; the training read 1 x 8 x 8" in attention.reasons
    assert str(attention).startswith("no prediction: it is unlike the networks of the training")
    wide = said("vars: {width: 50}\ninputs: {image: [1, 8, 8]}\nlayers: [flatten, {linear: "
                "{out_features: $width}}, relu, {linear: {out_features: 10}}]")  # fmt: skip
    assert "50 rows of a weight, beyond the 10 to 10 of the training" in wide.reasons
    for name in ("siren.yaml", "lstm_classifier.yaml", "unet.yaml", "gpt2.yaml"):
        assert not said(name).inside, name


def test_weights_that_are_unlike_all_are_said_to_be(predictor: AccuracyPredictor) -> None:
    graph = networks(1, seed=3)[0][0]
    assert predictor.explain(graph)[0].inside
    huge = {name: np.asarray(value) * 40 for name, value in graph.weights().items()}
    (answer,) = predictor.explain(graph.template.bind(huge))
    assert not answer.inside
    assert any("deviations above" in words for words in answer.reasons)


def test_weights_as_they_were_drawn_are_remarked(predictor: AccuracyPredictor) -> None:
    graph = networks(1, seed=4)[0][0]
    rng = np.random.default_rng(0)
    weights = dict(graph.weights())
    for name, value in weights.items():
        bound = 1 / 8 if np.shape(value)[-1:] == (64,) or np.shape(value) == (4,) else 0.5
        weights[name] = (bound * rng.uniform(-1, 1, np.shape(value))).astype(np.float32)
    (answer,) = predictor.explain(graph.template.bind(weights))
    assert any("next to nothing was learned" in words for words in answer.remarks)
    assert not predictor.explain(graph)[0].remarks


def test_controls_have_learned_nothing() -> None:
    graphs, _ = networks(20)
    made, chance = controls_of(graphs, 0.5, np.random.default_rng(0))
    assert len(made) == 10
    assert (chance == 0.1).all()
    moved = shuffled(graphs[0], np.random.default_rng(0))
    for name, old in graphs[0].weights().items():
        new = np.asarray(moved.weights()[name])
        np.testing.assert_array_equal(np.sort(new, axis=None), np.sort(old, axis=None))
        assert not np.array_equal(new, old)


def test_the_manners_are_those_of_scikit_learn() -> None:
    made = AccuracyPredictor(trees=5, seed=3)
    copy = clone(made)
    assert copy is not made
    assert copy.get_params() == made.get_params()
    assert copy.set_params(trees=7).trees == 7
    with pytest.raises(MetanetError, match="unknown parameter 'tree'; did you mean 'trees'"):
        made.set_params(tree=7)
    with pytest.raises(MetanetError, match="`trees` is 0"):
        AccuracyPredictor(trees=0)
    with pytest.raises(MetanetError, match="has not been fitted"):
        made.predict(networks(1)[0])
    with pytest.raises(MetanetError, match="no accuracies"):
        made.fit(networks(12)[0], np.full(12, 94.0))
    with pytest.raises(MetanetError, match="shape"):
        made.fit(networks(12)[0], np.full(11, 0.5))


def test_a_table_names_its_columns() -> None:
    table = table_of(networks(3)[0])
    assert table.numbers.shape == (3, len(columns()))
    assert len(set(columns())) == len(columns())
    assert np.isfinite(table.numbers).all()
