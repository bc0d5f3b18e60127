"""A folder of Hugging Face models: each in a folder of its own, as `save_pretrained` writes them.

What is known of them is a table, whose column `model` has the folders' names: columns of numbers
are metrics, `split` is the split, and other words tell of the training.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from graphgen import Checkpoint
from graphgen.errors import GraphError
from graphgen.importers import from_huggingface
from pipelines.errors import PipelineError
from pipelines.published.folders import (
    identity,
    inside,
    matching,
    path_of,
    read_header,
    read_json,
    read_table,
)
from pipelines.published.network_set import NetworkSet, StoredNetwork, Weights, finite
from pipelines.zoo.fields import Field, text
from spec import Architecture

OPTIONS: Mapping[str, Field] = {"table": Field(text, None)}
PAPER = "models of one's own"
MODEL, SPLIT, CONFIG = "model", "split", "config.json"
OF_THE_FILE, MOST_KINDS = ("_name_or_path", "transformers_version"), 64
SPLITS = ("train", "validation", "test")


class HuggingFace(NetworkSet):
    """Models of any kinds; a handle is the name of a folder."""

    def __init__(self, folder: Path, options: Mapping[str, Any]) -> None:
        self.folder = folder
        names = [
            path_of(folder, parts).parent.name for parts in matching(folder, r"[^.].*", CONFIG)
        ]
        table = None if options["table"] is None else Path(options["table"])
        self._alike: dict[str, Architecture] = {}
        self._told = {name: {} for name in names} if table is None else read_told(table, names)
        self.networks: Sequence[Sequence[str]] = [[name] for name in names if name in self._told]
        files = [
            path_of(folder, parts)
            for parts in matching(folder, r"[^.].*", r"[^.].*")
            if parts[0].string in self._told
        ]
        configs = [folder / name / CONFIG for name in names if name in self._told]
        self.source = identity(folder, files, configs if table is None else [*configs, table])

    def read(self, handle: str) -> StoredNetwork:
        """Import a model, whose tensors are views of its mapped files."""
        path = inside(self.folder, self.folder / handle)
        config = read_json(inside(self.folder, path / CONFIG))
        config = config if isinstance(config, dict) else {}
        try:
            net, weights = self._imported(path, config)
        except GraphError as error:
            raise PipelineError(f"{error}; or take {path.name} out of {self.folder}") from None
        told = self._told[handle]
        return StoredNetwork(
            family=str(config.get("model_type") or "model"),
            net=net,
            weights=weights,
            source=handle,
            variables={},
            training={k: v for k, v in told.items() if isinstance(v, str) and k != SPLIT},
            metrics={k: v for k, v in told.items() if not isinstance(v, str)},
            about={SPLIT: told[SPLIT]} if SPLIT in told else {},
        )

    def _imported(self, path: Path, config: Mapping[str, Any]) -> tuple[Architecture, Weights]:
        """Import a model, or fit its weights to one that has the same settings.

        They fit where each stored tensor is read as one of the architecture's: then nothing that
        is stored was taken for a part of the function itself.
        """
        own = {k: v for k, v in config.items() if k not in OF_THE_FILE}
        key = json.dumps(own, sort_keys=True)
        if key in self._alike:
            with suppress(GraphError):
                checkpoint = Checkpoint.read(self._alike[key], path)
                if not checkpoint.unread:
                    return self._alike[key], checkpoint.weights
        net, weights = from_huggingface(path)
        self._alike = {**self._alike, key: net} if len(self._alike) < MOST_KINDS else {key: net}
        return net, weights


def read_told(path: Path, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Read what a table tells of each model; `PipelineError` for a model that is not there."""
    columns = read_header(path)
    told: dict[str, dict[str, Any]] = {}
    for row in read_table(path, (MODEL, *columns)):
        name = row[0]
        if name not in names or name in told:
            problem = "is there twice" if name in told else "has no folder with a config.json"
            raise PipelineError(f"{path}: the model {name!r:.80} {problem}")
        own = {c: value for c, value in zip(columns, row[1:], strict=True) if c != MODEL}
        told[name] = {
            c: value if (number := finite(value)) is None or c == SPLIT else number
            for c, value in own.items()
            if value
        }
        if SPLIT in columns and own[SPLIT] not in SPLITS:
            raise PipelineError(
                f"{path}: the split of {name!r:.80} is {own[SPLIT]!r:.80}, expected one of "
                f"{', '.join(SPLITS)}"
            )
    return told
