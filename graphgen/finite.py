"""Numbers that are none: NaN and infinity in weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.dtypes import in_numpy, is_inexact
from graphgen.errors import GraphError


def check_finite(weights: Mapping[str, NDArray[Any]]) -> None:
    """Raise `GraphError` that names every tensor with a value that is not finite."""
    wrong = []
    for name, array in weights.items():
        if not is_inexact(array.dtype):
            continue
        finite = np.isfinite(array if in_numpy(array.dtype) else array.astype(np.float32))
        if not finite.all():
            bad = array.size - int(finite.sum())
            first = [int(i) for i in np.argwhere(~finite)[0]] if array.shape else []
            wrong.append(f"  {name}: {bad} values are NaN or infinite, the first at {first}")
    if wrong:
        raise GraphError("weights must be finite numbers:\n" + "\n".join(wrong))
