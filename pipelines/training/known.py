"""Which networks a model knows: those that it, and what it went on from, was trained by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from graphgen import GraphSet
from graphgen.files import open_safetensors, write_safetensors
from graphgen.files.sealed import parts_of, read_part
from pipelines.errors import PipelineError
from pipelines.fingerprints import SIZE, Marks, all_marks, fingerprints
from pipelines.graphs import opened_set
from pipelines.runs.collection import run_folder
from pipelines.runs.result import SETTINGS, read_result
from pipelines.training.trained import RUN

FILE = "networks.safetensors"
TRAIN, VALIDATION = "train", "validation"


@dataclass(frozen=True)
class Known:
    """Fingerprints of networks that were trained on, and of those that training was judged by."""

    train: Marks
    validation: Marks

    def __or__(self, other: Known) -> Known:
        return Known(self.train | other.train, self.validation | other.validation)

    def write(self, path: Path) -> None:
        """Write them, in order, as rows of bytes."""
        write_safetensors(path, {TRAIN: rows(self.train), VALIDATION: rows(self.validation)})


def known_of(graph_set: GraphSet, indices: Mapping[str, Sequence[int]]) -> Known:
    """Identify the networks of a graph set that a training uses.

    known_of(graph_set, task.indices).train
    """
    return Known(
        *(all_marks(fingerprints(graph_set, indices[name])) for name in (TRAIN, VALIDATION))
    )


@lru_cache(maxsize=64)
def read_known(folder: Path, run: str) -> Known:
    """Read which networks a finished run knows; `PipelineError` if it is another run, or silent."""
    result = read_result(run_folder(folder), RUN)
    if result.settings["run"] != run:
        raise PipelineError(f"{folder}: was replaced while it was read; run the same command again")
    if FILE not in parts_of(result.settings):
        raise PipelineError(
            f"{folder}: does not say which networks it was trained on, as runs of before; train it "
            "again by `gmn train`"
        )
    path = read_part(result.folder, result.settings, FILE)
    file = open_safetensors(path)
    found = []
    for name in (TRAIN, VALIDATION):
        array = np.array(file[name]) if name in file else np.empty(0)
        if array.dtype != np.uint8 or array.ndim != 2 or array.shape[1] != SIZE:
            raise PipelineError(
                f"{path}: {name}: got {array.dtype} {list(array.shape)}, expected rows of {SIZE} "
                f"bytes, as {SETTINGS} of today; train it again by `gmn train`"
            )
        found.append(frozenset(row.tobytes() for row in array))
    return Known(*found)


def check_unknown(known: Known, graphs: str, identity: str, who: str) -> None:
    """Raise `PipelineError` for networks held out by a graph set that a model knows.

    Those that it was trained on are in no split but `train`, and those that it was judged by in
    none but `train` and `validation`. `who` is what messages call the model.
    """
    for split, marks in held_out(graphs, identity).items():
        used = known.train if split == VALIDATION else known.train | known.validation
        if found := [i for i, own in marks if own & used]:
            raise PipelineError(
                f"{who}: it was trained with {len(found)} of the {len(marks)} networks of the "
                f"split {split!r} of {graphs}, such as network {found[0]}, which would tell "
                "nothing about others; take a run that was trained without these, or other splits"
            )


@lru_cache(maxsize=2)
def held_out(graphs: str, identity: str) -> dict[str, list[tuple[int, Marks]]]:
    """Identify the networks of each split but that for training, with their numbers."""
    graph_set = opened_set(graphs, identity)
    chosen = [i for i, row in enumerate(graph_set.records) if row["split"] != TRAIN]
    found: dict[str, list[tuple[int, Marks]]] = {}
    for i, own in zip(chosen, fingerprints(graph_set, chosen), strict=True):
        found.setdefault(graph_set.records[i]["split"], []).append((i, own))
    return found


def rows(marks: Iterable[bytes]) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Lay fingerprints out as rows of bytes, in order."""
    own = sorted(marks)
    return np.frombuffer(b"".join(own), np.uint8).reshape(len(own), SIZE)
