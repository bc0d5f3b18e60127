"""The files of a finished run: a module's parameters, and the settings that make it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from graphgen.files import read_weights, write_json, write_safetensors
from pipelines.errors import PipelineError

SETTINGS_FILE, WEIGHTS_FILE = "settings.json", "model.safetensors"


def save_result(folder: str | Path, module: nn.Module, settings: Mapping[str, Any]) -> None:
    """Write parameters and settings; the settings come last, so their file marks completion."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state = {k: v.detach().cpu().numpy() for k, v in module.state_dict().items()}
    write_safetensors(folder / WEIGHTS_FILE, state)
    write_json(folder / SETTINGS_FILE, settings)


def discard_result(folder: str | Path) -> None:
    """Mark a run as unfinished, before it is done again."""
    (Path(folder) / SETTINGS_FILE).unlink(missing_ok=True)


def read_settings(folder: str | Path) -> dict[str, Any] | None:
    """Read a finished run's settings; None where there is none."""
    path = Path(folder) / SETTINGS_FILE
    try:
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise PipelineError(f"{path}: not readable as JSON: {error}") from None
    return result


def read_state(folder: str | Path) -> dict[str, torch.Tensor]:
    """Read a finished run's parameters, each a tensor of its own memory."""
    arrays = read_weights(Path(folder) / WEIGHTS_FILE)
    return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
