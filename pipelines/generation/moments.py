"""Moments that were written to a file: whether they are those of some networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metanet import Moments
from pipelines.errors import PipelineError
from pipelines.generation.population import size_of
from spec import Architecture

POSITIVE = ("deviation", "variances")


def checked_moments(arrays: Mapping[str, NDArray[Any]], net: Architecture, path: Path) -> Moments:
    """Make moments of arrays that were read from a file.

    Raises `PipelineError` for arrays that are missing, of other shapes or dtypes than those of the
    moments of `net`, or of values that they cannot have.
    """
    names = [field.name for field in fields(Moments)]
    if missing := [name for name in names if name not in arrays]:
        raise PipelineError(f"{path}: {', '.join(missing)}: missing; run `gmn flow` again")
    size, count = size_of(net), int(arrays["variances"].size)
    shapes = {"directions": (count, size), "variances": (count,)}
    for name in names:
        array, shape = arrays[name], shapes.get(name, (size,))
        if array.shape != shape or array.dtype != np.float32:
            raise PipelineError(
                f"{path}: {name} is {array.dtype} {list(array.shape)}, expected float32 "
                f"{list(shape)}; run `gmn flow` again"
            )
        if not np.isfinite(array).all() or (name in POSITIVE and (array <= 0).any()):
            raise PipelineError(f"{path}: {name}: got numbers that no moments have")
    return Moments(**{name: arrays[name] for name in names})
