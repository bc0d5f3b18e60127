"""The one error class of the package."""

from __future__ import annotations


class MetanetError(Exception):
    """A mistake in how a metanet was asked for or fed; says what was got and what to do."""


def check_at_least(least: int, **chosen: int) -> None:
    """Check a model's numbers of things, by their names."""
    for name, value in chosen.items():
        if value < least:
            raise MetanetError(f"`{name}` is {value}, expected at least {least}")
