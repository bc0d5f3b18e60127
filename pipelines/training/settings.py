"""The settings of the train stage: their schema, and what no schema says of their models."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from graphgen import GraphSet
from metanet import StatNN, Viewed
from metanet.views import VIEWS
from metanet.views.made import is_made
from pipelines.errors import PipelineError
from pipelines.options import Make, check_options, read_range, refusal, worded
from pipelines.settings import (
    ABOVE_ZERO,
    NAME,
    POSITIVE,
    PRECISION,
    SEED,
    admitted,
    check_distinct,
    read_section,
)
from pipelines.tasks.registry import DEFAULT, TASKS, Task, task_of
from pipelines.training.models import ingredients, registry
from pipelines.views import stored_name
from pipelines.zoo.fields import AnySettings, Place
from spec.errors import quoted
from spec.schema_problems import given
from spec.suggestions import suggest

MOST_TRIALS, MOST_COMBINATIONS = 10_000, 10_000
OWN = frozenset(TASKS.known)
"""The tasks that are ours."""
AVERAGED = ("regression", "classification")  # tasks whose predictions an ensemble is the mean of
DECIDED = ("seed", "classes")
"""Options of trees that the stage decides."""


def or_range(schema: dict[str, Any]) -> dict[str, Any]:
    """Admit a range from which a search draws, in the place of a value."""
    return {"if": {"type": "object"}, "then": True, "else": schema}


OPEN: dict[str, dict[str, Any]] = {
    "batch_size": POSITIVE,
    "learning_rate": ABOVE_ZERO,
    "weight_decay": {"type": "number", "minimum": 0},
    "gradient_norm": ABOVE_ZERO,
}
"""What of a recipe may be a range."""
TRAINING: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["epochs", "batch_size", "learning_rate", "weight_decay", "gradient_norm"],
    "properties": {
        "epochs": POSITIVE,
        "precision": PRECISION,
        **{name: or_range(schema) for name, schema in OPEN.items()},
    },
}
PROPERTIES: dict[str, Any] = {
    "task": {"enum": list(TASKS.known)},
    "seeds": {"type": "array", "items": SEED, "minItems": 1},
    "networks": {"type": "array", "items": {"type": "integer", "minimum": 2}, "minItems": 1},
    "search": {
        "type": "object",
        "additionalProperties": False,
        "required": ["trials"],
        "properties": {
            "trials": {**POSITIVE, "maximum": MOST_TRIALS},
            "epochs": POSITIVE,
            "seed": SEED,
        },
    },
    "ensembles": {
        "type": "object",
        "propertyNames": NAME,
        "additionalProperties": {"type": "array", "items": {"type": "string"}, "minItems": 2},
    },
    "models": {
        "type": "object",
        "minProperties": 1,
        "propertyNames": NAME,
        "additionalProperties": {
            "type": "object",
            "additionalProperties": False,
            "required": ["metanet"],
            "properties": {
                "metanet": {"type": "string"},
                "views": {"type": "array"},
                "start": {"type": "string", "minLength": 1},
                "settings": {"type": "object"},
                "training": TRAINING,
                "search": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "minItems": 1},
                },
            },
        },
    },
}


def section(task: type[Task]) -> dict[str, Any]:
    """Give the schema of settings that ask for a task."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [*task.required, "seeds", "models"],
        "properties": {**PROPERTIES, **task.properties},
    }


def by_task(tasks: list[type[Task]]) -> dict[str, Any]:
    """Give the schema of the section: that of the task it names, of the last one if of none."""
    first, *rest = tasks
    if not rest:
        return section(first)
    named = {"required": ["task"], "properties": {"task": {"const": first.name}}}
    return {"if": named, "then": section(first), "else": by_task(rest)}


SCHEMA: dict[str, Any] = by_task(
    [*(task for name, task in TASKS.known.items() if name != DEFAULT), TASKS[DEFAULT]]
)
"""That of our tasks."""


def schema_of(data: Any) -> dict[str, Any]:
    """Give the schema of a section: that of our tasks, or of the one of a plugin that it names."""
    name = data.get("task") if isinstance(data, dict) else None
    if not isinstance(name, str) or name in OWN or name not in TASKS:
        return SCHEMA
    whole = section(TASKS[name])
    return {**whole, "properties": {**whole["properties"], "task": {"const": name}}}


def read_settings(
    path: AnySettings, net: Mapping[str, Any] | None = None, graph_set: GraphSet | None = None
) -> dict[str, Any]:
    """Read the section `train` of a YAML file, or a file that is that section.

        read_settings("params.yaml")["models"]["gmn"]["settings"]

    `net` is the architecture, in its resolved form, of models that are made for one; without it
    their options are not tried. Views that the graph set does not keep are missed, if it is given.
    Raises `SpecError` with the place of every mistake, options that a metanet does not take among
    them.
    """
    return read_section(path, "train", schema_of, lambda place: check(place, net, graph_set))


def check(place: Place, net: Mapping[str, Any] | None, graph_set: GraphSet | None) -> None:
    """Note what is wrong with seeds, sizes and models."""
    section = place.value
    for name in ("seeds", "networks"):
        if name in section:
            check_distinct(place / name)
    for name in section["models"]:
        model = place / "models" / name
        before = len(place.problems)
        if "views" in model.value:
            # What was made from training networks is brought along from a start.
            own = None if "start" in model.value else graph_set
            check_views(model / "views", task_of(section), own, section.get("networks", [None]))
        if len(place.problems) == before:
            check_model(model, task_of(section), net)
    if "ensembles" in section:
        check_ensembles(place / "ensembles", task_of(section).name, section["models"])


