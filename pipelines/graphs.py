"""Graph sets as the stages read them: with records that say what pipelines need."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from graphgen import GraphSet
from graphgen.graph_set import INDEX, NATURAL
from pipelines.errors import PipelineError

BOUNDS = {"minimum": -1e100, "maximum": 1e100}
"""Of numbers, with whose squares can be reckoned; what is no number is not bounded."""
RECORD: dict[str, Any] = {
    "type": "object",
    "required": ["split"],
    "properties": {
        "index": NATURAL,
        "family": {"type": "string"},
        "zoo": {"type": "string"},
        "split": {"type": "string"},
        "network": NATURAL,
        "checkpoint": NATURAL,
        "checkpoints": NATURAL,
        "signal": NATURAL,
        "signal_split": {"enum": ["train", "test"]},
        "copy": NATURAL,
        "offset": {"type": "number", **BOUNDS},
        **{
            name: {"type": "object", "additionalProperties": BOUNDS}
            for name in ("metrics", "training", "variables", "labels")
        },
    },
}
ABOUT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "networks": {"type": "object", "additionalProperties": NATURAL},
        "diverged": NATURAL,
        "signals": {
            "type": "object",
            "required": ["name", "seed"],
            "properties": {"name": {"type": "string"}, "seed": NATURAL},
        },
        "zoos": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["dataset"],
                "properties": {"dataset": {"type": "string"}},
            },
        },
        "failed": {"type": "array", "items": NATURAL},
    },
}
_RECORD, _ABOUT = Draft202012Validator(RECORD), Draft202012Validator(ABOUT)


def open_graphs(folder: str | Path) -> GraphSet:
    """Open a graph set of a zoo, of several (`gmn union`), or of what a flow drew (`gmn sample`).

    Raises `GraphError` where there is none, and `PipelineError` for records without what the
    stages need, such as a split.
    """
    graph_set = GraphSet.open(folder)
    path = Path(folder) / INDEX
    for place, value, check in (
        ("about", graph_set.index["about"], _ABOUT),
        *((f"networks[{i}]", record, _RECORD) for i, record in enumerate(graph_set.records)),
    ):
        for error in check.iter_errors(value):
            where = ".".join([place, *map(str, error.absolute_path)])
            raise PipelineError(
                f"{path}: {where}: {error.message[:160]}; expected the graph set of a zoo, as "
                "`gmn compile ZOO --out FOLDER` makes it"
            )
    return graph_set


@lru_cache(maxsize=1)
def opened_set(folder: str, identity: str) -> GraphSet:
    """Open a graph set once in a process; `PipelineError` if it is another."""
    graph_set = GraphSet.open(folder)
    if graph_set.hash != identity:
        raise PipelineError(f"{folder}: was replaced while it was read; run the same command again")
    return graph_set
