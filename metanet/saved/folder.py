"""The folder of a saved model: which files it has, and how its parameters are read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from graphgen.files import Kind, read_weights
from graphgen.files.sealed import PARTS, read_part
from metanet.errors import MetanetError
from metanet.options import shown

SETTINGS, WEIGHTS, CARD = "settings.json", "model.safetensors", "README.md"
MADE_WITH = {"type": "object", "additionalProperties": {"type": "string"}}
METANET, EDITOR, PREDICTOR = CLASSES = ("metanet", "editor", "predictor")
"""What a saved model may be: by which registry its name is found."""
SAVED = Kind(
    "graph-metanetworks/model",
    1,
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["class", "model", "settings", "about", "made_with", "parts"],
        "properties": {
            "class": {"enum": list(CLASSES)},
            "model": {"type": "string"},
            "settings": {"type": "object"},
            "fitted": {"type": "object"},
            "about": {"type": "object"},
            "made_with": MADE_WITH,
            "parts": PARTS,
        },
    },
    "`metanet.save`",
)
RUN = Kind(
    "graph-metanetworks/run",
    2,
    {
        "type": "object",
        "required": ["model", "settings", "parts"],
        "properties": {
            "model": {"type": "string"},
            "settings": {"type": "object"},
            "task": {"type": "object"},
            "parts": PARTS,
        },
    },
    "`gmn train`",
)
"""What is to be known of a training run to make its model again."""


def path_of(folder: Any) -> Path:
    """Give a folder as a path; `MetanetError` for what names none."""
    if not isinstance(folder, str | os.PathLike):
        raise MetanetError(f"`folder` is {shown(folder)}, expected the path of a folder")
    return Path(folder)


def read_state(folder: Path, settings: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Read the parameters of a saved model, each a tensor of its own memory.

    Raises `GraphError` for a file that is not the one that `settings` seals, and `MetanetError` for
    arrays that torch has no type for.
    """
    path = read_part(folder, settings, WEIGHTS)
    try:
        return {name: torch.from_numpy(array.copy()) for name, array in read_weights(path).items()}
    except TypeError as error:
        raise MetanetError(f"{path}: no parameters of a model: {error}") from None
