"""The one error class of the package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class GraphError(Exception):
    """A mistake in what was asked of the compiler, or a file that cannot be used.

    The message says what was found, what was expected, where, and what to do.
    """


@contextmanager
def concerning(place: object) -> Iterator[None]:
    """Put a place, such as a file's name, before the message of a `GraphError` raised inside."""
    try:
        yield
    except GraphError as error:
        raise GraphError(f"{place}: {error}") from None
