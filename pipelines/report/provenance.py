"""Where a report comes from: code, machine, and the stages that made what it shows."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from pipelines.provenance import made_with
from pipelines.runs.history import read_cost

CPU = Path("/proc/cpuinfo")


def provenance(
    root: Path, graphs: Path, runs: Mapping[str, Path], systems: Mapping[str, Any]
) -> dict[str, Any]:
    """Give what a report says of how its experiment was made.

        provenance(Path("."), Path("out/graphs"), {"gmn-seed0": Path("out/train/gmn-seed0")}, {})

    `runs` are the folders of the runs that were evaluated, and `systems` the settings of each. What
    is not known is left out: a commit where there is no repository, seconds that no stage noted.
    """
    return {
        "versions": {"python": platform.python_version(), **made_with()},
        "commit": commit(root),
        "machine": machine(),
        "stages": stages(root, seconds(graphs, runs.values())),
        "systems": dict(systems),
    }


def commit(root: Path) -> str | None:
    """Give the commit of the repository that a folder is in, and whether its code was changed."""
    try:
        found = git(root, "rev-parse", "HEAD")
        code = ("*.py", "*.c", "*.h", "*.yaml")
        changed = git(root, "status", "--porcelain", "--untracked-files=no", "--", *code)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return f"{found} (with changes)" if changed else found


def git(root: Path, *arguments: str) -> str:
    """Give what git says of a folder."""
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, check=True, timeout=60
    )
    return done.stdout.decode().strip()


def machine() -> str:
    """Describe the machine that this runs on."""
    processor = platform.processor() or platform.machine()
    if CPU.is_file():
        lines = CPU.read_text(encoding="utf-8", errors="replace").splitlines()
        named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        processor = next(named, processor)
    cores = os.cpu_count() or 1
    return f"{processor}, {cores} core{'s' if cores > 1 else ''}, {platform.system()}"


def stages(root: Path, spent: Mapping[str, float]) -> list[dict[str, Any]]:
    """List the stages of an experiment's `dvc.yaml`: name, command, what for, and seconds."""
    try:
        found = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))
        listed = dict(found["stages"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, ValueError):
        return []
    rows = []
    for name, stage in listed.items():
        own = stage.get("do", stage) if isinstance(stage, Mapping) else {}
        if isinstance(own, Mapping) and own.get("cmd"):
            command = own["cmd"]
            lines = command if isinstance(command, list) else [command]
            row = {"name": str(name), "command": "\n".join(map(str, lines))}
            row["what"] = str(own.get("desc") or "")
            rows.append({**row, "seconds": spent.get(str(name))})
    return rows


def seconds(graphs: Path, runs: Iterable[Path]) -> dict[str, float]:
    """Add up the processor seconds that stages noted: of views, of training, of searches."""
    from graphgen.errors import GraphError
    from graphgen.files import read_document
    from graphgen.graph_set_index import INDEX
    from graphgen.stored_view_index import VIEW

    found: dict[str, float] = {}
    for place in sorted((graphs / "views").glob(f"*/{INDEX}")):
        try:
            spent = read_document(place, VIEW)["seconds"]
        except (GraphError, OSError):
            continue
        found["compile"] = found.get("compile", 0.0) + sum(spent.values())
    searched: dict[Path, float] = {}
    for folder in runs:
        parts = read_cost(folder)
        own = sum(value for part, value in parts.items() if part != "search")
        if parts:
            found["train"] = found.get("train", 0.0) + own
        if "search" in parts:  # which all seeds of a system have in common
            searched[folder.parent] = parts["search"]
    return {**found, "search": sum(searched.values())} if searched else found
