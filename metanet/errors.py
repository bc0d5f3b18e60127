"""The one error class of the package."""

from __future__ import annotations


class MetanetError(Exception):
    """A mistake in how a metanet was asked for or fed; says what was got and what to do."""
