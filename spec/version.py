"""The version of this installation."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=1)
def installed_version() -> str:
    """Give the version of the distribution `graph-metanetworks`; `unknown` where none is."""
    from importlib.metadata import PackageNotFoundError, version  # slow, and rarely asked for

    try:
        return version("graph-metanetworks")
    except PackageNotFoundError:
        return "unknown"
