"""The report of learned optimizers: one HTML page with the verdict, curves and tables."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphgen.files import write_bytes
from pipelines.learned_optimizer.comparison import (
    ELSEWHERE,
    HERE,
    Outcome,
    described,
    ordered,
    shown,
    steps_shown,
    verdict,
)
from pipelines.report.blocks import (
    Cell,
    Chart,
    Charts,
    Column,
    Details,
    Heading,
    Legend,
    Note,
    Row,
    Section,
    Table,
)
from pipelines.report.charts import DIGITS
from pipelines.report.networks import rounded

TITLE = "Learned optimizers"


def write_report(
    file: str | os.PathLike[str],
    metrics: Mapping[str, Mapping[str, Any]],
    outcomes: Sequence[Outcome],
    settings: Mapping[str, Any],
) -> Path:
    """Write the report of a meta-test as one self-contained HTML file; give its path.

        write_report("out/report.html", summary(outcomes), outcomes, settings)

    Equal arguments give equal bytes.
    """
    from pipelines.report.page import document

    names = list(dict.fromkeys(one.optimizer for one in outcomes))
    lines = [(name, number, is_tuned(name, outcomes)) for number, name in enumerate(names)]
    charts = [
        panel(tasks, [one for one in outcomes if one.tasks == tasks], names) for tasks in metrics
    ]
    tables = [block for own in metrics.items() for block in (Heading(own[0]), table(*own))]
    remark = (
        "Loss on the batch before each step, mean over networks and seeds. All optimizers train "
        "the same networks on the same batches."
    )
    text = json.dumps(settings, indent=2, sort_keys=True)
    sections = [
        Section("Losses by step", [Legend("optimizers", lines), Charts(charts), Note(remark)]),
        Section("Losses at the horizon", tables),
        Section("Settings", [Details("All settings", text)]),
    ]
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, document(TITLE, verdict(metrics), sections).encode())
    return path


def is_tuned(name: str, outcomes: Sequence[Outcome]) -> bool:
    """Say whether an optimizer is a hand-designed one."""
    return any(one.optimizer == name and one.tuned is not None for one in outcomes)


def panel(tasks: str, outcomes: Sequence[Outcome], names: Sequence[str]) -> Chart:
    """Draw the curves of all optimizers on some tasks; those of hand-designed ones are dashed."""
    lines = []
    for number, name in enumerate(names):
        own = [one for one in outcomes if one.optimizer == name]
        curve = np.mean([one.curve() for one in own], axis=0)
        dashed = is_tuned(name, outcomes)
        points = {"x": list(range(len(curve))), "y": [rounded(value, DIGITS) for value in curve]}
        lines.append({"name": name, "colour": number, "dashed": dashed, **points})
    highest = 1.15 * max(float(one.curve()[0]) for one in outcomes)
    spec = {
        "kind": "lines",
        "lines": lines,
        "x": {"label": "step", "scale": "linear"},
        "y": {"label": "loss", "scale": "linear", "range": [0, highest]},
    }
    return Chart(tasks, f"Losses by step on {tasks}", spec)


def table(tasks: str, rows: Mapping[str, Any]) -> Table:
    """Lay out the losses on some tasks, the best optimizer first."""
    heads = (
        "training loss",
        "test loss",
        f"ratio to the best {ELSEWHERE}",
        f"to that {HERE}",
        "times fewer steps than Adam",
    )
    lines = []
    for name, row in ordered(rows):
        loss, test = row["loss"], row["test_loss"]
        deviation = f"± {loss['std_of_seeds']:.4f}" if row["seeds"] > 1 else ""
        cells = [
            Cell(f"{loss['mean']:.4f}", loss["mean"], deviation),
            Cell(f"{test['mean']:.4f}", test["mean"]),
            *(Cell(shown(row, place)) for place in (ELSEWHERE, HERE)),
            Cell(steps_shown(row)),
        ]
        lines.append(Row(described(name, row), cells))
    columns = [Column(words) for words in heads]
    return Table(f"Losses at the horizon, {tasks}", "optimizer", columns, lines)
