"""StatNN: statistics of the weights, read by gradient-boosted trees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from metanet.batch import Batch
from metanet.errors import MetanetError
from metanet.models.reader import Reader
from metanet.models.view_inputs import ViewInputs
from metanet.options import OPTIONS, shown
from metanet.views.encoding import NOISE, bounded


class StatNN(Reader, options=OPTIONS):
    """Gradient-boosted trees on statistics of weights (Unterthiner et al., 2020), or other views.

        model = metanet.StatNN(views=["statistics"])
        model.fit(model.inputs.numbers(batch), targets)   # (n, columns), (n,)
        prediction = model(batch)

    With `classes`, targets are numbers of classes, and outputs logarithms of their probabilities.
    What is stored is the table it was fitted on; the trees, a function of that table and of
    `seed`, are grown again when first used after loading.
    """

    def __init__(
        self,
        *,
        trees: int = 300,
        learning_rate: float = 0.05,
        leaves: int = 15,
        min_samples_leaf: int = 10,
        l2: float = 1.0,
        features_per_split: float = 0.5,
        seed: int = 0,
        classes: int = 0,
        views: Sequence[str] = ("statistics",),
    ) -> None:
        super().__init__()
        self.inputs = ViewInputs(views, pooled=True).needed()
        self.register_buffer("features", torch.empty(0, self.inputs.columns))
        self.register_buffer("targets", torch.empty(0))
        self._trees: Any = None

    def fit(self, features: Tensor, targets: Tensor) -> None:
        """Grow the trees on a table of views, (n, columns), and targets, (n,)."""
        self.check_table(features)
        check_targets(targets, len(features), self.settings["classes"])
        self.features, self.targets = legible(features), targets.float()
        self._trees = None
        self._grown()

    def _grown(self) -> Any:
        from sklearn.ensemble import (
            HistGradientBoostingClassifier,
            HistGradientBoostingRegressor,
        )

        if self._trees is None:
            self.check_table(self.features)
            if len(self.features) == 0:
                raise MetanetError("this StatNN has not been fitted: call `fit` first")
            check_targets(self.targets, len(self.features), self.settings["classes"])
            settings = self.settings
            kind = (
                HistGradientBoostingClassifier
                if settings["classes"]
                else HistGradientBoostingRegressor
            )
            trees = kind(
                max_iter=settings["trees"],
                learning_rate=settings["learning_rate"],
                max_leaf_nodes=settings["leaves"],
                min_samples_leaf=settings["min_samples_leaf"],
                l2_regularization=settings["l2"],
                max_features=settings["features_per_split"],
                early_stopping=False,
                random_state=settings["seed"],
            )
            self._trees = trees.fit(
                self.features.float().cpu().numpy(), self.targets.float().cpu().numpy()
            )
        return self._trees

    def expect(self, state: Mapping[str, Tensor]) -> None:
        """Make place for the table of a saved state; `MetanetError` if it is not one."""
        super().expect(state)
        features, targets = (state.get(name, torch.empty(())) for name in ("features", "targets"))
        self.check_table(features)
        check_targets(targets, len(features), self.settings["classes"])
        self.features, self.targets = (torch.empty(one.shape) for one in (features, targets))

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        for name in ("features", "targets"):
            stored = state_dict.get(prefix + name)
            if stored is not None:
                setattr(self, name, torch.empty_like(stored))
        self._trees = None
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def forward(self, batch: Batch) -> Tensor:
        """Predict for each network of the batch, (networks, 1), or (networks, classes)."""
        return self.outputs(self.inputs.numbers(batch))

    def outputs(self, features: Tensor) -> Tensor:
        """Predict from a table of views, (networks, 1), or (networks, classes)."""
        self.check_table(features)
        if not self.settings["classes"]:
            return self.predict(features).unsqueeze(1)
        trees = self._grown()
        # A class that no network of the table has is never predicted.
        result = torch.full((len(features), self.settings["classes"]), -torch.inf)
        known = torch.from_numpy(trees.classes_).long()
        found = torch.from_numpy(trees.predict_proba(legible(features).cpu().numpy())).float()
        return result.index_copy(1, known, found.log()).to(features)

    def predict(self, features: Tensor) -> Tensor:
        """Predict from a table of views: numbers, or numbers of classes, (networks,)."""
        self.check_table(features)
        predicted = self._grown().predict(legible(features).cpu().numpy())
        return torch.from_numpy(predicted).to(features)

    def check_table(self, features: Tensor) -> None:
        """Check a table of views."""
        columns = self.inputs.columns
        if (
            not isinstance(features, Tensor)
            or features.ndim != 2
            or features.shape[1] != columns
            or not features.is_floating_point()
        ):
            got = list(features.shape) if isinstance(features, Tensor) else shown(features)
            raise MetanetError(
                f"`features` is {got}, expected numbers (n, {columns}) of the views "
                f"{', '.join(self.inputs.names)}, as `inputs.numbers(batch)` gives"
            )


def legible(features: Tensor) -> Tensor:
    """Give float32 numbers of six digits, in which rounding leaves no trace that trees could read.

    Numbers that are nearly zero are zero, as what is zero up to rounding may be either.
    """
    mantissa, exponent = torch.frexp(bounded(features))
    rounded = torch.ldexp((mantissa * 2**20).round() / 2**20, exponent)
    return torch.where(features.abs() < NOISE, 0, rounded).float()


def check_targets(targets: Tensor, rows: int, classes: int) -> None:
    """Check a target for each row of a table: finite numbers, or numbers of classes."""
    if not isinstance(targets, Tensor) or targets.shape != (rows,) or not rows:
        got = list(targets.shape) if isinstance(targets, Tensor) else shown(targets)
        raise MetanetError(
            f"`targets` is {got}, expected a number for each of the {rows} rows of features, and "
            "at least one row"
        )
    wrong = ~targets.isfinite()
    expected = "finite numbers"
    if classes:
        wrong |= (targets < 0) | (targets >= classes) | (targets != targets.floor())
        expected = f"numbers of classes, 0 to {classes - 1}"
    if wrong.any():
        raise MetanetError(
            f"`targets` has {targets[wrong][0].item():g}, and {int(wrong.sum())} in all that are "
            f"no {expected}"
        )
