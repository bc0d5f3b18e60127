"""The view `statistics`: moments and quantiles of tensors, by role and place."""

from __future__ import annotations

from torch import Tensor

from metanet.batch import Part
from metanet.views.numbers import finite
from metanet.views.view import NETWORK, View, part_of
from metanet.views.weight_statistics import COLUMNS, part_statistics


class Statistics(View):
    """Mean, variance and quantiles of weights, as Unterthiner et al. (2020) have them.

    Statistics().compute(batch.parts[0])     # (networks, 108)
    """

    name = "statistics"
    level = NETWORK
    columns = COLUMNS

    def compute(self, part: Part) -> Tensor:
        return finite(part_statistics(part_of(part)))
