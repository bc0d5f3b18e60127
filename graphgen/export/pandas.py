"""Records as a table of pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphgen.errors import GraphError, described
from graphgen.export.library import library
from graphgen.graph_set_records import flat

if TYPE_CHECKING:
    from pandas import DataFrame


def to_pandas(records: Sequence[Mapping[str, Any]]) -> DataFrame:
    """Give records as a `pandas.DataFrame`; what is nested has a column for each name, with dots.

        graphgen.export.to_pandas(graph_set.records)

    Raises `GraphError` for what are no records, and where pandas is not installed.
    """
    if not isinstance(records, Sequence) or not all(isinstance(one, Mapping) for one in records):
        raise GraphError(
            f"`records` is {described(records)}; expected a list of mappings, as a graph set's "
            "`records`"
        )
    pandas = library("pandas", "pip install pandas")
    frame: DataFrame = pandas.DataFrame([flat(record) for record in records])
    return frame
