"""A trained metanet in its folder: weights, and settings that make it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from graphgen.files import write_bytes
from metanet import EDITORS, METANETS, Metanet, MetanetError, make_editor, make_metanet
from metanet.options import nearest
from metanet.saved.card import card
from metanet.saved.folder import CARD
from pipelines.devices import CPU, device_of
from pipelines.errors import PipelineError
from pipelines.provenance import MADE_WITH
from pipelines.runs.collection import RUN_VERSION, run_folder
from pipelines.runs.restore import State, restored
from pipelines.runs.result import (
    HASH,
    SEED,
    SETTINGS,
    WEIGHTS,
    read_result,
    result_kind,
    save_result,
)
from pipelines.tasks.learned import NUMBER
from pipelines.tasks.registry import TASKS, Task, task_of
from pipelines.training.seen import SEEN
from spec.plugins import advice


def settings_schema(task: type[Task]) -> dict[str, Any]:
    """Give the schema of a task's settings with all defaults spelled out."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["task", *task.required, *task.defaults],
        "properties": {"task": True, **task.properties},
    }


LOAD = """\
import metanet
from pipelines.training import Predictor

model = metanet.load(folder)                     # the metanet alone
Predictor.load(folder).predict(graphs)           # in the units of its target"""
STARTED: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["run", "identity", "name", "seed"],
    "properties": {"run": HASH, "identity": HASH, "name": {"type": "string"}, "seed": SEED},
}
"""What a run says of the one that it went on from."""
RUN = result_kind(
    "run",
    {
        "asked": HASH,
        "recipe": HASH,
        "name": {"type": "string"},
        "networks": {"type": "integer", "minimum": 2},
        "model": {"type": "string"},
        "settings": {"type": "object"},
        "task": {
            "type": "object",
            "required": ["task"],
            "properties": {"task": {"type": "string", "minLength": 1}},
        },
        "learned": {"type": "object"},
        "trained_on": SEEN,
        "scores": {
            "type": "object",
            "required": ["validation"],
            "additionalProperties": {"type": "object", "additionalProperties": NUMBER},
        },
        "tried": {"type": "array", "items": {"type": "object"}},
        "trials": {"type": "integer", "minimum": 1},
        "start": STARTED,
        "needs": MADE_WITH,
    },
    "`gmn train` or `gmn search`",
    version=RUN_VERSION,
    optional=("networks", "tried", "trials", "start", "needs"),
    allOf=[
        {
            "if": {"properties": {"task": {"properties": {"task": {"const": name}}}}},
            "then": {"properties": {"learned": task.learned, "task": settings_schema(task)}},
        }
        for name, task in TASKS.known.items()
    ],
)


@dataclass
class Trained:
    """A metanet, the settings of its task, what the task learned, and what is known of the run.

        trained = Trained.load("out/train/gmn-seed0")

    Attributes:
        name: the name of the metanet or editor.
        model: the module.
        task: the settings of the task, its name as `task`.
        state: what the task is to know to read the outputs, such as the target's mean.
        about: the rest of the run's settings, such as its `seed`, its `scores` on validation
            networks and what it was `trained_on`.
    """

    name: str
    model: nn.Module
    task: Mapping[str, Any]
    state: Mapping[str, Any]
    about: Mapping[str, Any] = field(default_factory=dict)

    def save(
        self,
        folder: str | Path,
        about: Mapping[str, Any],
        rows: Sequence[Mapping[str, object]] = (),
        beside: Mapping[str, float] | None = None,
        others: Mapping[str, Callable[[Path], None]] | None = None,
    ) -> None:
        """Write the run's result: parameters, all settings with all options, history and cost.

        A card says what is known of it; `others` write further files of it, by their names.
        """
        settings = {
            **about,
            "model": self.name,
            "settings": self.model.settings,
            "task": dict(self.task),
            "learned": dict(self.state),
        }
        text = card(str(about.get("name", self.name)), self.described(about), LOAD)
        files = {CARD: lambda path: write_bytes(path, text.encode()), **(others or {})}
        save_result(Path(folder), RUN, self.model, settings, rows, beside, files)

    def described(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """Say for the card what the run knows of itself."""
        aim = self.task.get("target") or self.task.get("edit") or "its task"
        said: dict[str, Any] = {
            "what": f"`{self.name}`, trained for {self.task['task']}: {aim}.",
            "scores": {f"{k}, validation": v for k, v in about["scores"]["validation"].items()},
        }
        if seen := about.get("trained_on"):
            said["data"] = [
                f"{seen['networks']} networks of {', '.join(seen['families'])}, "
                f"with {seen['parameters'][0]} to {seen['parameters'][1]} parameters",
                f"the graph set {seen['graph_set']}",
            ]
        return said

    @classmethod
    def load(cls, folder: str | Path, device: str = CPU) -> Trained:
        """Read a trained metanet, and put it on a device.

        Raises `GraphError` if the folder holds none, or files that were changed or that another
        version wrote, and `PipelineError` for settings that make no such model.
        """
        place = device_of(device)
        result = read_result(run_folder(folder), RUN)
        settings = result.settings
        try:
            task = task_of(settings["task"])
        except PipelineError as error:
            raise PipelineError(
                f"{result.folder / SETTINGS}: {error}{advice(settings.get('needs', {}))}"
            ) from None
        if settings["model"] not in (known := EDITORS if task.editor else METANETS):
            raise PipelineError(
                f"{result.folder / SETTINGS}: unknown model {settings['model']!r}; "
                f"{nearest(settings['model'], list(known))}{advice(settings.get('needs', {}))}"
            )

        def make(state: State) -> nn.Module:
            own = make_editor if task.editor else make_metanet
            model = own(settings["model"], **settings["settings"])
            if isinstance(model, Metanet):
                try:
                    model.expect(state)
                except MetanetError as error:
                    raise PipelineError(f"{result.folder / WEIGHTS}: {error}") from None
            return model

        inside = settings["settings"].get("settings") or settings["settings"]
        model = restored(result, make, inside).to(place)
        if wrong := task.misfit(settings["learned"], settings["task"], model):
            raise PipelineError(f"{result.folder / SETTINGS}: learned: {wrong}")
        own = ("model", "settings", "task", "learned", "parts", "format", "version")
        about = {key: value for key, value in settings.items() if key not in own}
        return cls(settings["model"], model, settings["task"], settings["learned"], about)
