"""The metanets that write weights, by name."""

from __future__ import annotations

from typing import Any

from torch import nn

from metanet import GMNEditor, MetanetError

EDITORS: dict[str, type[nn.Module]] = {"gmn": GMNEditor}


def make_editor(name: str, **settings: Any) -> nn.Module:
    """Make an editor by its name and settings; it has them as `settings`."""
    if name not in EDITORS:
        raise MetanetError(f"unknown editor {name!r}; known: {', '.join(EDITORS)}")
    try:
        return EDITORS[name](**settings)
    except TypeError as error:
        raise MetanetError(f"the editor {name!r} does not take these settings: {error}") from None
