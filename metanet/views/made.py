"""Views that are made from networks, or of another view that is."""

from __future__ import annotations

from typing import Any

from metanet.views.view import View


def is_made(kind: type[View]) -> bool:
    """Say whether views of a class are made from networks, and so have a state."""
    return hasattr(kind, "from_state")


def source_of(kind: type[View]) -> type[View]:
    """Give the class whose `make` takes networks: the class itself, or its `source`."""
    source: type[View] = getattr(kind, "source", kind)
    return source


def of_source(kind: Any, source: View) -> View:
    """Make a view of the one that was made from networks, which it may be itself."""
    view: View = source if source_of(kind) is kind else kind.of(source)
    return view
