"""Where a training goes on from: a finished run of an equal model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from graphgen.errors import GraphError
from metanet import Metanet
from pipelines.errors import PipelineError
from pipelines.runs.collection import run_folder
from pipelines.runs.result import read_result
from pipelines.settings import settings_hash
from pipelines.tasks.task import Task
from pipelines.training.trained import RUN, Trained
from pipelines.zoo.identity import differences

SEED_HERE = "{seed}"
"""In the folder of a start: the seed of the run that begins there."""
SHOWN = 3


@dataclass(frozen=True)
class Start:
    """A finished run with whose weights another begins.

    Attributes:
        folder: the run's folder.
        run: the identity of what it was asked to be.
        identity: that of what came out, its weights among it.
        name: the model's name.
        seed: the run's seed.
    """

    folder: Path
    run: str
    identity: str
    name: str
    seed: int

    def about(self) -> dict[str, Any]:
        """Give what a run says of it."""
        own = {"run": self.run, "identity": self.identity}
        return {**own, "name": self.name, "seed": self.seed}

    def load(self) -> Trained:
        """Read the run; `PipelineError` if it is another than when it was planned."""
        again = start_at(self.folder)
        if again.identity != self.identity:
            raise PipelineError(
                f"{self.folder}: was replaced while runs that go on from it were at work; run the "
                "same command again"
            )
        return Trained.load(self.folder)


def starts_of(
    model: Mapping[str, Any], place: str, beside: Path, seeds: Iterable[int]
) -> dict[int, Start]:
    """Find where the runs of a model go on from, by their seeds; nothing without a `start`.

    `place` is what messages call the model, and `beside` the folder that a start is seen from.
    """
    if "start" not in model:
        return {}
    found = {}
    for seed in seeds:
        folder = beside / model["start"].replace(SEED_HERE, str(seed))
        try:
            found[seed] = start_at(folder)
        except GraphError as error:
            raise PipelineError(
                f"{place}.start: {error}; expected the folder of a finished run, as "
                f"`out/train/gmn-seed0`, or `out/train/gmn-seed{SEED_HERE}` for that of each seed"
            ) from None
    return found


def start_at(folder: Path) -> Start:
    """Read what a finished run is; `GraphError` if the folder holds none."""
    settings = read_result(run_folder(folder), RUN).settings
    identity = settings_hash(settings["run"], settings["parts"])
    return Start(folder, settings["run"], identity, settings["name"], settings["seed"])


def begin(model: nn.Module, task: Task, started: Trained, folder: object) -> None:
    """Give a model all that a trained one knows: weights, bins, inputs of an exam, the scale.

    Raises `PipelineError` unless it is the same metanet, with the same settings, for the same task.
    """
    own: dict[str, Any] = {"settings": model.settings, "task": dict(task.settings)}
    there: dict[str, Any] = {"settings": started.model.settings, "task": dict(started.task)}
    if type(model) is not type(started.model):
        raise PipelineError(
            f"{folder}: is a {type(started.model).__name__}, but the model that is to go on from "
            f"it a {type(model).__name__}; give it the same `metanet` and `views`"
        )
    lines = [line for part in own for line in differences(there[part], own[part], part)]
    if lines:
        more = f", and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
        raise PipelineError(
            f"{folder}: is of another model than the one that is to go on from it: "
            f"{'; '.join(lines[:SHOWN])}{more}; give both the same settings and task"
        )
    if wrong := task.begin(started.state):
        raise PipelineError(f"{folder}: {wrong}")
    state = started.model.state_dict()
    if isinstance(model, Metanet):
        model.expect(state)
    model.load_state_dict(state)
