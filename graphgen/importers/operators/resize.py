"""Space made larger or smaller by interpolation, and any linear map along an axis by constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.operators.taking import index_select
from graphgen.importers.traced import Constant, Traced
from graphgen.importers.tracer import Tracer

LETTERS = "bcdefghijklmnopq"


def upsample(t: Tracer, x: Traced, space: Sequence[int], fields: Mapping[str, Any]) -> Traced:
    """Apply the layer `upsample` to `[N, channels, *space]`, whose new space is given."""
    value = t.value(x)
    if value.batch is None or value.batch.axis != 0 or value.batch.items != 1:
        t.refuse(f"the samples are along another axis than the first of {list(value.shape)}")
    return t.layer("upsample", [value], (*value.shape[:2], *space), value.batch, fields)


def along(t: Tracer, x: Traced, dim: int, matrix: NDArray[Any]) -> Traced:
    """Apply a constant matrix `[new, old]` along an axis; where it only chooses, take items."""
    dim = dim % len(x.shape)
    if matrix.shape[0] == matrix.shape[1] and (matrix == np.eye(len(matrix))).all():
        return x
    if ((matrix == 0) | (matrix == 1)).all() and (matrix.sum(1) == 1).all():
        return index_select(t, x, dim, matrix.argmax(1))
    value = t.value(x)
    axis = t.axis(value, dim) - 1
    letters = LETTERS[: len(value.sample_shape)]
    new = f"{letters[:axis]}A{letters[axis + 1 :]}"
    fields = {"equation": f"Z{letters},ZA{letters[axis]}->Z{new}"}
    shape = (*value.shape[:dim], len(matrix), *value.shape[dim + 1 :])
    return t.layer("einsum", [value, t.value(Constant(matrix))], shape, value.batch, fields)
