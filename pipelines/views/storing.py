"""Keeping views in a graph set's folder: what is there is kept, and the rest computed."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphgen import GraphSet
from graphgen.errors import GraphError
from graphgen.files import replacing
from graphgen.files.document import peek
from graphgen.files.lock import exclusive
from graphgen.files.sealed import known_parts, remove
from graphgen.graph_set_index import INDEX
from graphgen.stored_view import FOLDER
from graphgen.stored_view_index import VIEW
from graphgen.stored_view_writer import ViewWriter
from pipelines.errors import PipelineError
from pipelines.views.making import check_makings, naming
from pipelines.views.making import making as making_of
from pipelines.views.settings import Asked, source_of
from pipelines.workers import fan_out

GONE = ".old-"
Made = tuple[dict[str, Any], dict[str, Any] | None, float]
"""A state, what it was made of, and the processor seconds that it took."""
Crew = tuple[int | None, str | None, list[str]]
"""How many workers, of which scheduler, and what these import."""


def store_views(
    folder: str | Path,
    asked: Sequence[Asked],
    workers: int | None = None,
    scheduler: str | None = None,
) -> GraphSet:
    """Let a graph set keep just the views that are asked for; give it.

        asked = [Asked("spectra"), Asked("exam", target="test_accuracy", networks=8)]
        graph_set = store_views("out/graphs", asked)

    A view that is there, intact and of the same networks, options and code stays. Each other one is
    made from training networks, if it is such a one, and computed for all networks; it is there
    once it is whole. The numbers are the same whatever the number of `workers`, and on a Dask
    `scheduler`. Views that are not asked for are removed at the end. Raises `PipelineError` for
    networks that a view is none of, and before any work for views that cannot be made.
    """
    place = Path(folder)
    graph_set = GraphSet.open(place)
    missing = [one for one in asked if not is_kept(graph_set, one)]
    with naming(str(place)):
        check_makings(graph_set, missing)
    for one in missing:
        claim_view(place / FOLDER / one.name)
    if missing:
        write_views(graph_set, missing, workers, scheduler)
    remove_others(place / FOLDER, graph_set.views, {one.name for one in asked})
    return GraphSet.open(place) if missing else graph_set


def is_kept(graph_set: GraphSet, asked: Asked) -> bool:
    """Say whether a graph set has a view just as it is asked for, and intact."""
    from pipelines.views.identity import identity

    if asked.name not in graph_set.views:
        return False
    try:
        stored = graph_set.view(asked.name)
        stored.verify()
    except GraphError:
        return False
    return stored.identity == identity(graph_set, asked)


def write_views(
    graph_set: GraphSet, asked: Sequence[Asked], workers: int | None, scheduler: str | None
) -> None:
    """Make and compute views, and write each when it is whole."""
    from pipelines.views import computing

    folder = str(graph_set.folder if scheduler is None else graph_set.folder.resolve())
    place = folder, graph_set.hash
    preload = [computing.__name__]
    options = [json.dumps(dict(one.options)) for one in asked]
    crew = workers, scheduler, preload
    done = made_states(graph_set, asked, place, crew)
    cut = computing.cut(graph_set)
    calls = [
        (*place, one.family, own, state, chosen)
        for one, own, (state, _, _) in zip(asked, options, done, strict=True)
        for chosen in cut
    ]
    sizes = [len(call[-1]) for call in calls]
    found = fan_out(computing.compute, calls, *crew, computing.described, "view", sizes)
    for one, (state, made_of, seconds) in zip(asked, done, strict=True):
        write_view(graph_set, one, state, made_of, seconds, cut, found)


def made_states(
    graph_set: GraphSet, asked: Sequence[Asked], place: tuple[str, str], crew: Crew
) -> list[Made]:
    """Make what views are made from networks: the state of each, nothing of those that have none.

    Views that are made of the same one, as of an exam, share it, also where it is kept already.
    """
    from pipelines.views import computing

    makings = [None if one.target is None else making_of(one) for one in asked]
    found: dict[Any, Made] = {}
    for one, making in zip(asked, makings, strict=True):
        if making is not None and (kept := kept_source(graph_set, one)) is not None:
            found[making] = kept
    missing = [one for one in dict.fromkeys(makings) if one is not None and one not in found]
    calls = [(*place, *making) for making in missing]
    made = fan_out(computing.make, calls, *crew, computing.made, "make", unit="view")
    found |= zip(missing, made, strict=True)
    done: list[Made] = []
    for one, making in zip(asked, makings, strict=True):
        state, made_of, seconds = ({}, None, 0.0) if making is None else found[making]
        own = {} if making is None else computing.state_from(one.family, making[0], state)
        done.append((own, made_of, seconds))
    return done


def kept_source(graph_set: GraphSet, asked: Asked) -> Made | None:
    """Give the view that another is made of, if the graph set keeps just that."""
    source = replace(asked, family=source_of(asked.family))
    if source == asked or not is_kept(graph_set, source):
        return None
    stored = graph_set.view(source.name)
    return stored.state(), stored.index["made_of"], stored.seconds["make"]


def write_view(
    graph_set: GraphSet,
    asked: Asked,
    state: Any,
    made_of: dict[str, Any] | None,
    making: float,
    cut: Sequence[Sequence[int]],
    found: Iterator[Any],
) -> None:
    """Write a view of which `found` gives the numbers, piece after piece."""
    from pipelines.views.computing import view_from
    from pipelines.views.identity import code_of_view, identity

    view = view_from(asked.family, asked.options, state)
    dtype = "float64" if graph_set.index["dtype"] == "float64" else "float32"
    computing = 0.0
    with replacing(graph_set.folder / FOLDER / asked.name, INDEX, VIEW, replace=True) as new:
        writer = ViewWriter(new, dtype)
        for networks in cut:
            rows, seconds = next(found)
            writer.add(networks, rows)
            computing += seconds
        about: dict[str, Any] = {
            "name": asked.name,
            "view": asked.family,
            "level": view.level,
            "columns": list(view.columns),
            "options": dict(asked.options),
            "graph_set": graph_set.hash,
            "code": code_of_view(asked.family),
            "identity": identity(graph_set, asked),
            "seconds": {"make": round(making, 3), "compute": round(computing, 3)},
        }
        if made_of is not None:
            about["made_of"] = made_of
        writer.finish(about, state)


def remove_others(folder: Path, names: Sequence[str], wanted: Collection[str]) -> None:
    """Remove the views of a folder that are not wanted, and what a killed process left of such."""
    for name in names:
        if name not in wanted:
            remove_view(folder / name)
    for path in folder.glob(f".*{GONE}{'[0-9a-f]' * 16}"):
        remove(path)
    with contextlib.suppress(OSError):
        folder.rmdir()


def claim_view(folder: Path) -> None:
    """Raise `PipelineError` where a folder holds anything but a view, which may be replaced."""
    try:
        held = peek(folder / INDEX, VIEW.most_bytes)
    except GraphError as error:
        held = str(error)
    others = sorted(path.name for path in folder.glob("[!.]*")) if held is None else []
    if others or not (
        held is None or (isinstance(held, dict) and held.get("format") == VIEW.format)
    ):
        raise PipelineError(
            f"{folder}: holds what is no view that could be replaced "
            f"({', '.join(others[:3]) or INDEX}); remove this folder, and run the same command "
            "again"
        )


def remove_view(folder: Path) -> None:
    """Remove a view that is not asked for any more; what is no view stays.

    Raises `GraphError` while another process writes it.
    """
    names = {INDEX, *known_parts(folder / INDEX, VIEW)}
    if len(names) == 1 or {path.name for path in folder.glob("[!.]*")} - names:
        return
    with exclusive(folder):
        # At once, so that a process that is killed leaves nothing that looks like half a view.
        gone = folder.rename(folder.with_name(f".{folder.name}{GONE}{secrets.token_hex(8)}"))
    remove(gone)
