"""Nearest neighbours in decoded space: how diverse samples are, and whether they are copies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import PipelineError

Rows = NDArray[np.float32]
Floats = NDArray[np.float64]
AT_ONCE = 256


def nearest(rows: Rows, others: Rows, count: int = 1) -> tuple[Floats, NDArray[np.int64]]:
    """Find the nearest of others (M, d) to each of rows (N, d): distances and places, (N, count).

    Distances are root mean squares of differences, nearest first; that of a copy is exactly 0.
    """
    if len(others) < count:
        raise PipelineError(
            f"expected {count} neighbours or more to choose from, got {len(others)}"
        )
    squares = np.square(others).sum(1)
    distances, places = np.empty((len(rows), count)), np.empty((len(rows), count), np.int64)
    for i in range(0, len(rows), AT_ONCE):
        own = rows[i : i + AT_ONCE]
        rough = squares - 2 * own @ others.T
        found = np.argsort(rough, axis=1, kind="stable")[:, :count]
        exact = np.empty(found.shape)
        for column, chosen in enumerate(found.T):
            exact[:, column] = np.square(own - others[chosen], dtype=np.float64).mean(1)
        order = np.argsort(exact, axis=1, kind="stable")
        distances[i : i + AT_ONCE] = np.sqrt(np.take_along_axis(exact, order, 1))
        places[i : i + AT_ONCE] = np.take_along_axis(found, order, 1)
    return distances, places


def diversity(rows: Rows) -> float:
    """Give the mean distance of each row to the nearest other row; 0 if all have a double."""
    itself_and_next, _ = nearest(rows, rows, 2)
    return float(itself_and_next[:, 1].mean())


def copies(distances: Floats, threshold: float) -> float:
    """Give the share of samples nearer to a training network than the threshold."""
    return float((distances < threshold).mean())


def agreement(
    rows: Rows, wanted: NDArray[np.int64], train: Rows, classes: NDArray[np.int64]
) -> float:
    """Give the share of rows whose five nearest training networks are mostly of the wanted class.

    A tie goes to the class whose number is least.
    """
    _, places = nearest(rows, train, min(5, len(train)))
    votes = [np.bincount(own, minlength=int(classes.max()) + 1).argmax() for own in classes[places]]
    return float((np.array(votes) == wanted).mean())
