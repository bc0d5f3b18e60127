"""Checkpoints: what a training run needs to go on as if it had not been stopped."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from graphgen.errors import GraphError
from graphgen.files import open_safetensors, write_safetensors
from graphgen.files.document import within

FILE = "checkpoint.safetensors"
ADAM = ("step", "exp_avg", "exp_avg_sq")
"""What Adam keeps of each parameter that had a gradient."""
LARGEST = 1e300
Rows = list[Mapping[str, object]]


def save_checkpoint(
    folder: Path,
    run: str,
    epoch: int,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    rows: Sequence[Mapping[str, object]],
) -> None:
    """Write model, optimizer and history after an epoch; `run` names the run's settings."""
    arrays = {f"model.{k}": v.detach().cpu().numpy() for k, v in model.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        for key, value in state.items():
            arrays[f"optimizer.{index}.{key}"] = np.asarray(torch.as_tensor(value).cpu().numpy())
    about = {"run": json.dumps(run), "epoch": json.dumps(epoch), "history": json.dumps(list(rows))}
    seal = {"sha256": content_hash(arrays, about)}
    write_safetensors(folder / FILE, arrays, {**about, **seal})


def load_checkpoint(
    folder: Path,
    run: str,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    columns: Collection[str] = (),
) -> tuple[int, Rows]:
    """Restore model and optimizer; give the number of epochs done and their history.

    With `columns`, the history has to be of these, with a finite number in each.

    Gives 0 and nothing where there is no checkpoint of this run. A damaged one is passed over with
    a word on stderr, since the run can begin anew.
    """
    path = folder / FILE
    if not path.exists():
        return 0, []
    try:
        arrays, epoch, rows = read_checkpoint(path, run)
        check_history(path, rows, columns)
        check_fit(path, arrays, model, optimizer)
    except GraphError as error:
        print(f"{error}; the run begins anew", file=sys.stderr)
        return 0, []
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
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
    return epoch, rows


def read_checkpoint(path: Path, run: str) -> tuple[dict[str, NDArray[Any]], int, Rows]:
    """Read arrays, epoch and history, compared with their hash; `GraphError` if they differ."""
    if not within(path.parent, path):
        raise GraphError(f"{path}: leads out of {path.parent}")
    file = open_safetensors(path)
    arrays = {name: np.array(array) for name, array in file.items()}
    about = {key: file.metadata.get(key, "null") for key in ("run", "epoch", "history")}
    if file.metadata.get("sha256") != content_hash(arrays, about):
        raise GraphError(f"{path}: the content does not match its hash")
    try:
        of, epoch, rows = (json.loads(about[key]) for key in ("run", "epoch", "history"))
    except (ValueError, RecursionError):
        raise GraphError(f"{path}: its metadata are not readable as JSON") from None
    if of != run:
        raise GraphError(f"{path}: it is of another run")
    whole = isinstance(epoch, int) and isinstance(rows, list) and len(rows) == epoch
    if not whole or not all(isinstance(row, dict) for row in rows):
        raise GraphError(f"{path}: its history is not that of its {epoch!r} epochs")
    return arrays, epoch, rows


def epochs_done(folder: Path) -> int:
    """Count the epochs of a run at work, for a progress bar."""
    try:
        return int(json.loads(open_safetensors(folder / FILE).metadata["epoch"]))
    except (GraphError, OSError, ValueError, TypeError, KeyError, RecursionError):
        return 0


def check_fit(
    path: Path,
    arrays: Mapping[str, NDArray[Any]],
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
) -> None:
    """Raise `GraphError` for arrays that are not those of this model and optimizer."""
    own = model.state_dict()
    wanted = {f"model.{k}": (kind_of(v), tuple(v.shape)) for k, v in own.items()}
    found = {
        k: (str(v.dtype), v.shape) for k, v in arrays.items() if not k.startswith("optimizer.")
    }
    if wanted != found:
        names = sorted(k for k in wanted.keys() | found.keys() if wanted.get(k) != found.get(k))
        raise GraphError(f"{path}: {', '.join(names[:3])}: not as in this model")
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    kept = {
        f"optimizer.{i}.{key}": ("float32", ()) if key == "step" else (kind_of(p), tuple(p.shape))
        for i, p in enumerate(parameters)
        for key in ADAM
    }
    begun = {name.rpartition(".")[0] for name in arrays.keys() - found.keys()}
    for name in sorted(
        arrays.keys() - found.keys() | {f"{one}.{k}" for one in begun for k in ADAM}
    ):
        array = arrays.get(name)
        if array is None or (str(array.dtype), array.shape) != kept.get(name):
            raise GraphError(f"{path}: {name}: not as in this optimizer")
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise GraphError(f"{path}: {name}: got numbers that are not finite")


def kind_of(tensor: torch.Tensor) -> str:
    """Name a tensor's dtype as numpy does."""
    return str(tensor.dtype).removeprefix("torch.")


def check_history(path: Path, rows: Rows, columns: Collection[str]) -> None:
    """Raise `GraphError` for a history that has not one number in each of its columns."""
    wanted = set(columns or (rows[0] if rows else ()))
    for row in rows:
        good = all(isinstance(v, int | float) and abs(v) <= LARGEST for v in row.values())
        if set(row) != wanted or (columns and not good):
            raise GraphError(f"{path}: its history is not that of {', '.join(sorted(wanted))}")


def content_hash(arrays: Mapping[str, NDArray[Any]], about: Mapping[str, str]) -> str:
    """Give the SHA-256 of arrays, with their names, dtypes and shapes, and of words about them."""
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
