"""Symmetry: permuted weights compute the same function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.errors import GraphError, described, instance, whole
from graphgen.evaluate import evaluate
from graphgen.sources import Net
from graphgen.symmetry import Symmetries, symmetries
from graphgen.testing.tolerance import relative_error, tolerance

Arrays = NDArray[Any] | Sequence[NDArray[Any]]


def assert_symmetric(
    net: Net,
    weights: Mapping[str, NDArray[Any]],
    x: Arrays,
    rng: np.random.Generator,
    count: int = 5,
    group: Symmetries | None = None,
) -> float:
    """Check that the symmetries of an architecture leave its function as it is.

        assert_symmetric(net, random_weights(net, rng), x, rng)

    Applies all generators and `count` random elements of `group` (by default the derived one) to
    the weights and evaluates at `x`: a batch, or one for each input. Returns the largest relative
    error, in the Euclidean norm of all outputs.
    """
    __tracebackhide__ = True
    group = symmetries(net) if group is None else instance(group, Symmetries, "group")
    count = whole(count, "count")
    if not isinstance(x, (np.ndarray, list, tuple)):
        raise GraphError(f"`x` is {described(x)}; expected an array, or one for each input")
    inputs = (x,) if isinstance(x, np.ndarray) else tuple(x)
    expected = outputs(net, weights, inputs)
    limit = tolerance(expected.dtype)
    largest = 0.0
    for element in chain(group.generators(), (group.sample(rng) for _ in range(count))):
        error = relative_error(outputs(net, element.apply(weights), inputs), expected)
        if not error <= limit:
            moved = np.flatnonzero(element.nodes != np.arange(len(element.nodes)))
            raise AssertionError(
                f"a symmetry that moves the nodes {moved[:20].tolist()} changes the outputs by "
                f"{error:.3g} of their norm, more than {limit:g}"
            )
        largest = max(largest, error)
    return largest


def outputs(
    net: Net, weights: Mapping[str, NDArray[Any]], inputs: Sequence[NDArray[Any]]
) -> NDArray[Any]:
    """Evaluate a network and concatenate all outputs."""
    results = evaluate(net, weights, *inputs)
    every = results if isinstance(results, tuple) else (results,)
    return np.concatenate([result.reshape(-1) for result in every])
