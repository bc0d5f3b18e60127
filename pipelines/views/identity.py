"""What decides the numbers of a view of a graph set."""

from __future__ import annotations

from graphgen import GraphSet
from pipelines.provenance import maker_of
from pipelines.settings import settings_hash
from pipelines.views.settings import Asked, families


def code_of_view(family: str) -> str:
    """Identify the code that makes and computes a view, and the versions under it."""
    return maker_of(families()[family].__module__)


def identity(graph_set: GraphSet, asked: Asked) -> str:
    """Identify the numbers of a view: by the networks, what is asked for, and the code."""
    return settings_hash(
        *(graph_set.hash, asked.family, dict(asked.options), asked.target, asked.networks),
        code_of_view(asked.family),
    )
