"""The permutation symmetries of architectures, derived from their graphs."""

from graphgen.symmetry.group import Symmetries, symmetries
from graphgen.symmetry.matching import match
from graphgen.symmetry.permutation import Permutation

__all__ = ["Permutation", "Symmetries", "match", "symmetries"]
