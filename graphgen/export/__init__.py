"""Exports to other libraries, one file each; a library is imported only when asked for."""

from graphgen.export.pyg import to_pyg

__all__ = ["to_pyg"]
