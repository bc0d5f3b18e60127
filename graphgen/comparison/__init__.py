"""Comparison: does a description compute what somebody's network computes, and if not, where?"""

from graphgen.comparison.inputs import given_inputs
from graphgen.comparison.outputs import LIMITS, Difference, compare, named_outputs, table
from graphgen.comparison.reference import Reference, refer
from graphgen.comparison.variants import causes
from graphgen.comparison.wide import Wide

__all__ = [
    "LIMITS",
    "Difference",
    "Reference",
    "Wide",
    "causes",
    "compare",
    "given_inputs",
    "named_outputs",
    "refer",
    "table",
]
