"""Forests: boosted trees as arrays, which answer without the library that grew them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metanet.errors import MetanetError

LEAF = -1
TOGETHER = 256


@dataclass(frozen=True)
class Forest:
    """Trees whose values are summed: nodes of all trees, one after the other.

        forest = Forest.grow(features, targets, trees=100, leaves=8, seed=0)
        forest.predict(features)                 # (n,)

    Attributes:
        base: what all predictions begin from, (1,).
        roots: the root of each tree, (trees,).
        column: the column that a node asks of, -1 of a leaf, (nodes,).
        most: a number up to it goes to the left, (nodes,).
        left, right: where a node leads, (nodes,).
        value: what a leaf adds, (nodes,).
    """

    base: NDArray[np.float64]
    roots: NDArray[np.int32]
    column: NDArray[np.int16]
    most: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float32]

    @classmethod
    def grow(
        cls,
        features: NDArray[np.float32],
        targets: NDArray[np.float64],
        *,
        trees: int,
        leaves: int,
        seed: int,
        learning_rate: float = 0.1,
    ) -> Forest:
        """Grow trees by scikit-learn on a table, (n, columns), and targets, (n,)."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        grown = HistGradientBoostingRegressor(
            max_iter=trees,
            max_leaf_nodes=leaves,
            learning_rate=learning_rate,
            min_samples_leaf=min(10, max(1, len(features) // 20)),
            max_features=0.3,
            max_bins=63,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=seed,
        ).fit(features, targets)
        forest = cls.of(grown)
        some = features[:TOGETHER]
        # How scikit-learn keeps its trees is its own affair, so what was read of them is compared.
        if not np.allclose(forest.predict(some), grown.predict(some), rtol=1e-4, atol=1e-5):
            raise MetanetError(
                "the trees of this version of scikit-learn are kept in a way that is not known "
                "here; install one that `constraints.txt` names"
            )
        return forest

    @classmethod
    def of(cls, grown: Any) -> Forest:
        """Read the trees of a fitted `HistGradientBoostingRegressor`."""
        trees = [one.nodes for (one,) in grown._predictors]
        starts = np.cumsum([0, *(len(nodes) for nodes in trees)])[:-1]
        nodes = np.concatenate(trees)
        shift = np.repeat(starts, [len(one) for one in trees])
        leaf = nodes["is_leaf"].astype(bool)
        return cls(
            base=np.array([float(np.ravel(grown._baseline_prediction)[0])]),
            roots=starts.astype(np.int32),
            column=np.where(leaf, LEAF, nodes["feature_idx"]).astype(np.int16),
            most=np.where(leaf, 0.0, nodes["num_threshold"]),
            left=np.where(leaf, 0, nodes["left"] + shift).astype(np.int32),
            right=np.where(leaf, 0, nodes["right"] + shift).astype(np.int32),
            value=np.where(leaf, nodes["value"], 0.0).astype(np.float32),
        )

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Predict for each row of a table, (n,)."""
        if not len(features):
            return np.empty(0)
        pieces = range(0, len(features), TOGETHER)
        few = [self._few(features[i : i + TOGETHER].astype(np.float64)) for i in pieces]
        return np.concatenate(few)

    def _few(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        node = np.broadcast_to(self.roots, (len(features), len(self.roots)))
        rows = np.arange(len(features))[:, None]
        while (inner := (column := self.column[node]) != LEAF).any():
            low = features[rows, column] <= self.most[node]
            node = np.where(inner, np.where(low, self.left[node], self.right[node]), node)
        total: NDArray[np.float64] = self.base + self.value[node].sum(1, dtype=np.float64)
        return total

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays by their names."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], columns: int) -> Forest:
        """Take what `arrays` gave; `MetanetError` for other things, as trees with circles."""
        names = [one.name for one in fields(cls)]
        if missing := [name for name in names if name not in arrays]:
            raise MetanetError(f"a forest without {', '.join(missing)}")
        forest = cls(**{name: arrays[name] for name in names})
        forest.check(columns)
        return forest

    def check(self, columns: int) -> None:
        """Raise `MetanetError` unless each path leads onwards, to a leaf."""
        count, inner = len(self.column), self.column != LEAF
        own = np.arange(count)[inner]
        sound = all(len(one) == count for one in (self.most, self.left, self.right, self.value))
        sound = sound and bool(((self.column >= LEAF) & (self.column < columns)).all())
        sound = sound and bool(((self.roots >= 0) & (self.roots < count)).all())
        for branch in (self.left, self.right) if sound else ():
            sound &= bool(((branch[inner] > own) & (branch[inner] < count)).all())
        numbers = (self.base, self.most, self.value)
        if not sound or len(self.base) != 1 or not all(np.isfinite(one).all() for one in numbers):
            raise MetanetError("a forest whose nodes are no trees; fetch or make the model again")
