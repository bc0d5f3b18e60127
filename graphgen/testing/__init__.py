"""Assertions about graphs and symmetries, for users' own layers as much as for ours.

Each raises `AssertionError` with the measured number, and returns that number where it holds.
"""

from graphgen.testing.random_networks import random_inputs, random_weights
from graphgen.testing.round_trip import assert_round_trip
from graphgen.testing.same_function import assert_same_function
from graphgen.testing.separation import assert_separates, colours
from graphgen.testing.symmetric import assert_symmetric
from graphgen.testing.tolerance import TOLERANCE, relative_error, tolerance

__all__ = [
    "TOLERANCE",
    "assert_round_trip",
    "assert_same_function",
    "assert_separates",
    "assert_symmetric",
    "colours",
    "random_inputs",
    "random_weights",
    "relative_error",
    "tolerance",
]
