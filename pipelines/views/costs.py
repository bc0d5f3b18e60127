"""What views cost that a graph set keeps."""

from __future__ import annotations

from collections.abc import Iterable

from graphgen import GraphSet


def cost_of_views(graph_set: GraphSet, names: Iterable[str]) -> dict[str, float]:
    """Add up processor seconds: `views`, of a network, and `making`, of what is made of networks.

    cost_of_views(graph_set, ["spectra", "exam-8"])["views"]
    """
    stored = [graph_set.view(name) for name in names]
    return {
        "views": sum(view.seconds["compute"] for view in stored) / len(graph_set),
        "making": sum(view.seconds["make"] for view in stored),
    }
