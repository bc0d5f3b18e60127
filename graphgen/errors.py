"""The one error class of the package."""

from __future__ import annotations


class GraphError(Exception):
    """A mistake in what was asked of the compiler, or a file that cannot be used.

    The message says what was found, what was expected, where, and what to do.
    """
