"""Exports to other libraries, one file each; a library is imported only when asked for."""

from graphgen.export.arrow import ArrowTables, to_arrow, write_parquet
from graphgen.export.description import restore_weights
from graphgen.export.dgl import to_dgl
from graphgen.export.dot import to_dot
from graphgen.export.graphml import to_graphml
from graphgen.export.graphs_tuple import GraphsTuple, to_graphs_tuple
from graphgen.export.networkx import to_networkx
from graphgen.export.pandas import to_pandas
from graphgen.export.pyg import to_pyg
from graphgen.export.scipy import SparseGraph, to_scipy

__all__ = [
    "ArrowTables",
    "GraphsTuple",
    "SparseGraph",
    "restore_weights",
    "to_arrow",
    "to_dgl",
    "to_dot",
    "to_graphml",
    "to_graphs_tuple",
    "to_networkx",
    "to_pandas",
    "to_pyg",
    "to_scipy",
    "write_parquet",
]
