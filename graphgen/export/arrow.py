"""Export to tables of Apache Arrow, and to Parquet files."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from graphgen.errors import GraphError
from graphgen.export.description import describe
from graphgen.export.library import EXPORT, library
from graphgen.export.tables import scalar_tables
from graphgen.export.values import graph_from
from graphgen.files import atomic_path, claim_file
from graphgen.graph import Graph
from graphgen.sources import output_path

if TYPE_CHECKING:
    from pyarrow import Table


class ArrowTables(NamedTuple):
    """A graph as two tables: a row for each node, a row for each edge."""

    nodes: Table
    edges: Table


def to_arrow(graph: Graph) -> ArrowTables:
    """Give two `pyarrow.Table`s, whose rows are in the graph's order.

        nodes, edges = graphgen.export.to_arrow(graph)
        nodes.column_names      # node_kind, node_group, and those of graphgen.features
        edges.column_names      # source, target, value, edge_kind, edge_block, edge_parameter, ...
        edges.schema.metadata[b"description"]   # JSON, with the words behind the kinds

    Weights in bfloat16 or 8 bits, which Arrow does not have, become float32.
    """
    graph = graph_from(graph)
    pyarrow = library("pyarrow", EXPORT)
    metadata = {"description": describe(graph)}
    return ArrowTables(
        *(
            pyarrow.table(
                {name: pyarrow.array(column) for name, column in table.items()}
            ).replace_schema_metadata(metadata)
            for table in scalar_tables(graph)
        )
    )


def write_parquet(graph: Graph, folder: str | Path, replace: bool = False) -> None:
    """Write the tables of `to_arrow` to `nodes.parquet` and `edges.parquet` in a folder.

        graphgen.export.write_parquet(graph, "net", replace=True)
        pyarrow.parquet.read_table("net/edges.parquet").schema.metadata[b"description"]

    Files that are there are only written over if `replace` is true.
    """
    parquet = library("pyarrow.parquet", EXPORT)
    folder = output_path(folder, "folder")
    tables = to_arrow(graph)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GraphError(
            f"{folder}: cannot be made a folder ({error.strerror}); name another"
        ) from error
    paths = {name: folder / f"{name}.parquet" for name in tables._fields}
    for path in paths.values():
        claim_file(path, replace)
    with ExitStack() as stack:  # both are written before either takes its place
        for name, table in tables._asdict().items():
            parquet.write_table(table, stack.enter_context(atomic_path(paths[name])))
