"""The report of learned optimizers: one HTML page with the verdict, curves and tables."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from html import escape
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
from pipelines.report import drawing
from pipelines.report.page import document

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
    names = list(dict.fromkeys(one.optimizer for one in outcomes))
    answer = "".join(f'<p class="answer">{escape(words)}</p>' for words in verdict(metrics))
    legend = "".join(
        f"<li>{drawing.legend_line(i, dashed=is_tuned(name, outcomes))}{escape(name)}</li>"
        for i, name in enumerate(names)
    )
    figures = "".join(
        panel(tasks, [one for one in outcomes if one.tasks == tasks], names, f"curves{i}")
        for i, tasks in enumerate(metrics)
    )
    tables = "".join(f"<h3>{escape(tasks)}</h3>{table(rows)}" for tasks, rows in metrics.items())
    text = json.dumps(settings, indent=2, sort_keys=True)
    body = [
        f"<header><h1>{TITLE}</h1>{answer}</header>",
        f'<section><h2>Losses by step</h2><ul class="legend">{legend}</ul>'
        f'<div class="grid">{figures}</div>'
        '<p class="note">Loss on the batch before each step, mean over networks and seeds. All '
        "optimizers train the same networks on the same batches.</p></section>",
        f"<section><h2>Losses at the horizon</h2>{tables}</section>",
        f"<section><h2>Settings</h2><details><summary>All settings</summary>"
        f"<pre>{escape(text)}</pre></details></section>",
    ]
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, document(TITLE, body).encode())
    return path


def is_tuned(name: str, outcomes: Sequence[Outcome]) -> bool:
    """Say whether an optimizer is a hand-designed one."""
    return any(one.optimizer == name and one.tuned is not None for one in outcomes)


def panel(tasks: str, outcomes: Sequence[Outcome], names: Sequence[str], identity: str) -> str:
    """Draw the curves of all optimizers on some tasks; those of hand-designed ones are dashed."""
    with drawing.panel(4.4, 3.3) as (figure, axes):
        for index, name in enumerate(names):
            own = [one for one in outcomes if one.optimizer == name]
            curve = np.mean([one.curve() for one in own], axis=0)
            axes.plot(
                np.arange(len(curve)),
                curve,
                color=drawing.colour(index),
                linewidth=1.3,
                linestyle=(0, (4, 2)) if is_tuned(name, outcomes) else "-",
            )
        axes.set(xlabel="step", ylabel="loss")
        axes.set_ylim(0, 1.15 * max(float(one.curve()[0]) for one in outcomes))
        svg = drawing.to_svg(figure, identity, f"Losses by step on {tasks}")
    return drawing.figure_html(svg, tasks)


def table(rows: Mapping[str, Any]) -> str:
    """Lay out the losses on some tasks, the best optimizer first."""
    heads = (
        "training loss",
        "test loss",
        f"ratio to the best {ELSEWHERE}",
        f"to that {HERE}",
        "times fewer steps than Adam",
    )
    head = "".join(f'<th scope="col" class="number">{escape(words)}</th>' for words in heads)
    lines = []
    for name, row in ordered(rows):
        loss, test = row["loss"], row["test_loss"]
        cells = (
            f"{loss['mean']:.4f} ± {loss['std_of_seeds']:.4f}"
            if row["seeds"] > 1
            else f"{loss['mean']:.4f}",
            f"{test['mean']:.4f}",
            shown(row, ELSEWHERE),
            shown(row, HERE),
            steps_shown(row),
        )
        columns = "".join(f'<td class="number">{escape(cell)}</td>' for cell in cells)
        lines.append(f'<tr><th scope="row">{escape(described(name, row))}</th>{columns}</tr>')
    return (
        f'<div class="scroll"><table><thead><tr><th scope="col">optimizer</th>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )
