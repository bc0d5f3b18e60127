"""What an importer refuses: an operator, its shapes, the reason, and what would help."""

from __future__ import annotations

from graphgen.errors import GraphError


class ImportRefusalError(GraphError):
    """A model that cannot be said exactly; no part of it is imported."""


class MixedSamplesError(Exception):
    """Samples of a batch act on each other where an axis is taken for the batch.

    Another axis is tried, or none; the last one's message becomes a refusal.
    """
