"""The values of each block as the page shows them, and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.drawing.values.bins import binned
from graphgen.drawing.values.budget import Plan, plan
from graphgen.drawing.values.packing import Buffer, rounded
from graphgen.drawing.values.statistics import HIGH, Statistics, quantile
from graphgen.drawing.values.tiles import displayed, scalars
from graphgen.template import EdgeBlock, Template

Array = NDArray[Any]


class BlockValues:
    """The values of a network's blocks, put into a buffer one after the other.

    `times` is how many networks share the page. Blocks that carry no tensor have no values.
    """

    def __init__(
        self,
        template: Template,
        buffer: Buffer,
        times: int = 1,
        grains: Mapping[tuple[int, str], int] | None = None,
    ) -> None:
        self.blocks = {
            index: block for index, block in enumerate(template.blocks) if block.tensor is not None
        }
        self.buffer = buffer
        self.plan: Plan = plan(self.blocks, times, grains)
        self.high = np.zeros(HIGH, dtype=np.int64)
        self._known: dict[object, Statistics] = {}

    def shown(self, index: int, array: Array | None, role: str = "own") -> dict[str, Any]:
        """Give a block's values, statistics and histogram; without an array, None each.

        `role` says which of several networks on the page the array belongs to.
        """
        block = self.blocks.get(index)
        if block is None or array is None:
            return {"values": None, "statistics": None, "histogram": None}
        found = self._statistics(block, array, role)
        return {
            "values": self.values(index, block, array),
            "statistics": found.plain(),
            "histogram": found.histogram(),
        }

    def values(self, index: int, block: EdgeBlock, array: Array) -> dict[str, Any]:
        """Put a block's values into the buffer, one by one or in bins."""
        if index in self.plan.exact:
            return {"mode": "exact", "offset": self.buffer.add(displayed(block, array))}
        rows, columns = self.plan.bins[index]
        found = binned(block, array, rows, columns, self.plan.means)
        add = self.buffer.add
        return {
            "mode": "bins",
            "rows": rows.count,
            "columns": columns.count,
            "rms": add(rounded(found.rms)),
            "mean": add(rounded(found.mean)) if self.plan.means else None,
            "row_rms": add(rounded(found.row_rms)),
            "row_rms_count": found.row_rms.size,
            "column_rms": add(rounded(found.column_rms)),
            "column_rms_count": found.column_rms.size,
        }

    def _statistics(self, block: EdgeBlock, array: Array, role: str) -> Statistics:
        """Give what is known of a block's scalars; those of a further use are known already."""
        strides = block.tensor_strides
        key = (role, block.tensor, block.tensor_start, strides, block.shape if strides else None)
        if key not in self._known:
            found = Statistics.of(lambda: scalars(block, array))
            self._known[key] = found
            if role == "own":
                self.high += found.high
            found.high = found.high[:0]
        return self._known[key]

    def scale(self) -> float | None:
        """Give the quantile of the magnitudes of all weights, within 1 %."""
        return quantile(self.high)
