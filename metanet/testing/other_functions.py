"""Ways to make another function of a network, which a metanet has to tell from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec import Architecture

Arrays = dict[str, NDArray[Any]]
Floats = NDArray[np.float64]
MOST_TENSORS = 24

Way = Callable[[Architecture, Arrays, np.random.Generator], Iterator[tuple[str, Arrays]]]


def chosen(net: Architecture, rng: np.random.Generator) -> list[str]:
    """Choose some trainable tensors of several numbers."""
    names = [name for name, shape in net.parameters.items() if int(np.prod(shape)) > 1]
    if len(names) <= MOST_TENSORS:
        return names
    return [names[k] for k in sorted(rng.choice(len(names), MOST_TENSORS, replace=False))]


def shuffled(
    net: Architecture, weights: Arrays, rng: np.random.Generator
) -> Iterator[tuple[str, Arrays]]:
    """Shuffle the entries of one tensor."""
    for name in chosen(net, rng):
        array = rng.permutation(weights[name].reshape(-1)).reshape(weights[name].shape)
        yield name, {**weights, name: array}


def permuted(
    net: Architecture, weights: Arrays, rng: np.random.Generator
) -> Iterator[tuple[str, Arrays]]:
    """Permute one axis of one tensor, and no other."""
    for name in chosen(net, rng):
        for axis, size in enumerate(weights[name].shape):
            if size > 1:
                moved = np.take(weights[name], rng.permutation(size), axis=axis)
                yield f"axis {axis} of {name}", {**weights, name: moved}


def exchanged(
    net: Architecture, weights: Arrays, rng: np.random.Generator
) -> Iterator[tuple[str, Arrays]]:
    """Exchange two tensors of one shape."""
    names = chosen(net, rng)
    for i, one in enumerate(names):
        other = next((n for n in names[i + 1 :] if weights[n].shape == weights[one].shape), None)
        if other is not None:
            yield f"{one} and {other}", {**weights, one: weights[other], other: weights[one]}


WAYS: dict[str, Way] = {
    "entries of a tensor shuffled": shuffled,
    "an axis of one tensor permuted": permuted,
    "two tensors of one shape exchanged": exchanged,
}
