"""Matching networks with another of their architecture: one, or many that are shared out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import graphgen
from graphgen.files import claim_file
from pipelines.errors import PipelineError
from pipelines.stamps import Stamp, stamp
from pipelines.workers import fan_out

if TYPE_CHECKING:
    from spec import Architecture


@dataclass(frozen=True)
class Aligned:
    """A network that was aligned with a target, and written.

    Attributes:
        out: its file.
        how: how it was matched, as `graphgen.Match` says it.
        distance: its Euclidean distance to the target, over all trainable tensors.
        before: that of the network as it was given.
        lower_bound: what no element of the group brings the distance below.
    """

    out: str
    how: str
    distance: float
    before: float
    lower_bound: float


def align(
    net: str | Path,
    target: str | Path | None,
    files: Mapping[str | Path, str | Path],
    variables: Mapping[str, Any] | None = None,
    permutations_only: bool = False,
    replace: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
) -> list[Aligned]:
    """Align networks of one architecture with a target; write each, and say how close it came.

        align("net.yaml", "a.safetensors", {"b.safetensors": "aligned/b.safetensors"})

    `files` gives for each network the file for what is aligned. Without a target, `net` is a model,
    and the target its own weights. The numbers are the same whatever the number of `workers`
    (processes; by default all cores) and on a Dask `scheduler`, whose workers have to see all
    files.
    """
    for out in files.values():
        claim_file(Path(out), replace)
    settings = json.dumps(dict(variables or {}), default=str)
    every = [(net, target, file, out) for file, out in files.items()]
    if scheduler is not None:
        every = [tuple(one and Path(one).resolve() for one in paths) for paths in every]  # type: ignore[misc]
    # A worker that dies may have written its file, and it is written again.
    over = replace or len(every) > 1
    calls = [
        (*(one and str(one) for one in paths), settings, permutations_only, over) for paths in every
    ]
    found = fan_out(
        *(align_one, calls, workers, scheduler, [__name__], lambda call: str(call[2]), "match"),
        here=False,
    )
    return list(found)


def align_one(
    net: str,
    target: str | None,
    file: str,
    out: str,
    variables: str,
    permutations_only: bool,
    replace: bool,
) -> Aligned:
    """Align one network with a target, and write it."""
    architecture, own = read_net(net, variables, stamp(net))
    given: Any = own if target is None else target
    if given is None:
        raise PipelineError(f"{net}: has no weights of its own; name a file of the target's")
    theirs = graphgen.Checkpoint.read(architecture, given).weights
    checkpoint = graphgen.Checkpoint.read(architecture, file)
    free = not permutations_only
    # By their paths, so that what is wrong in one of them is told of that one.
    found = graphgen.match(architecture, given, file, signs=free, scales=free)
    aligned = found.apply(checkpoint.weights)

    def distance(arrays: Mapping[str, Any]) -> float:
        return float(
            np.sqrt(
                sum(
                    np.square(arrays[name].astype(float) - theirs[name].astype(float)).sum()
                    for name in architecture.parameters
                )
            )
        )

    checkpoint.write(out, aligned, replace)
    before = distance(checkpoint.weights)
    return Aligned(out, found.how, distance(aligned), before, found.lower_bound)


def places_for(files: Sequence[Path], out: Path) -> dict[str | Path, str | Path]:
    """Name the files of aligned networks: `out` for one, else each by its own name in that folder.

    Raises `PipelineError` for two files of one name.
    """
    if len(files) == 1:
        return {files[0]: out}
    places: dict[str | Path, str | Path] = {file: out / file.name for file in files}
    if len(set(places.values())) < len(files):
        raise PipelineError(
            f"several of the {len(files)} files have one name, and would be one file in {out}: "
            "rename them, or match them one by one"
        )
    return places


@lru_cache(maxsize=1)
def read_net(
    net: str, variables: str, _: Stamp | None
) -> tuple[Architecture, dict[str, Any] | None]:
    """Read an architecture, and the weights of a model, once in a process."""
    from pipelines.commands.networks import read

    return read(Path(net), json.loads(variables))
