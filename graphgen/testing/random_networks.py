"""Random weights and inputs of an architecture."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from graphgen.dtypes import is_inexact
from graphgen.errors import GraphError, described, instance, whole
from graphgen.sources import Net, architecture_from

GENERATOR = "numpy.random.default_rng(0)"


def random_weights(
    net: Net, rng: np.random.Generator, dtype: DTypeLike = np.float64
) -> dict[str, NDArray[Any]]:
    """Draw weights with nothing special in them: no zeros, no ones, no equal values.

        weights = random_weights(net, np.random.default_rng(0))

    Weights keep the scale that PyTorch's layers begin with; scales lie around 1, shifts and running
    means around 0, running variances are positive, and counters have counted.
    """
    net = architecture_from(net)
    instance(rng, np.random.Generator, "rng", GENERATOR)
    dtype = floating(dtype)
    weights: dict[str, NDArray[Any]] = {}
    for tensor in net.tensors.values():
        kind, value = tensor.initial
        normal = rng.standard_normal(tensor.shape)
        if not tensor.dtype.startswith("float"):
            weights[tensor.name] = rng.integers(1, 100, tensor.shape).astype(tensor.dtype)
            continue
        if kind == "uniform":
            drawn = 1.5 * value * normal
        elif kind == "normal":
            drawn = value * normal
        elif tensor.trainable:
            drawn = value + 0.4 * normal
        elif value:
            drawn = value * np.exp(0.5 * normal)
        else:
            drawn = 0.4 * normal
        weights[tensor.name] = np.asarray(drawn).astype(dtype)
    return weights


def random_inputs(
    net: Net, rng: np.random.Generator, count: int = 3, dtype: DTypeLike = np.float64
) -> tuple[NDArray[Any], ...]:
    """Draw a batch of `count` samples for each input of an architecture."""
    net = architecture_from(net)
    instance(rng, np.random.Generator, "rng", GENERATOR)
    count, dtype = whole(count, "count"), floating(dtype)
    inputs = []
    for name, shape in net.inputs.items():
        if name in net.index_inputs:
            inputs.append(rng.integers(net.index_inputs[name], size=(count, *shape)))
        else:
            drawn = rng.standard_normal((count, prod(shape))).reshape(count, *shape)
            inputs.append(drawn.astype(dtype))
    return tuple(inputs)


def floating(dtype: DTypeLike) -> np.dtype[Any]:
    """Give a floating-point dtype; `GraphError` if it is none."""
    try:
        found = np.dtype(dtype)
    except (TypeError, ValueError):
        found = np.dtype(object)
    if dtype is None or not is_inexact(found):
        raise GraphError(f"`dtype` is {described(dtype)}; expected a floating-point dtype")
    return found
