"""The backends: two ways to move states between nodes and edges, with the same results."""

from __future__ import annotations

from metanet.backends.backend import Backend
from metanet.errors import MetanetError


def make_backend(name: str) -> Backend:
    """Give the backend of this name: `block` (default of all models) or `pyg`."""
    if name == "block":
        from metanet.backends.block import BlockBackend

        return BlockBackend()
    if name == "pyg":
        from metanet.backends.pyg import PygBackend

        return PygBackend()
    raise MetanetError(f"unknown backend {name!r}; known: block, pyg")


__all__ = ["Backend", "make_backend"]
