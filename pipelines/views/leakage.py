"""Which view that was made from networks a training may use: none that saw others than its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphgen import GraphSet
from graphgen.stored_view import StoredView
from pipelines.errors import PipelineError
from pipelines.views.settings import Asked

if TYPE_CHECKING:
    from metanet.views import View

SHOWN = 3


def stored_name(graph_set: GraphSet, family: str, networks: int | None = None) -> str:
    """Say by which name a graph set keeps a view for so many training networks, None for all.

        stored_name(graph_set, "exam", 8)                # "exam-8"

    Where it has just so many, one from all of them is the same. Raises `PipelineError` where it
    keeps none.
    """
    kept = graph_set.views
    train = (i for i, record in enumerate(graph_set.records) if record["split"] == "train")
    every = len({graph_set.records[i].get("network", i) for i in train})
    same = [None, every] if networks in (None, every) else [networks]
    names = [Asked(family, networks=count).name for count in (networks, *same)]
    for name in names:
        if name in kept:
            return name
    entry = family if networks is None else f"{{{family}: {{networks: [{networks}]}}}}"
    raise PipelineError(
        f"{graph_set.folder}: has no view {names[0]!r}, which is made from "
        f"{'all' if networks is None else networks} training networks; it has "
        f"{', '.join(kept) or 'none'}; add `{entry}` to `compile: views:`, and run "
        "`gmn compile` again"
    )


def check_training(
    graph_set: GraphSet, stored: StoredView, training: Sequence[int], target: str | None = None
) -> None:
    """Raise `PipelineError` unless a view was made from training networks only.

    `training` are all networks that are trained on, and `target` what the view is to be made for,
    if that matters.
    """
    from pipelines.views.computing import content

    if target is not None and stored.target is not None and stored.target != target:
        raise PipelineError(
            f"{stored.folder}: the view {stored.name!r} was made for the target "
            f"{stored.target!r}, and {target!r} is asked for; let `compile: views:` make it for "
            "that one"
        )
    own = set(training)
    seen = [i for i in stored.made_of if i not in own]
    if seen:
        which = ", ".join(
            f"{i} ({graph_set.records[i].get('split', 'no split')})" for i in seen[:SHOWN]
        )
        more = f" and {len(seen) - SHOWN} more" if len(seen) > SHOWN else ""
        raise PipelineError(
            f"{stored.folder}: the view {stored.name!r} was made from {len(stored.made_of)} "
            f"networks, and {len(seen)} of them are not among the {len(own)} training networks of "
            f"{graph_set.folder} here: {which}{more}; what they are would leak: take a view made "
            f"from these {len(own)} networks or fewer, `{stored.family}: {{networks: ...}}`"
        )
    changed = [i for i, known in stored.made_of.items() if content(graph_set, i) != known]
    if changed:
        raise PipelineError(
            f"{stored.folder}: the view {stored.name!r} was made from another network than that "
            f"with the number {changed[0]} of {graph_set.folder}; run `gmn compile` again"
        )


def view_for_training(
    graph_set: GraphSet,
    family: str,
    networks: int | None,
    training: Sequence[int],
    target: str | None = None,
) -> View:
    """Give the view that a training on so many networks may use, with its state.

        training = [i for i, row in enumerate(graph_set.records) if row["split"] == "train"]
        exam = view_for_training(graph_set, "exam", 8, training)

    Raises `PipelineError` where the graph set keeps none, and as `check_training` does.
    """
    from pipelines.views.computing import view_from

    stored = graph_set.view(stored_name(graph_set, family, networks))
    check_training(graph_set, stored, training, target)
    return view_from(stored.family, stored.options, stored.state())
