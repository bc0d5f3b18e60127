"""The forms of a GMN's layers: how wide states are, and which maps stand where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """The widths of a layer's maps.

    `edge_hidden` is that of edges and messages, `node_hidden` that inside of the MLP of nodes,
    `row_hidden` that inside of the MLP of a block and its network; None: a linear map. `diagonal`:
    whether messages change their edges channel by channel, else by a matrix.
    """

    edge_hidden: int
    node_hidden: int
    row_hidden: int | None
    diagonal: bool


AGGREGATIONS = {"narrow": "root", "paper": "mean"}
"""How the nodes of each form collect messages where nothing else is asked for."""
LANES = 16
"""A processor works on so many numbers at once: other widths cost as much as the next multiple."""


def form_of(name: str, hidden: int, edge_hidden: int | None) -> Form:
    """Give the form of this name for nodes of width `hidden`."""
    if name == "paper":
        return Form(edge_hidden or hidden, 2 * hidden, None, diagonal=False)
    half = min(hidden, LANES * -(-hidden // (2 * LANES)))
    return Form(edge_hidden or half, half, 2 * hidden, diagonal=True)
