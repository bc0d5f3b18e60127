"""Copying views: what graph sets keep of their networks is kept in the one merged of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from numpy.typing import NDArray

from graphgen import GraphSet
from graphgen.stored_view import FOLDER, StoredView
from pipelines.views.settings import Asked
from pipelines.views.storing import claim_view, is_kept, write_view


def copy_views(merged: GraphSet, sets: Sequence[GraphSet], asked: Sequence[Asked]) -> None:
    """Let a graph set keep those of the views asked for that all sets keep that it is merged of.

    Networks of the merged set are those of the sets, one set after the other. A view that is made
    from networks is another for each set, and not copied, nor one of other code, options or dtype.
    """
    for one in asked:
        if one.target is not None or is_kept(merged, one):
            continue
        found = [stored for own in sets if (stored := same_view(own, merged, one)) is not None]
        if len(found) < len(sets):
            continue
        from pipelines.views import computing

        claim_view(merged.folder / FOLDER / one.name)
        cut = computing.cut(merged)
        write_view(merged, one, {}, None, 0.0, cut, rows_of(found, sets, cut))


def same_view(own: GraphSet, merged: GraphSet, asked: Asked) -> StoredView | None:
    """Find in a graph set the view that would be computed for the merged one, if it has it."""
    from pipelines.views.fresh import fresh

    name = fresh(own, asked.family, asked.options)
    same = own.index["dtype"] == merged.index["dtype"]
    return own.view(name) if name is not None and same else None


def rows_of(
    found: Sequence[StoredView], sets: Sequence[GraphSet], cut: Sequence[Sequence[int]]
) -> Iterator[tuple[list[NDArray[Any]], float]]:
    """Read the numbers of networks of the merged set, piece after piece, with their share of cost.

    The processor seconds of all sets are put down for the first piece.
    """
    places = [(stored, i) for stored, own in zip(found, sets, strict=True) for i in range(len(own))]
    seconds = sum(stored.seconds["compute"] for stored in found)
    for networks in cut:
        rows = []
        for network in networks:
            stored, i = places[network]
            rows.append(stored[i])
        yield rows, seconds
        seconds = 0.0
