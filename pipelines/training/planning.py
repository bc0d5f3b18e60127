"""Planning: which runs the settings of the train stage ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphgen import GraphSet
from metanet.views import VIEWS
from metanet.views.made import is_made
from pipelines.errors import PipelineError
from pipelines.graphs import open_graphs
from pipelines.plugins import foreign
from pipelines.provenance import maker_of
from pipelines.settings import folder_of, place_of, settings_hash
from pipelines.tasks.registry import settings_of, task_of
from pipelines.training.models import registry
from pipelines.training.run import Run
from pipelines.training.settings import read_settings
from pipelines.training.start import Start, starts_of
from pipelines.views import stored_name
from pipelines.zoo.fields import AnySettings

Settings = dict[str, Any]


def planned(
    settings_file: AnySettings, graphs: str | Path, out: Path, only: str | None = None
) -> tuple[Settings, list[Run]]:
    """Read the settings, and list their runs: each model and number of networks, with seed 0.

    Fewer networks are gone through more often, by the root of the ratio to the most. With `only`,
    what other models would go on from need not be there yet.
    """
    graph_set = open_graphs(graphs)
    settings = read_settings(settings_file, architecture_of(graph_set), graph_set)
    code = maker_of(Run.__module__)
    beside, seeds = folder_of(settings_file), seeds_of(settings)
    starts: dict[str, dict[int, Start]] = {}
    for name, model in settings["models"].items():
        starts[name] = {}
        with nullcontext() if only in (None, name) else suppress(PipelineError):
            starts[name] = starts_of(
                model, f"{place_of(settings_file)}: models.{name}", beside, seeds
            )
    models = {
        name: {key: value for key, value in model.items() if key != "start"}
        for name, model in settings["models"].items()
    }
    return settings, [
        Run(
            name=name,
            seed=0,
            task=settings_of(settings),
            model=more_epochs(model, repetition(size, settings)),
            graphs=Path(graphs),
            graphs_hash=graph_set.hash,
            out=out,
            code=with_plugins(code, settings, model),
            networks=size,
            views={} if "start" in settings["models"][name] else made_views(model, graph_set, size),
            starts=starts[name],
            begun=settings["models"][name].get("start"),
        )
        for name, model in models.items()
        for size in settings.get("networks", [None])
    ]


def with_plugins(code: str, settings: Settings, model: Mapping[str, Any]) -> str:
    """Identify code together with that of the plugins that a run is made by, if there are any."""
    others = foreign([task_of(settings), registry(settings)[model["metanet"]]])
    return settings_hash(code, others) if others else code


def seeds_of(settings: Settings) -> list[int]:
    """List the seeds of all runs that settings ask for, and of trials."""
    search = [settings["search"].get("seed", 0)] if "search" in settings else []
    return list(dict.fromkeys([*settings["seeds"], *search]))


def made_views(model: dict[str, Any], graph_set: GraphSet, networks: int | None) -> dict[str, str]:
    """Give the identities of the views of a model that were made from training networks."""
    made = [name for name in model.get("views", []) if is_made(VIEWS[name])]
    return {name: graph_set.view(stored_name(graph_set, name, networks)).identity for name in made}


def asked_runs(settings_file: AnySettings, graphs: str | Path) -> dict[str, str]:
    """Give the identity of every run that the settings ask for, by the name of its folder."""
    settings, bare = planned(settings_file, graphs, Path())
    every = [replace(run, seed=seed) for run in bare for seed in settings["seeds"]]
    return {run.folder_name: run.asked_hash for run in every}


def selected(
    runs: Sequence[Run], settings_file: AnySettings, only: str | None, networks: int | None
) -> list[Run]:
    """Choose the runs of one model, or with one number of networks; `PipelineError` for none."""
    names = list(dict.fromkeys(run.name for run in runs))
    if only is not None and only not in names:
        known = ", ".join(names)
        raise PipelineError(
            f"{place_of(settings_file)}: no model {only!r}; the models are: {known}"
        )
    sizes = list(dict.fromkeys(run.networks for run in runs))
    if networks is not None and networks not in sizes:
        listed = ", ".join(str(size) for size in sizes if size is not None) or "not given"
        raise PipelineError(
            f"{place_of(settings_file)}: {networks} is none of the numbers of training networks in "
            f"`networks`, which are: {listed}"
        )
    return [run for run in runs if only in (None, run.name) and networks in (None, run.networks)]


def architecture_of(graph_set: GraphSet) -> dict[str, Any] | None:
    """Give the architecture of the first training network, in its resolved form."""
    train = [i for i, record in enumerate(graph_set.records) if record.get("split") == "train"]
    if not train:
        return None
    return graph_set.architectures[graph_set.template(train[0]).architecture].resolved()


def repetition(networks: int | None, settings: dict[str, Any]) -> float:
    """Say how many times more often fewer networks are gone through."""
    return 1.0 if networks is None else (max(settings["networks"]) / networks) ** 0.5


def more_epochs(model: dict[str, Any], times: float) -> dict[str, Any]:
    """Give a model with that many times its epochs."""
    if "training" not in model:
        return model
    training = {**model["training"], "epochs": round(times * model["training"]["epochs"])}
    return {**model, "training": training}
