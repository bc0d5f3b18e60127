"""A metanet as an estimator of scikit-learn: `fit`, `predict`, `score`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import NotFittedError

from graphgen import Graph, GraphSet
from pipelines.compile import check_settings
from pipelines.errors import PipelineError
from pipelines.runs.watch import OnEpoch, Watch
from pipelines.settings import read_section
from pipelines.training.predictor import Predictor
from pipelines.training.stage import train
from pipelines.views.settings import VIEWS, Asked, asked_views
from pipelines.views.storing import store_views
from spec import Architecture

TARGET = "metrics.y"
LEAST = 4
"""The fewest networks to train on: two for training, and some for validation."""


class Regressor(RegressorMixin, BaseEstimator):
    """Any metanet that predicts a number of each network, in scikit-learn's manner.

        model = pipelines.Regressor("gmn", {"hidden": 16, "layers": 2}, epochs=20)
        model.fit(graphs, y).predict(graphs[:3])              # float64 (3,)
        model.score(graphs, y)                                # R2
        cross_val_score(model, list(graphs), y)

    It is trained as `gmn train` does it, once, in this process; whole experiments, with seeds,
    searches and intervals, are `pipelines.train`. Graphs are a graph set, a part of one, or a list.

    Args:
        metanet: a name of `metanet.METANETS`.
        settings: its options.
        views: what it sees of a network beside the graph, by the names of `gmn compile`.
        epochs: how often all networks are gone through.
        batch_size: networks in a batch.
        learning_rate: the highest one.
        weight_decay: that of AdamW.
        gradient_norm: to which gradients are clipped.
        validation: the share of networks that are kept for validation.
        loss: `auto`, that of the target's kind, or one of `pipelines.tasks.losses.LOSSES`.
        seed: of all chance.
        device: where to compute.
        on_epoch: called with the row of the history of each epoch.

    Attributes:
        predictor_: the trained metanet, as `pipelines.Predictor`.
    """

    def __init__(
        self,
        metanet: str = "gmn",
        settings: Mapping[str, Any] | None = None,
        *,
        views: Sequence[str] = (),
        epochs: int = 30,
        batch_size: int = 16,
        learning_rate: float = 5e-3,
        weight_decay: float = 1e-2,
        gradient_norm: float = 1.0,
        validation: float = 0.2,
        loss: str = "auto",
        seed: int = 0,
        device: str = "cpu",
        on_epoch: OnEpoch | None = None,
    ) -> None:
        self.metanet = metanet
        self.settings = settings
        self.views = views
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.gradient_norm = gradient_norm
        self.validation = validation
        self.loss = loss
        self.seed = seed
        self.device = device
        self.on_epoch = on_epoch

    def fit(self, graphs: Sequence[Graph] | GraphSet, y: ArrayLike) -> Self:
        """Train on graphs and a number of each, (len(graphs),).

        Raises `PipelineError` for numbers that do not fit the graphs, and for too few of them, and
        `SpecError` for options that the metanet does not take.
        """
        targets, views = checked(y, len(graphs)), self._views()
        order = np.random.default_rng(self.seed).permutation(len(graphs))
        held_out = set(order[: max(2, round(self.validation * len(graphs)))].tolist())
        rows = (
            (
                architecture_of(graph),
                graph.weights(),
                {
                    "index": i,
                    "split": "validation" if i in held_out else "train",
                    "metrics": {"y": float(target)},
                },
            )
            for i, (graph, target) in enumerate(zip(graphs, targets, strict=True))
        )
        with TemporaryDirectory(prefix="gmn-") as folder:
            place = Path(folder)
            GraphSet.write(place / "graphs", rows)
            store_views(place / "graphs", views, workers=1)
            watch = Watch(self.on_epoch or (lambda run, row: None))
            (run,) = train(
                self._asked(),
                place / "graphs",
                place / "train",
                device=self.device,
                watch=watch,
            )
            self.predictor_ = Predictor.load(run.folder, self.device)
        return self

    def predict(self, graphs: Graph | Sequence[Graph] | GraphSet) -> NDArray[np.float64]:
        """Predict for graphs, float64 (len(graphs),); scikit-learn's `NotFittedError` before."""
        if not hasattr(self, "predictor_"):
            raise NotFittedError(f"{type(self).__name__} is not fitted; call `fit` first")
        return self.predictor_.predict([graphs] if isinstance(graphs, Graph) else list(graphs))

    def _views(self) -> list[Asked]:
        schema = {"type": "object", "properties": {"views": VIEWS}}
        given = {"views": list(self.views)}
        return asked_views(read_section(given, "model", schema, check_settings)["views"])

    def _asked(self) -> dict[str, Any]:
        model = {
            "metanet": self.metanet,
            "views": list(self.views),
            "settings": dict(self.settings or {}),
            "training": {
                "epochs": self.epochs,
                "batch_size": self.batch_size,
                "learning_rate": self.learning_rate,
                "weight_decay": self.weight_decay,
                "gradient_norm": self.gradient_norm,
            },
        }
        return {"target": "y", "loss": self.loss, "seeds": [self.seed], "models": {"model": model}}


def architecture_of(graph: Graph) -> Architecture:
    """Give the architecture of a graph; `PipelineError` for one that does not know it."""
    if graph.template.net is None:
        raise PipelineError(
            "`graphs`: a graph does not know its architecture; compile it by graphgen.compile"
        )
    return graph.template.net


def checked(y: ArrayLike, count: int) -> NDArray[np.float64]:
    """Give targets as numbers, one for each of `count` graphs."""
    try:
        targets = np.asarray(y, np.float64)
    except (TypeError, ValueError):
        raise PipelineError("`y` holds what is no number; expected one for each graph") from None
    if targets.shape != (count,) or not np.isfinite(targets).all():
        raise PipelineError(
            f"`y` has the shape {list(targets.shape)}, expected [{count}], finite numbers: one for "
            "each graph"
        )
    if count < LEAST:
        raise PipelineError(f"got {count} graphs; expected {LEAST} or more to train on")
    return targets
