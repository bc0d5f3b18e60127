"""The section that says how a report was made: versions, stages, settings, hashes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import yaml

from pipelines.report.blocks import (
    Block,
    Cell,
    Column,
    Details,
    Facts,
    Heading,
    Note,
    Row,
    Section,
    Table,
)
from pipelines.report.inputs import Content


def made(content: Content) -> Section:
    """How it was made: versions, machine, stages, hashes, and the settings of everything."""
    found = content.provenance
    versions = found.get("versions") or {}
    facts = {
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "commit": found.get("commit"),
        "written on": found.get("machine"),
        "zoo": content.zoo_index.get("hash"),
        "graph set": content.graph_set_hash,
        "results": content.results_hash,
    }
    known = [(name, str(value)) for name, value in facts.items() if value]
    blocks: list[Block] = [Facts(known)] if known else []
    if found.get("stages"):
        blocks += [Heading("Stages"), stages(found["stages"])]
        blocks.append(
            Note(
                "Processor seconds that stages noted: compile has those of views, train and search "
                "those of all runs that are shown."
            )
        )
    zoo = content.zoo_index.get("zoo")
    shown = [("Settings of the experiment", content.settings), ("Settings of the zoo", zoo)]
    shown += [(f"Settings of {name}", own) for name, own in (found.get("systems") or {}).items()]
    texts = [Details(title, settings_text(value)) for title, value in shown if value]
    blocks += [Heading("Settings"), *texts] if texts else []
    return Section("How it was made", blocks)


def stages(listed: list[Mapping[str, Any]]) -> Table:
    """Stages with their commands and seconds."""
    described = any(stage["what"] for stage in listed)
    rows = []
    for stage in listed:
        spent = stage["seconds"]
        cells = [Cell(stage["command"]), *([Cell(stage["what"])] if described else [])]
        cells.append(Cell() if spent is None else Cell(f"{spent:,.1f}", spent))
        rows.append(Row(stage["name"], cells))
    heads = [Column("command", words=True)]
    heads += [Column("what it does", words=True)] if described else []
    heads.append(Column("processor s"))
    return Table("Stages of the experiment", "stage", heads, rows)


def settings_text(value: Any) -> str:
    """Write settings as YAML."""
    written: str = yaml.safe_dump(plain(value), sort_keys=False, allow_unicode=True, width=88)
    return written


def plain(value: Any) -> Any:
    """Settings as plain dicts, lists and scalars, which YAML can write without tags."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        return [plain(item) for item in items]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value if value is None or type(value) in (bool, int, float, str) else str(value)