def check_ensembles(place: Place, task: str, models: Mapping[str, Any]) -> None:
    """Note what is wrong with ensembles: their names, their members, or that there can be none."""
    if task not in AVERAGED:
        known = " and ".join(AVERAGED)
        place.note(f"predictions of {known} are averaged, none of {task!r}: leave it out", key=True)
        return
    for name, members in place.value.items():
        if name in models:
            (place / name).note(f"{name!r} is a model: give the ensemble another name", key=True)
        check_distinct(place / name)
        for i, member in enumerate(members):
            if member not in models:
                known = suggest(member, models) or f"; the models are: {', '.join(models)}"
                (place / name / i).note(f"unknown model {member!r}{known}")


def check_model(place: Place, task: type[Task], net: Mapping[str, Any] | None) -> None:
    """Note what is wrong with one model: its metanet, its recipe, its ranges and its options."""
    model: Mapping[str, Any] = place.value
    known = registry({"task": task.name})
    metanet = known.get(model["metanet"])
    if metanet is None or metanet is Viewed:
        names = [name for name, one in known.items() if one is not Viewed]
        kind = "editor" if task.editor else "metanet"
        hint = suggest(model["metanet"], names) or f"; known: {', '.join(names)}"
        if metanet is Viewed:
            hint = f": name the one inside, and write `views` beside `metanet`{hint}"
        (place / "metanet").note(f"unknown {kind} {model['metanet']!r}{hint}")
        return
    misplaced = [part for part in ("settings", "search") if "views" in model.get(part, {})]
    for part in misplaced:
        (place / part / "views").note(
            f"`views` stands in `{part}`, expected beside `metanet`: write it there", key=True
        )
    if misplaced:
        return
    trees = metanet is StatNN
    if trees and not task.trees:
        (place / "metanet").note(
            f"{model['metanet']!r} is not trained by gradient descent, which the task "
            f"{task.name!r} needs; take another metanet"
        )
        return
    if trees and "start" in model:
        (place / "start").note(
            f"{model['metanet']!r} is fitted at once, and does not go on from another run: leave "
            "`start` out",
            key=True,
        )
    if not trees and "training" not in model:
        place.note(f"{model['metanet']!r} needs a `training` recipe", key=True)
    if not trees and "search" in model:
        (place / "search").note(
            f"only `statnn` is fitted for each combination of a `search`; of {model['metanet']!r} "
            "write ranges into `settings`, from which `gmn search` draws",
            key=True,
        )
    for name, value in model.get("training", {}).items():
        if name in OPEN and isinstance(value, dict):
            read_range(place / "training" / name, admitted(OPEN[name]))

    def make(options: Mapping[str, Any]) -> object:
        if trees and task.name == "classification":
            options = {**options, "classes": 2}
        name, options = ingredients(model, options, known)
        if options.get("probes") or "net" in inspect.signature(known[name]).parameters:
            if net is None:
                return None
            options = {"net": net, **options}
        return known[name](**options)

    before = len(place.problems)
    if "settings" in model:
        check_options(place / "settings", model["settings"], make)
    if trees and len(place.problems) == before:
        check_search(place, make)


def check_views(
    place: Place, task: type[Task], graph_set: GraphSet | None, sizes: Sequence[int | None]
) -> None:
    """Note what is wrong with the views that a model is shown."""
    if task.editor:
        place.note("editors read no views: leave `views` out", key=True)
        return
    check_distinct(place)
    for number, name in enumerate(place.value):
        if isinstance(name, dict):
            (place / number).note(
                f"`views`: expected the name of a view, got a mapping with {listed(name)}; what a "
                "view is made with stands in `compile: views:`"
            )
        elif not isinstance(name, str):
            (place / number).note(f"`views`: expected the name of a view, got {given(name)}")
        elif name not in VIEWS:
            known = suggest(name, VIEWS) or f"; known: {', '.join(VIEWS)}"
            (place / number).note(f"unknown view {name!r}{known}")
        elif graph_set is not None and is_made(VIEWS[name]):
            for size in sizes:
                try:
                    stored_name(graph_set, name, size)
                except PipelineError as error:
                    (place / number).note(str(error))


def listed(entry: Mapping[Any, Any]) -> str:
    """List the keys of a mapping."""
    return ", ".join(map(quoted, entry)) or "nothing"


def check_search(place: Place, make: Make) -> None:
    """Note what is wrong with the combinations for which trees are fitted."""
    search: Mapping[str, list[Any]] = place.value.get("search", {})
    for part in ("settings", "search"):
        for name in DECIDED:
            if name in place.value.get(part, {}):
                (place / part / name).note(f"`{name}` is decided by the stage", key=True)
    if prod(map(len, search.values())) > MOST_COMBINATIONS:
        (place / "search").note(
            f"`search` has more than {MOST_COMBINATIONS} combinations: list fewer values", key=True
        )
        return
    for name, values in search.items():
        for i, value in enumerate(values):
            error = refusal(make, {name: value})
            if error is not None:
                (place / "search" / name / i).note(worded(name, error))
