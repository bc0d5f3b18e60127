"""Copying views: what graph sets keep of networks is kept in another set of the same ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from graphgen import GraphSet
from graphgen.stored_view import FOLDER, StoredView
from pipelines.errors import PipelineError
from pipelines.views.settings import Asked
from pipelines.views.storing import claim_view, is_kept, write_view

Home = tuple[GraphSet, int]
"""A graph set that has a network, and its place there."""


def copy_views(graph_set: GraphSet, homes: Sequence[Home], asked: Sequence[Asked]) -> None:
    """Let a graph set keep those of the views asked for that the homes of its networks keep.

    There is one home for each network of the set. A view that is made from networks is another for
    each set, and not copied, nor one of other code, options or dtype.
    """
    sets = {id(own): own for own, _ in homes}
    for one in asked:
        if one.target is not None or is_kept(graph_set, one):
            continue
        found = {
            key: stored
            for key, own in sets.items()
            if (stored := same_view(own, graph_set, one)) is not None
        }
        if len(found) < len(sets):
            continue
        from pipelines.views import computing

        claim_view(graph_set.folder / FOLDER / one.name)
        cut = computing.cut(graph_set)
        places = [(found[id(own)], i) for own, i in homes]
        write_view(graph_set, one, {}, None, 0.0, cut, rows_of(places, cut))


def homes_in(other: GraphSet, zoo: str, records: Sequence[Mapping[str, Any]]) -> list[Home]:
    """Find networks of a zoo, by their records, in a graph set that was compiled from it.

    Raises `PipelineError` where the set is of another zoo, and for a network that it has not.
    """
    if other.index["about"].get("zoo") != zoo:
        raise PipelineError(
            f"{other.folder}: is no graph set of this zoo, so it keeps no views of its networks; "
            "name one that was compiled from the same zoo"
        )
    places = {record["index"]: i for i, record in enumerate(other.records)}
    missing = [record["index"] for record in records if record["index"] not in places]
    if missing:
        raise PipelineError(
            f"{other.folder}: lacks network {missing[0]} of the zoo, and {len(missing)} in all "
            "that are asked for; name a graph set of all of them"
        )
    return [(other, places[record["index"]]) for record in records]


def same_view(own: GraphSet, graph_set: GraphSet, asked: Asked) -> StoredView | None:
    """Find in a graph set the view that would be computed for another one, if it has it."""
    from pipelines.views.fresh import fresh

    name = fresh(own, asked.family, asked.options)
    same = own.index["dtype"] == graph_set.index["dtype"]
    return own.view(name) if name is not None and same else None


def rows_of(
    places: Sequence[tuple[StoredView, int]], cut: Sequence[Sequence[int]]
) -> Iterator[tuple[list[NDArray[Any]], float]]:
    """Read the numbers of networks, piece after piece, with their share of what they cost.

    The processor seconds that all took are put down for the first piece.
    """
    seconds = sum(
        stored.seconds["compute"] for stored in {id(own): own for own, _ in places}.values()
    )
    for networks in cut:
        yield [stored[i] for stored, i in (places[network] for network in networks)], seconds
        seconds = 0.0
