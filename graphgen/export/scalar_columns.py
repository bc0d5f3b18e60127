"""Columns of scalars, for formats whose attributes are plain numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphgen.columns import edge_columns, node_columns
from graphgen.graph import Graph
from graphgen.template import Template

Row = dict[str, Any]


def node_rows(template: Template) -> Iterator[Row]:
    """Give the attributes of each node, in order: `node_kind`, `node_group`, `node_depth`."""
    return rows({name: column.tolist() for name, column in node_columns(template).items()})


def edge_rows(graph: Graph) -> Iterator[tuple[int, int, Row]]:
    """Give source, target and attributes of each edge, in order; `value` keeps its dtype.

        for source, target, row in edge_rows(graph):
            row["value"], row["edge_kind"], row["edge_position_0"]

    The axes of `edge_position` are columns of their own.
    """
    columns: dict[str, list[Any]] = {"value": list(graph.edge_values())}
    for name, column in edge_columns(graph.template).items():
        if column.ndim == 1:
            columns[name] = column.tolist()
        else:
            for axis, part in enumerate(column.T):
                columns[f"{name}_{axis}"] = part.tolist()
    sources, targets = graph.edge_index().tolist()
    return zip(sources, targets, rows(columns), strict=True)


def rows(columns: dict[str, list[Any]]) -> Iterator[Row]:
    """Turn columns into rows."""
    names = list(columns)
    return (dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True))
