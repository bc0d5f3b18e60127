"""A trained metanet in its folder: weights, and settings that make it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from graphgen import GraphError
from metanet import make_editor, make_metanet
from pipelines.errors import PipelineError
from pipelines.tasks import DEFAULT, task_of
from pipelines.training.result import (
    SETTINGS_FILE,
    WEIGHTS_FILE,
    read_settings,
    read_state,
    save_result,
)

OWN = ("model", "settings")


@dataclass
class Trained:
    """A metanet, the settings of its task, and what the task knows of it.

    trained = Trained.load("out/train/gmn-seed0")
    """

    name: str
    model: nn.Module
    task: Mapping[str, Any]
    state: Mapping[str, Any]

    def save(self, folder: str | Path, **more: Any) -> None:
        """Write weights and settings; the settings come last, so their file marks completion."""
        # Regression's own form has no `task`: it is older than other tasks.
        default = task_of(self.task).name == DEFAULT
        task = {} if default else {"task": dict(self.task)}
        settings = {"model": self.name, "settings": self.model.settings, **task, **self.state}
        save_result(folder, self.model, {**settings, **more})

    @classmethod
    def load(cls, folder: str | Path) -> Trained:
        """Read a trained metanet; `PipelineError` if the folder holds none."""
        folder = Path(folder)
        settings = read_settings(folder)
        if settings is None:
            raise PipelineError(
                f"{folder}: no finished training run here ({SETTINGS_FILE} is missing); expected "
                "a folder such as out/train/gmn-seed0"
            )
        task = settings.get("task") or {"target": settings["target"]}
        make = make_editor if task_of(task).editor else make_metanet
        model = make(settings["model"], **settings["settings"])
        try:
            model.load_state_dict(read_state(folder))
        except (GraphError, RuntimeError) as error:
            raise PipelineError(f"{folder / WEIGHTS_FILE}: {error}") from None
        known = {k: v for k, v in settings.items() if k not in (*OWN, "task")}
        return cls(settings["model"], model, task, known)
