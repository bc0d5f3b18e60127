"""Remarks: what is seen of a network beside its accuracy."""

from __future__ import annotations

import numpy as np

from metanet.predictor.table import Table, columns
from metanet.views.weight_statistics import PLACES

UNTRAINED = (
    "no weight lies beyond where PyTorch's initialisation draws it: next to nothing was learned"
)
LEAST = float(np.log(0.3))
"""Weights that are much smaller than at their beginning, as after much decay, were trained."""


def remarks(table: Table) -> list[tuple[str, ...]]:
    """Say which networks look as if they had not been trained."""
    names = columns()
    beyond = [names.index(f"initialisation: weight_{place}_beyond") for place in PLACES]
    size = names.index("initialisation: weight_first_log_root_mean_square")
    return [
        (UNTRAINED,) if (row[beyond] == 0).all() and row[size] > LEAST else ()
        for row in table.numbers
    ]
