"""What is computed of fixed numbers: numbers."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, prod

import numpy as np

from graphgen.evaluate import NUMPY
from graphgen.evaluate.fixed import fixed_numbers
from spec import Operation
from spec.primitives import Fixed, Primitive

MOST_FOLDED = 4096
"""The most numbers that are computed of fixed ones beforehand."""


def folded(primitive: Primitive, sources: Sequence[Operation | None]) -> Fixed | None:
    """Give the numbers that an operation computes of fixed ones; None if it reads others.

    They are written one by one, or once where they are all equal.
    """
    fixed = [source.primitive for source in sources if source is not None]
    known = [one for one in fixed if isinstance(one, Fixed)]
    if len(known) < len(sources) or not (known or isinstance(primitive, Fixed)):
        return None
    shape = primitive.shape(tuple(one.sizes for one in known), ())
    if max(prod(size) for size in (shape, *(one.sizes for one in known))) > MOST_FOLDED:
        return None
    given = [fixed_numbers(one)[None] for one in known] or [np.zeros(1)]
    with np.errstate(all="ignore"):
        items = NUMPY[type(primitive)](primitive, *given).reshape(-1) + 0.0
    if np.isnan(items).any():
        return None
    numbers = tuple(x if isfinite(x) else str(x) for x in items.tolist())
    return Fixed(shape, "numbers", numbers[:1] if len(set(numbers)) == 1 else numbers)
