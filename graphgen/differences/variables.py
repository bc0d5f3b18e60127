"""What differs in the values of variables, where two descriptions differ by nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import spec
from graphgen.differences.changes import Change, shown
from graphgen.files.model_kind import model_kind
from graphgen.sources import Net
from spec import Architecture
from spec.errors import SpecError
from spec.reference import located
from spec.yaml_reader import read_file

SILENT = ("vars", "name", "checkpoint")
"""Sections that say nothing of a network's structure, or whose difference is what is looked for."""


def of_variables(a: Net, b: Net, second: Architecture) -> list[Change]:
    """List the variables by which two files are two networks; none where there is more to it."""
    files = [authored(net) for net in (a, b)]
    if files[0] is None or files[1] is None:
        return []
    (path, mine), (_, theirs) = files[0], files[1]
    rest = ({key: v for key, v in side.items() if key not in SILENT} for side in (mine, theirs))
    ours, others = (side.get("vars") or {} for side in (mine, theirs))
    if next(rest) != next(rest) or ours.keys() != others.keys():
        return []
    changed = {name: others[name] for name in ours if others[name] != ours[name]}
    try:
        if not changed or spec.load(path, **changed).hash != second.hash:
            return []
    except SpecError:
        return []
    return [
        Change("variable", name, f"{shown(ours[name])} -> {shown(value)}")
        for name, value in changed.items()
    ]


def authored(net: Net) -> tuple[Path, dict[str, Any]] | None:
    """Read a file in the language that an argument names; None of anything else."""
    if not isinstance(net, (str, os.PathLike)):
        return None
    path = Path(located(os.fsdecode(net)))
    if not path.is_file() or model_kind(path) is not None:
        return None
    data = read_file(path).data
    return (path, data) if isinstance(data, dict) else None
