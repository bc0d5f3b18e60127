"""Costs: processor seconds and trials of the systems that a table compares.

They differ from one time to the next, so they are kept beside the results and are no part of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from graphgen.errors import GraphError
from graphgen.files import Kind, read_document, write_document
from pipelines.metrics.text import aligned
from pipelines.runs.history import SEARCH, read_cost

if TYPE_CHECKING:  # a report reads costs, and needs no torch for that
    from pipelines.training.trained import Trained

FILE = "cost.json"
HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
SECONDS = {"type": "number", "minimum": 0}
COST = Kind(
    "graph-metanetworks/cost",
    1,
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["results", "models"],
        "properties": {
            "results": HASH,
            "models": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["trials"],
                    "properties": {
                        "training": SECONDS,
                        "prediction": SECONDS,
                        "views": SECONDS,
                        "making": SECONDS,
                        "search": SECONDS,
                        "trials": {"type": "integer", "minimum": 0},
                    },
                },
            },
        },
    },
    "`gmn evaluate`",
)


@dataclass(frozen=True)
class Column:
    """A column of a table of costs: its label, of which key, and in which unit."""

    label: str
    key: str
    factor: float = 1.0

    def words(self, cost: Mapping[str, Any]) -> str:
        """Write what a system cost; "" where it is not known."""
        if self.key not in cost:
            return ""
        value = cost[self.key] * self.factor
        if isinstance(value, int) or value >= 1000:
            return f"{value:,.0f}"
        return f"{value:.3g}"


COLUMNS = (
    Column("training s", "training"),
    Column("prediction ms", "prediction", 1e3),
    Column("views ms", "views", 1e3),
    Column("making s", "making"),
    Column("trials", "trials", 1),
    Column("search s", "search"),
)
"""Processor seconds of a run, of a network, and of a search."""


def cost_of(
    runs: Sequence[tuple[Path, Trained]], measured: Sequence[Mapping[str, float]]
) -> dict[str, Any]:
    """Say what a system cost, by the means over its runs of what they took and `measured` of them.

    `training` is that of a run with all that is done around its epochs; `trials` and `search` are
    of the search that chose its settings; `prediction` is of one network, and so is `views`, which
    come before it; `making` is what views had to be made from training networks.
    """
    spent = [read_cost(folder) for folder, _ in runs]
    trained = [sum(v for part, v in one.items() if part != SEARCH) for one in spent if one]
    searched = [one[SEARCH] for one in spent if SEARCH in one]
    about = runs[0][1].about
    found: dict[str, Any] = {"trials": about.get("trials", len(about.get("tried", ())))}
    if trained:
        found["training"] = round(fmean(trained), 3)
    if searched:
        found["search"] = round(fmean(searched), 3)
    for name in dict.fromkeys(name for one in measured for name in one):
        found[name] = round(fmean(one[name] for one in measured if name in one), 9)
    return found


def table(models: Mapping[str, Mapping[str, Any]]) -> str:
    """Lay the costs of systems out as an aligned plain-text table."""
    columns = known(models)
    lines = [["model", *(column.label for column in columns)]]
    lines += [[name, *(column.words(own) for column in columns)] for name, own in models.items()]
    return aligned(lines)


def known(models: Mapping[str, Mapping[str, Any]]) -> list[Column]:
    """List the columns that some system has something in."""
    return [column for column in COLUMNS if any(own.get(column.key) for own in models.values())]


def write_costs(folder: Path, results: str, models: Mapping[str, Mapping[str, Any]]) -> None:
    """Write what the systems of results cost, beside these, which their hash names."""
    write_document(folder / FILE, COST, {"results": results, "models": dict(models)})


def read_costs(folder: Path, results: str) -> dict[str, dict[str, Any]]:
    """Read what the systems of results cost, by name; nothing where it is not known."""
    try:
        document = read_document(folder / FILE, COST)
    except GraphError:
        return {}
    models: dict[str, dict[str, Any]] = document["models"]
    return models if document["results"] == results else {}
