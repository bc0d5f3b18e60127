"""Lowering: from an architecture's primitives to node groups and edge blocks.

Each kind of graph has a folder, in which each primitive has a file.
"""

from graphgen.lower.computation import COMPUTATION_GRAPH, computation_template
from graphgen.lower.parameter import PARAMETER_GRAPH, parameter_template

__all__ = [
    "COMPUTATION_GRAPH",
    "PARAMETER_GRAPH",
    "computation_template",
    "parameter_template",
]
