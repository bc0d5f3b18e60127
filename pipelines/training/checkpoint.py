"""Checkpoints: what a training run needs to go on as if it had not been stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from graphgen.errors import GraphError
from graphgen.files import open_safetensors, write_safetensors

FILE = "checkpoint.safetensors"


def save_checkpoint(
    folder: Path, run: str, epoch: int, model: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Write model and optimizer after an epoch, as tensors; `run` names the run's settings."""
    arrays = {f"model.{k}": v.detach().cpu().numpy() for k, v in model.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        for key, value in state.items():
            arrays[f"optimizer.{index}.{key}"] = np.asarray(torch.as_tensor(value).cpu().numpy())
    write_safetensors(folder / FILE, arrays, {"run": json.dumps(run), "epoch": json.dumps(epoch)})


def load_checkpoint(
    folder: Path, run: str, model: nn.Module, optimizer: torch.optim.Optimizer
) -> int:
    """Restore model and optimizer, and give the number of epochs done: 0 if there is nothing.

    A checkpoint of other settings, or a damaged one, is passed over.
    """
    try:
        file = open_safetensors(folder / FILE)
    except GraphError:
        return 0
    if json.loads(file.metadata.get("run", "null")) != run:
        return 0
    tensors = {name: torch.from_numpy(array.copy()) for name, array in file.items()}
    model.load_state_dict(
        {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
    )
    state: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".", 2)
            state.setdefault(int(index), {})[key] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    return int(json.loads(file.metadata["epoch"]))
