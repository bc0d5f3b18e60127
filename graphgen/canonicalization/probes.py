"""Fixed numbers and inputs, the same on every machine: what networks are looked at with."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.symmetry.rows import mix, word
from spec import Architecture

Floats = NDArray[np.float64]


@lru_cache(maxsize=256)
def normal(name: str, count: int) -> Floats:
    """Give numbers of a standard normal distribution that a name stands for (Box, Muller)."""
    radius = np.sqrt(-2 * np.log(uniform(f"{name} radius", count)))
    result: Floats = radius * np.cos(2 * np.pi * uniform(f"{name} angle", count))
    result.flags.writeable = False
    return result


def uniform(name: str, count: int) -> Floats:
    """Give numbers between 0 and 1 that a name stands for."""
    bits = mix(mix(np.arange(count)) ^ np.uint64(word(name)))
    numbers: Floats = ((bits >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    return numbers


@lru_cache(maxsize=1024)
def signs(name: str, count: int) -> Floats:
    """Give numbers 1 and -1 that a name stands for."""
    result: Floats = np.where(uniform(name, count) < 0.5, -1.0, 1.0)
    result.flags.writeable = False
    return result


def probes(net: Architecture, count: int) -> tuple[NDArray[Any], ...]:
    """Give a batch of `count` samples for each input of an architecture."""
    found: list[NDArray[Any]] = []
    for name, shape in net.inputs.items():
        size = count * prod(shape)
        if name in net.index_inputs:
            drawn = np.floor(uniform(name, size) * net.index_inputs[name]).astype(np.int64)
            found.append(drawn.reshape(count, *shape))
        else:
            found.append(normal(name, size).reshape(count, *shape))
    return tuple(found)
