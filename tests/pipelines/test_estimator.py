"""The estimator of scikit-learn, against scikit-learn's own checks and the stage that trains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_predict
from sklearn.utils import estimator_checks

import graphgen
import pipelines
import spec
from graphgen.testing import random_weights

TEXT = "inputs: {x: [3]}\nlayers: [{linear: {out_features: %d}}, relu, {linear: {out_features: 2}}]"


@pytest.fixture(scope="module")
def networks() -> tuple[list[graphgen.Graph], np.ndarray]:
    """Networks whose weights have a scale, which is what is to be predicted."""
    rng = np.random.default_rng(0)
    nets, y = [spec.loads(TEXT % width) for width in (4, 6)], rng.uniform(1, 3, 12)
    graphs = []
    for i, scale in enumerate(y):
        weights = random_weights(nets[i % 2], rng, np.float32)
        scaled = {name: (scale * array).astype(np.float32) for name, array in weights.items()}
        graphs.append(graphgen.compile(nets[i % 2], scaled))
    return graphs, y


def model(**changes: Any) -> pipelines.Regressor:
    settings = {"metanet": "deepsets", "settings": {"hidden": 8}, "epochs": 3, "batch_size": 4}
    return pipelines.Regressor(**{**settings, **changes})


CHECKS = (
    "check_get_params_invariance",
    "check_set_params",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_estimator_repr",
)


@pytest.mark.parametrize("name", CHECKS)
def test_checks_of_scikit_learn(name: str) -> None:
    check = getattr(estimator_checks, name)
    check("Regressor", pipelines.Regressor())


def test_fit_and_predict(networks: tuple[list[graphgen.Graph], np.ndarray]) -> None:
    graphs, y = networks
    told: list[Any] = []
    fitted = model(on_epoch=lambda run, row: told.append(row["epoch"]))
    assert fitted.fit(graphs, y) is fitted
    assert told == [1, 2, 3]
    predicted = fitted.predict(graphs)
    assert predicted.shape == (12,)
    assert fitted.score(graphs, y) == pytest.approx(r2_score(y, predicted))
    np.testing.assert_allclose(fitted.predict(graphs[3]), predicted[3:4], rtol=1e-4)
    # The same seed gives the same numbers, and another one others.
    np.testing.assert_array_equal(clone(fitted).fit(graphs, y).predict(graphs), predicted)
    other = clone(fitted).set_params(seed=1).fit(graphs, y).predict(graphs)
    assert not np.array_equal(other, predicted)


def test_views(networks: tuple[list[graphgen.Graph], np.ndarray]) -> None:
    graphs, y = networks
    how = {"settings": {"hidden": 16}, "epochs": 60, "learning_rate": 0.02}
    seeing = model(metanet="stat_mlp", views=("statistics", "initialisation"), **how)
    assert seeing.fit(graphs, y).score(graphs, y) > 0.8
    # The spectra of turned weights are the same: what is seen is what was asked for.
    blind = model(metanet="stat_mlp", views=("spectra",), **how).fit(graphs, y)
    turned = [g.template.bind({n: -w for n, w in g.weights().items()}) for g in graphs]
    np.testing.assert_allclose(blind.predict(turned), blind.predict(graphs), rtol=1e-4)
    assert not np.allclose(seeing.predict(turned), seeing.predict(graphs), rtol=1e-2)
    with pytest.raises(spec.SpecError, match="unknown view 'spectrum'; did you mean 'spectra'"):
        model(views=("spectrum",)).fit(graphs, y)


@pytest.mark.long
def test_cross_validation(networks: tuple[list[graphgen.Graph], np.ndarray]) -> None:
    graphs, y = networks
    predicted = cross_val_predict(model(epochs=60, learning_rate=0.02), graphs, y, cv=3)
    assert np.corrcoef(predicted, y)[0, 1] > 0.5


def test_mistakes(networks: tuple[list[graphgen.Graph], np.ndarray]) -> None:
    graphs, y = networks
    with pytest.raises(NotFittedError):
        model().predict(graphs)
    for wrong, message in (
        (y[:-1], r"the shape \[11\], expected \[12\]"),
        (np.full(12, np.nan), "finite numbers"),
        (["a"] * 12, "holds what is no number"),
    ):
        with pytest.raises(pipelines.PipelineError, match=message):
            model().fit(graphs, wrong)
    with pytest.raises(pipelines.PipelineError, match="got 3 graphs; expected 4"):
        model().fit(graphs[:3], y[:3])
    with pytest.raises(
        spec.SpecError, match=r"settings: train\.models|settings: models.model.sett"
    ):
        model(settings={"hiden": 8}).fit(graphs, y)
