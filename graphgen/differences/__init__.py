"""What differs between two networks: their architectures, their weights, and their names."""

from graphgen.differences.diff import Diff, diff
from graphgen.differences.names import NameMap, name_map

__all__ = ["Diff", "NameMap", "diff", "name_map"]
