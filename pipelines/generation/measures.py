"""What is measured of one set of samples, against training networks and networks held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.generation.decoded import limited
from pipelines.generation.frechet import Features, Floats, frechet_distance
from pipelines.generation.held_out import density_and_coverage, nearest_is_alike, told_apart
from pipelines.generation.neighbours import agreement, copies, diversity, nearest
from pipelines.generation.population import Rows
from pipelines.generation.shapes import mean_iou, shape_measures

COMPONENTS, COPIES = 32, 0.05
FLOOR, COPIED = "held_out", "training_networks"
"""The names of two systems that are measured beside what was drawn."""


@dataclass(frozen=True)
class Yardstick:
    """What samples are measured against: real networks, as what they compute on a grid.

        yardstick = Yardstick("images", (28, 28), train, target, floor)
        yardstick.measure(samples)

    Args:
        signals: `curves`, `images` or `solids`.
        sizes: of the grid.
        train: what the training networks compute, (N, d).
        target: what one half of the networks held out compute; distances are to these.
        floor: what the other half compute: how near samples could come that are as good as real.
        classes: of the training networks, (N,), -1 where there is none; or None.
        components: of the features.
        copies: the share of real networks held out that count as copies of training networks.
        most: of how many samples of a set the measures are; by default as many as the floor has.
    """

    signals: str
    sizes: Sequence[int]
    train: Rows
    target: Rows
    floor: Rows
    classes: NDArray[np.int64] | None = None
    components: int = COMPONENTS
    copies: float = COPIES
    most: int | None = None

    @property
    def count(self) -> int:
        """The number of samples that are measured, if there are as many."""
        return len(self.floor) if self.most is None else self.most

    @cached_property
    def seen(self) -> Rows:
        """The training networks, limited to what matters."""
        return limited(self.train, self.signals)

    @cached_property
    def features(self) -> Features:
        """Features, of the training networks."""
        return Features.fit(self.seen, self.components)

    @cached_property
    def target_features(self) -> Floats:
        """The features of the target."""
        return self.features(limited(self.target, self.signals))

    @cached_property
    def threshold(self) -> float:
        """The distance to the training networks below which a sample is a copy."""
        held_out = limited(np.concatenate([self.target, self.floor]), self.signals)
        return float(np.quantile(nearest(held_out, self.seen)[0], self.copies))

    def measure(self, samples: Rows, wanted: NDArray[np.int64] | None = None) -> dict[str, float]:
        """Measure what samples compute, (n, d); the first `count` of them, if there are more.

        - `frechet`: the Fréchet distance of their features to the target's.
        - `told_apart`, `nearest_alike`: how well a classifier, and one nearest neighbour, tell
          them from the target; 0.5 is best.
        - `density`, `coverage`: how much they lie where the target does, and how much of it.
        - `diversity`: the mean distance of a sample to the nearest other sample.
        - `nearest_train`: the mean distance of a sample to the nearest training network.
        - `copies`: the share of samples nearer to one than the threshold.
        - `class_agreement`: the share that look like the class `wanted` of them, if one is.
        - of solids also `nonempty`, `closed`, `one_piece`, and `iou`, with the nearest one.
        """
        samples = samples[: self.count]
        shown = limited(samples, self.signals)
        distances, places = nearest(shown, self.seen)
        target = limited(self.target, self.signals)
        density, coverage = density_and_coverage(shown, target)
        result = {
            "frechet": frechet_distance(self.features(shown), self.target_features),
            "told_apart": told_apart(shown, target, self.features),
            "nearest_alike": nearest_is_alike(shown, target),
            "density": density,
            "coverage": coverage,
            "diversity": diversity(shown),
            "nearest_train": float(distances.mean()),
            "copies": copies(distances, self.threshold),
        }
        if wanted is not None and self.classes is not None:
            own = wanted[: len(samples)]
            result["class_agreement"] = agreement(shown, own, self.seen, self.classes)
        if self.signals == "solids":
            result |= shape_measures(samples, self.sizes)
            result["iou"] = mean_iou(samples, self.train[places[:, 0]])
        return result


def summarise(rows: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Give mean and deviation of each measure over the seeds of a model, and each seed's own."""
    return {
        name: {
            "mean": float(np.mean([row[name] for row in rows])),
            "std": float(np.std([row[name] for row in rows])),
            "seeds": [row[name] for row in rows],
        }
        for name in rows[0]
        if all(name in row for row in rows)
    }
