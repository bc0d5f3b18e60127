"""Measures against networks held out: are samples told from them, and do they cover them?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import PipelineError
from pipelines.generation.frechet import Features
from pipelines.generation.neighbours import Floats, Rows, nearest

NEIGHBOURS, TREES = 5, 50


def told_apart(samples: Rows, target: Rows, features: Features) -> float:
    """Give the accuracy of a classifier that tells unseen samples from networks held out.

        told_apart(samples, held_out, Features.fit(train, 32))     # 0.5: not at all, 1: always

    A classifier two-sample test (Lopez-Paz & Oquab, ICLR 2017): extremely randomised trees on
    principal components and on the distance from the space that they span; each half of both sets
    is judged by trees that were grown on the other. Both sets count alike, whatever their sizes.
    """
    from sklearn.ensemble import ExtraTreesClassifier

    enough(samples, target, 2)
    rows = np.concatenate([described(samples, features), described(target, features)])
    which = np.repeat([0, 1], [len(samples), len(target)])
    rng = np.random.default_rng(0)
    half = np.concatenate([rng.permutation(len(own)) % 2 for own in (samples, target)])
    right = np.empty(len(rows))
    for judged in (half == 0, half == 1):
        trees = ExtraTreesClassifier(
            TREES, min_samples_leaf=2, class_weight="balanced", random_state=0
        ).fit(rows[~judged], which[~judged])
        right[judged] = trees.predict(rows[judged]) == which[judged]
    return float(np.mean([right[which == kind].mean() for kind in (0, 1)]))


def described(rows: Rows, features: Features) -> Floats:
    """Give coordinates along principal components, and the root mean square of what is left."""
    found = features(rows)
    left = rows - features.mean - found @ features.axes
    return np.column_stack([found, np.sqrt(np.square(left).mean(1))])


def nearest_is_alike(samples: Rows, target: Rows) -> float:
    """Give the share of samples and networks held out whose nearest other one is of their set.

    The accuracy of leave-one-out classification by one nearest neighbour (Lopez-Paz & Oquab, ICLR
    2017; 1-NNA of Yang et al., ICCV 2019): 0.5 where the sets are alike, 1 where they lie apart,
    and less than 0.5 where samples are copies of `target`. Each set counts as much as the other.
    """
    enough(samples, target, 2)
    shares = []
    for own, others in ((samples, target), (target, samples)):
        to_own = nearest(own, own, 2)[0][:, 1]
        to_others = nearest(own, others)[0][:, 0]
        shares.append((to_own < to_others).mean())
    return float(np.mean(shares))


def density_and_coverage(samples: Rows, target: Rows) -> tuple[float, float]:
    """Give density and coverage of samples (Naeem et al., ICML 2020), of five neighbours.

    Around each network held out lies a ball that reaches its fifth nearest other one. Density is
    how many of these balls a sample is in, over five: about 1 where samples lie as densely as
    what they are compared with, 0 where they lie elsewhere. Coverage is the share of balls that
    hold a sample.
    """
    count = min(NEIGHBOURS, len(target) - 1)
    enough(samples, target, 2)
    radii = nearest(target, target, count + 1)[0][:, count]
    inside = within(samples, target, radii)
    return float(inside.sum(1).mean() / count), float(inside.any(0).mean())


def within(rows: Rows, centres: Rows, radii: Floats) -> NDArray[np.bool_]:
    """Say which rows lie in which ball, (rows, centres): distances are root mean squares."""
    first, second = rows.astype(np.float64), centres.astype(np.float64)
    squares = np.square(first).sum(1)[:, None] + np.square(second).sum(1) - 2 * first @ second.T
    result: NDArray[np.bool_] = squares / rows.shape[1] <= np.square(radii) * (1 + 1e-9)
    return result


def enough(samples: Rows, target: Rows, least: int) -> None:
    """Raise `PipelineError` for sets that are too small to be compared."""
    if min(len(samples), len(target)) < least:
        raise PipelineError(
            f"{len(samples)} samples and {len(target)} networks held out are too few to be "
            f"compared; at least {least} of each are needed"
        )
