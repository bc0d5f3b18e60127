"""The symmetries of architectures, derived from their graphs."""

from graphgen.symmetry.group import Symmetries, symmetries
from graphgen.symmetry.permutation import Permutation
from graphgen.symmetry.scalings import Scalings, scalings

__all__ = ["Permutation", "Scalings", "Symmetries", "scalings", "symmetries"]
