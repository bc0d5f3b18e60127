"""A predictor of accuracy, which says how sure it is, and of which networks it knows nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphgen import Graph
from graphgen.files.document import strict_validator
from metanet.errors import MetanetError
from metanet.options import check, integer, nearest, number, shown
from metanet.predictor.anatomy import Anatomy
from metanet.predictor.answer import Answer
from metanet.predictor.calibration import Calibration
from metanet.predictor.controls import controls_of
from metanet.predictor.forest import Forest
from metanet.predictor.limits import SCHEMA, Limits
from metanet.predictor.remarks import remarks
from metanet.predictor.table import Table, columns, table_of

OPTIONS = {
    "folds": integer(2, 100),
    "repeats": integer(1, 100),
    "trees": integer(1, 10_000),
    "leaves": integer(2, 1024),
    "controls": number(0, 1),
    "seed": integer(0, 2**32 - 1),
    "level": number(0, 1, least_too=False, most_too=False),
}
LEVEL = 0.9
FEWEST = 10
"""The fewest networks of which anything is learned."""
MOST_PARAMETERS = 4_000_000
"""Of a network that is unlike the training anyway, and is read to give a guess."""
SMALLEST = 0.004
"""Errors below it are not told apart: test images are few."""
FITTED: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["limits", "groups", "networks"],
    "properties": {
        "limits": SCHEMA,
        "groups": {"type": "array", "items": {"type": "string"}},
        "networks": {"type": "integer", "minimum": 1},
    },
}


class AccuracyPredictor:
    """Predicts a network's test accuracy from its weights, with an interval that was calibrated.

        predictor = metanet.AccuracyPredictor(trees=20, folds=2).fit(graphs, accuracies)
        predictor.predict(graphs)                # (n,), from 0 to 1
        predictor.intervals(graphs)              # (n, 2): nine of ten accuracies lie between
        print(predictor.explain(graphs)[0])      # both, and why a network is unlike the training

    Boosted trees read views that need no data, and sizes: `repeats` times the networks are cut into
    `folds`, and a forest is grown on all but each; the estimate is their mean. Each network has an
    error then, that of the forests that were grown without it, and further forests read how large
    errors are. Errors in units of what is expected say how wide intervals are (cross-conformal
    prediction, Vovk 2015; networks of each input by themselves where they are enough). A share
    `controls` more, with weights that learned nothing, is made beside the networks; see
    `metanet.predictor.controls`.

    Args:
        folds: into how many parts the networks are cut.
        repeats: how often.
        trees: the trees of each forest.
        leaves: the most leaves of a tree.
        controls: how many networks without learning are made, as a share.
        seed: of all draws.
    """

    def __init__(
        self,
        *,
        folds: int = 4,
        repeats: int = 2,
        trees: int = 150,
        leaves: int = 12,
        controls: float = 0.1,
        seed: int = 0,
    ) -> None:
        self.folds, self.repeats, self.trees, self.leaves = folds, repeats, trees, leaves
        self.controls, self.seed = controls, seed
        for name, value in self.get_params().items():
            check(name, value, OPTIONS)
        self._fitted: dict[str, Any] | None = None

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Give the arguments that made it, as scikit-learn asks for them."""
        names = ("folds", "repeats", "trees", "leaves", "controls", "seed")
        return {name: getattr(self, name) for name in names}

    def set_params(self, **params: Any) -> Self:
        """Change arguments, as scikit-learn does; fit it again then."""
        for name, value in params.items():
            if name not in self.get_params():
                raise MetanetError(
                    f"unknown parameter {shown(name)}; {nearest(name, list(self.get_params()))}"
                )
            setattr(self, name, check(name, value, OPTIONS))
        return self

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        seen = f"fitted on {self.networks:,} networks" if self.networks else "not fitted"
        return f"AccuracyPredictor({given}): {seen}"

    @property
    def networks(self) -> int:
        """How many networks it was fitted on, beside those that learned nothing."""
        return int((self._fitted or {"networks": 0})["networks"])

    def __sklearn_is_fitted__(self) -> bool:
        return self._fitted is not None

    def fit(self, graphs: Sequence[Graph] | Table, y: ArrayLike) -> Self:
        """Learn from networks and their accuracies, (n,), shares from 0 to 1.

        A table of networks that were read before has its controls in it. Raises `MetanetError` for
        too few networks and for what is no accuracy.
        """
        accuracies = checked(y, len(graphs))
        rng = np.random.default_rng(self.seed)
        if isinstance(graphs, Table):
            return self.fit_table(graphs, accuracies)
        made, chance = controls_of(graphs, self.controls, rng)
        table = table_of(graphs)
        return self.fit_table(table, accuracies, table_of(made) if made else None, chance)

    def fit_table(
        self,
        table: Table,
        accuracies: NDArray[np.float64],
        controls: Table | None = None,
        chance: NDArray[np.float64] | None = None,
    ) -> Self:
        """Learn from networks that were read; intervals are not calibrated on the controls."""
        training, y = table, accuracies
        if controls is not None and chance is not None and len(controls):
            training, y = Table.join([table, controls]), np.concatenate([y, chance])
        self._forests, estimates = self._grow(training.numbers, y)
        errors = np.abs(y - np.clip(estimates, 0, 1))
        self._sizes, logarithms = self._grow(training.numbers, np.log(errors + SMALLEST))
        scores = (errors / np.maximum(np.exp(logarithms), SMALLEST))[: len(table)]
        self._calibration = Calibration.of(table, scores)
        self._limits = Limits.fit(training, self.seed)
        self._fitted = {
            "limits": dict(self._limits.seen),
            "groups": list(self._calibration.names),
            "networks": len(table),
        }
        return self

    def _grow(
        self, numbers: NDArray[np.float32], y: NDArray[np.float64]
    ) -> tuple[list[Forest], NDArray[np.float64]]:
        """Grow forests, and give for each network the mean of those that were grown without it."""
        forests: list[Forest] = []
        without = np.zeros(len(y))
        for repeat in range(self.repeats):
            fold = np.random.default_rng([self.seed, repeat]).permutation(len(y)) % self.folds
            for k in range(self.folds):
                own, seed = fold == k, self.seed + len(forests)
                forest = Forest.grow(
                    numbers[~own], y[~own], trees=self.trees, leaves=self.leaves, seed=seed
                )
                without[own] += forest.predict(numbers[own]) / self.repeats
                forests.append(forest)
        return forests, without

    def _estimate(self, table: Table) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        found, logarithms = (
            np.mean([forest.predict(table.numbers) for forest in forests], axis=0)
            for forests in (self._forests, self._sizes)
        )
        return np.clip(found, 0, 1), np.maximum(np.exp(logarithms), SMALLEST)

    def _read(self, graphs: Graph | Sequence[Graph] | Table) -> Table:
        self._check()
        if isinstance(graphs, Table):
            return graphs
        return table_of([graphs] if isinstance(graphs, Graph) else graphs)

    def _check(self) -> None:
        if self._fitted is None:
            raise MetanetError("this AccuracyPredictor has not been fitted: call `fit` first")

    def predict(self, graphs: Graph | Sequence[Graph] | Table) -> NDArray[np.float64]:
        """Predict the accuracy of each network, (n,).

        Whatever the network is: `explain` says of which nothing is known.
        """
        return self._estimate(self._read(graphs))[0]

    def intervals(
        self, graphs: Graph | Sequence[Graph] | Table, level: float = LEVEL
    ) -> NDArray[np.float64]:
        """Give an interval for each network, (n, 2), in which a share `level` of accuracies lie.

        So it is for networks that are drawn as those of the training were.
        """
        check("level", level, OPTIONS)
        table = self._read(graphs)
        estimate, size = self._estimate(table)
        half = size * self._calibration.factors(table, level)
        return np.clip(np.stack([estimate - half, estimate + half], axis=1), 0, 1)

    def explain(
        self, graphs: Graph | Sequence[Graph] | Table, level: float = LEVEL
    ) -> list[Answer]:
        """Say of each network its accuracy, an interval, and why it is unlike the training.

        A network that is unlike it by its layers, and large, is not read any further.
        """
        if not isinstance(graphs, Table):
            several = [graphs] if isinstance(graphs, Graph) else graphs
            return [self._of_one(graph, level) for graph in several]
        table = self._read(graphs)
        estimates, intervals = self.predict(table), self.intervals(table, level)
        rows = zip(estimates, intervals, self._limits.reasons(table), remarks(table), strict=True)
        return [
            Answer(
                estimate=float(estimate),
                interval=None if reasons else (float(low), float(high)),
                level=level,
                inside=not reasons,
                reasons=reasons,
                remarks=words,
            )
            for estimate, (low, high), reasons, words in rows
        ]

    def explain_reasons(self, graphs: Sequence[Graph] | Table) -> list[tuple[str, ...]]:
        """Say of each network why it is unlike the training, or nothing where it is not."""
        return self._limits.reasons(self._read(graphs))

    def _of_one(self, graph: Graph, level: float) -> Answer:
        self._check()
        net = graph.template.net
        anatomy = None if net is None else Anatomy.of(net)
        reasons = () if anatomy is None else self._limits.reasons_of_anatomy(anatomy)
        if reasons and anatomy is not None and anatomy.parameters > MOST_PARAMETERS:
            return Answer(None, None, level, False, reasons)
        try:
            table = self._read(graph)
        except MetanetError as error:
            if not reasons:
                raise
            return Answer(None, None, level, False, (*reasons, str(error)))
        return self.explain(table, level)[0]

    def score(self, graphs: Sequence[Graph] | Table, y: ArrayLike) -> float:
        """Give R2 of predictions, as scikit-learn's regressors do."""
        true = checked(y, len(graphs))
        errors = np.square(true - self.predict(graphs)).sum()
        return float(1 - errors / np.square(true - true.mean()).sum())

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Give what was learned: what JSON holds, and arrays by name."""
        self._check()
        arrays: dict[str, NDArray[Any]] = {
            "scores": self._calibration.scores,
            "groups": self._calibration.groups,
        }
        for name, forests in (("forest", self._forests), ("sizes", self._sizes)):
            for k, forest in enumerate(forests):
                arrays |= {f"{name}{k}.{key}": array for key, array in forest.arrays().items()}
        arrays |= {f"limits.{key}": array for key, array in self._limits.arrays.items()}
        return dict(self._fitted or {}), arrays

    @classmethod
    def restore(
        cls,
        settings: Mapping[str, Any],
        fitted: Mapping[str, Any],
        arrays: Mapping[str, NDArray[Any]],
    ) -> AccuracyPredictor:
        """Make it again of what `state` gave; `MetanetError` for what does not fit."""
        if (error := next(strict_validator()(FITTED).iter_errors(dict(fitted)), None)) is not None:
            raise MetanetError(f"`fitted`: {error.message[:160]}")
        if unknown := sorted(settings.keys() - cls().get_params().keys()):
            raise MetanetError(f"settings: unknown parameters: {', '.join(unknown)}")
        made = cls(**settings)
        count = len(columns())
        for name, array in arrays.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise MetanetError(f"{name}: got numbers that are not finite")
        made._forests, made._sizes = (
            [
                Forest.from_arrays(beneath(arrays, f"{name}{k}."), count)
                for k in range(made.folds * made.repeats)
            ]
            for name in ("forest", "sizes")
        )
        made._limits = Limits.restore(fitted["limits"], beneath(arrays, "limits."))
        made._calibration = Calibration.restore(fitted["groups"], dict(arrays))
        made._fitted = dict(fitted)
        return made


def beneath(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Give the arrays whose names begin so, without that beginning."""
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def checked(y: ArrayLike, count: int) -> NDArray[np.float64]:
    """Give accuracies as an array; `MetanetError` for what is none."""
    try:
        values = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError):
        raise MetanetError(f"`y` is {shown(y)}, expected an accuracy of each network") from None
    if values.shape != (count,) or count < FEWEST:
        raise MetanetError(
            f"`y` has the shape {list(values.shape)} for {count} networks, expected an accuracy "
            f"for each of {FEWEST} networks or more"
        )
    if not ((values >= 0) & (values <= 1)).all():
        raise MetanetError("`y` has numbers that are no accuracies, expected shares from 0 to 1")
    return values
