"""Planning: which runs the settings of the train stage ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphgen import GraphSet
from pipelines.errors import PipelineError
from pipelines.settings import read_section
from pipelines.tasks import settings_of
from pipelines.training.run import Run
from pipelines.training.settings import SCHEMA


def planned(
    settings_file: str | Path,
    graphs: str | Path,
    out: Path,
    only: str | None,
    networks: int | None,
) -> tuple[dict[str, Any], list[Run]]:
    """Read the settings, and list their runs: each model and number of networks, with seed 0.

    `only` and `networks` choose among them. Fewer networks are gone through more often, by the root
    of the ratio to the most. Makes the folder `out`.
    """
    settings = read_section(settings_file, "train", SCHEMA)
    graph_set = GraphSet.open(graphs)
    if only is not None and only not in settings["models"]:
        raise PipelineError(
            f"{settings_file}: no model {only!r}; the models are: {', '.join(settings['models'])}"
        )
    sizes = settings.get("networks", [None])
    if networks is not None and networks not in sizes:
        listed = ", ".join(str(size) for size in sizes if size is not None) or "not given"
        raise PipelineError(
            f"{settings_file}: {networks} is none of the numbers of training networks in "
            f"`networks`, which are: {listed}"
        )
    out.mkdir(parents=True, exist_ok=True)
    return settings, [
        Run(
            name,
            0,
            settings_of(settings),
            more_epochs(model, repetition(size, settings)),
            Path(graphs),
            graph_set.hash,
            out,
            size,
        )
        for name, model in settings["models"].items()
        for size in sizes
        if only in (None, name) and networks in (None, size)
    ]


def repetition(networks: int | None, settings: dict[str, Any]) -> float:
    """Say how many times more often fewer networks are gone through."""
    return 1.0 if networks is None else (max(settings["networks"]) / networks) ** 0.5


def more_epochs(model: dict[str, Any], times: float) -> dict[str, Any]:
    """Give a model with that many times its epochs."""
    if "training" not in model:
        return model
    training = {**model["training"], "epochs": round(times * model["training"]["epochs"])}
    return {**model, "training": training}
