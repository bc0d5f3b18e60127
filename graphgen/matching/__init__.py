"""Weight matching: one network aligned with another of its architecture."""

from graphgen.matching.matching import Match, match

__all__ = ["Match", "match"]
