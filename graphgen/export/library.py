"""Importing a library of an extra when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from graphgen.errors import GraphError


def library(name: str, install: str) -> Any:
    """Import a library; `GraphError` says what to install where that fails.

    networkx = library("networkx", "pip install 'graph-metanetworks[export]'")
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise GraphError(
            f"this needs {name}, which cannot be imported ({error}); install it: {install}"
        ) from error


EXPORT = "pip install 'graph-metanetworks[export]'"
METANET = "pip install 'graph-metanetworks[metanet]'"
DGL = "see https://www.dgl.ai/pages/start.html"
