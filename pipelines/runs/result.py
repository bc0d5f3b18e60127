"""Results: a sealed folder with a module's parameters, and the settings that make it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from graphgen.files import (
    Kind,
    read_document,
    remove_leftovers,
    replacing,
    write_safetensors,
)
from graphgen.files.sealed import PARTS, remove, tidy
from metanet import MetanetError
from metanet.saved.folder import SETTINGS as SETTINGS
from metanet.saved.folder import WEIGHTS as WEIGHTS
from metanet.saved.folder import read_state
from pipelines.devices import CPU
from pipelines.errors import PipelineError
from pipelines.provenance import MADE_WITH, made_with
from pipelines.runs.checkpoint import FILE as CHECKPOINT
from pipelines.runs.history import COST, cost, without_cost, write_history
from pipelines.runs.history import FILE as HISTORY

HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
SEED = {"type": "integer", "minimum": 0}


def result_kind(
    name: str, properties: Mapping[str, Any], made_by: str, version: int = 1, **more: Any
) -> Kind:
    """Make the kind of a run's settings: what all runs have, and properties of its own.

    All properties are needed but those that `optional` in `more` lists.
    """
    optional = more.pop("optional", ())
    every = {
        "run": HASH,
        "code": HASH,
        "seed": SEED,
        "made_with": MADE_WITH,
        "parts": PARTS,
        **properties,
    }
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": [name_ for name_ in every if name_ not in optional],
        "properties": every,
        **more,
    }
    return Kind(f"graph-metanetworks/{name}", version, schema, made_by)


@dataclass(frozen=True)
class Result:
    """The folder of a finished run, read.

    Attributes:
        folder: the folder.
        settings: what the run says of itself; checked.
    """

    folder: Path
    settings: dict[str, Any]

    def state(self) -> dict[str, torch.Tensor]:
        """Read the parameters, each a tensor of its own memory; `GraphError` if they changed."""
        try:
            return read_state(self.folder, self.settings)
        except MetanetError as error:
            raise PipelineError(str(error)) from None


def save_result(
    folder: Path,
    kind: Kind,
    module: nn.Module,
    settings: Mapping[str, Any],
    rows: Sequence[Mapping[str, object]] = (),
    beside: Mapping[str, float] | None = None,
    others: Mapping[str, Callable[[Path], None]] | None = None,
) -> None:
    """Write parameters, history and settings as one result; the checkpoint has had its use.

    `beside` are the processor seconds that were spent beside the epochs in `rows`, by part, and
    `others` write further files of the result, by their names. It is `made_with` a device of the
    kind that the module is on, where that is not the CPU.
    """
    state = module.state_dict()
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in state.items()}
    kinds = {tensor.device.type for tensor in state.values()} - {CPU}
    made = {**made_with(), **({"device": kinds.pop()} if kinds else {})}
    with replacing(
        folder, SETTINGS, kind, replace=True, among=(WEIGHTS, HISTORY, *(others or {}))
    ) as new:
        new.add(WEIGHTS, lambda path: write_safetensors(path, arrays))
        if rows:
            new.add(HISTORY, lambda path: write_history(path, without_cost(rows)))
        for name, write in (others or {}).items():
            new.add(name, write)
        new.commit({**settings, "made_with": made, "parts": new.parts})
        if spent := cost(rows, beside or {}):
            write_history(folder / COST, spent)
        remove(folder / CHECKPOINT)


def complete_result(folder: Path, kind: Kind) -> None:
    """Do what a process that was killed just after it sealed a result did not come to."""
    remove_leftovers(folder)
    tidy(folder, SETTINGS, kind, resumable=False)
    remove(folder / CHECKPOINT)


def read_settings(folder: str | Path, kind: Kind) -> dict[str, Any] | None:
    """Read a finished run's settings; None where there is none, `GraphError` for damaged ones."""
    path = Path(folder) / SETTINGS
    return read_document(path, kind) if path.exists() else None


def read_result(folder: str | Path, kind: Kind) -> Result:
    """Open the folder of a finished run; `GraphError` if it holds none of this kind."""
    folder = Path(folder)
    return Result(folder, read_document(folder / SETTINGS, kind))
