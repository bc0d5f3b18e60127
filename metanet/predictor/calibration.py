"""Calibration: how wide an interval has to be, by errors for networks that were held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metanet.errors import MetanetError
from metanet.predictor.anatomy import listed
from metanet.predictor.table import Table

OF_A_GROUP = 60
"""Networks of one input that are enough to calibrate such networks by themselves."""


@dataclass(frozen=True)
class Calibration:
    """Errors of networks in units of what was expected, by forests grown without them.

    Attributes:
        scores: the errors, (n,).
        groups: of which group each network is, (n,).
        names: what the networks of each group read.
    """

    scores: NDArray[np.float32]
    groups: NDArray[np.int32]
    names: tuple[str, ...]

    @classmethod
    def of(cls, table: Table, errors: NDArray[np.float64]) -> Calibration:
        """Take the errors of networks, in groups by what these read."""
        own = [listed(one.inputs) for one in table.anatomies]
        names = tuple(sorted(set(own)))
        groups = np.array([names.index(one) for one in own], dtype=np.int32)
        return cls(errors.astype(np.float32), groups, names)

    def factors(self, table: Table, level: float) -> NDArray[np.float64]:
        """Give of each network how many times the expected error holds a share of all errors."""
        known = {name: k for k, name in enumerate(self.names)}
        own = [known.get(listed(one.inputs), -1) for one in table.anatomies]
        factors = {k: self.factor(k, level) for k in set(own)}
        return np.array([factors[k] for k in own])

    def factor(self, group: int, level: float) -> float:
        """Give it for a group, or for all networks where the group has too few."""
        own = self.scores[self.groups == group]
        scores = np.sort(own if len(own) >= OF_A_GROUP else self.scores)
        place = int(np.ceil((len(scores) + 1) * level))
        return float(scores[min(place, len(scores)) - 1])

    @classmethod
    def restore(cls, names: list[str], arrays: dict[str, NDArray[Any]]) -> Calibration:
        """Take what was kept; `MetanetError` for arrays that are none of networks."""
        scores, groups = (arrays.get(key, np.empty(0)) for key in ("scores", "groups"))
        if scores.ndim != 1 or not len(scores) or scores.shape != groups.shape:
            raise MetanetError("`scores` and `groups` are not those of calibration networks")
        return cls(scores, groups, tuple(names))
