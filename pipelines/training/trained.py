"""A trained metanet in its folder: weights, and settings that make it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from graphgen import GraphError
from graphgen.files import read_weights, write_json, write_safetensors
from metanet import make_editor, make_metanet
from pipelines.errors import PipelineError
from pipelines.tasks import DEFAULT, task_of

SETTINGS_FILE, WEIGHTS_FILE = "settings.json", "model.safetensors"
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
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        state = {k: v.detach().cpu().numpy() for k, v in self.model.state_dict().items()}
        write_safetensors(folder / WEIGHTS_FILE, state)
        # Regression's own form has no `task`: it is older than other tasks.
        default = task_of(self.task).name == DEFAULT
        task = {} if default else {"task": dict(self.task)}
        settings = {"model": self.name, "settings": self.model.settings, **task, **self.state}
        write_json(folder / SETTINGS_FILE, {**settings, **more})

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
            arrays = read_weights(folder / WEIGHTS_FILE)
            state = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
            model.load_state_dict(state)
        except (GraphError, RuntimeError) as error:
            raise PipelineError(f"{folder / WEIGHTS_FILE}: {error}") from None
        known = {k: v for k, v in settings.items() if k not in (*OWN, "task")}
        return cls(settings["model"], model, task, known)


def read_settings(folder: Path) -> dict[str, Any] | None:
    """Read a finished run's settings; None where there is none."""
    try:
        result: dict[str, Any] = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise PipelineError(f"{folder / SETTINGS_FILE}: not readable as JSON: {error}") from None
    return result
