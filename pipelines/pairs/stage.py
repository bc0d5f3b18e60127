"""The stage: pairs of all tasks, as a table, a figure and numbers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from graphgen.files import Kind, replacing, write_bytes, write_json
from pipelines.errors import PipelineError
from pipelines.pairs.known import kept_rows, read_known
from pipelines.pairs.measuring import Missing, Row, measure_task
from pipelines.pairs.settings import Task, read_tasks, wrong
from pipelines.pairs.table import markdown
from pipelines.provenance import code_of, made_with
from pipelines.results import INDEX, RESULTS

PAIRS, TABLE, FIGURE = "pairs.json", "table.md", "figure.svg"
FILES = (PAIRS, TABLE, FIGURE)
COMPARISON = Kind("graph-metanetworks/pairs", 1, RESULTS.schema, "`gmn compare`")


def compare_pairs(
    tasks_file: str | Path,
    out: str | Path,
    replace: bool = False,
    known: str | Path | None = None,
) -> tuple[list[Row], list[Missing]]:
    """Compare the pairs of all tasks by their finished results; give rows, and what is missing.

        rows, missing = compare_pairs("tasks.yaml", "out/pairs")

    Writes `table.md`, `figure.svg` and `pairs.json`; `results.json` says of which results they are.
    Intervals are paired, by a bootstrap over networks and seeds as in `pipelines.compare`. With
    `known`, the `pairs.json` of an earlier comparison, its rows of tasks whose results are not at
    hand are kept, and marked.

    Raises `SpecError` for a file of tasks that is wrong, with the place; `GraphError` for results
    that are damaged, or that are there already, unless `replace`; `PipelineError` where no task has
    results yet, and for a `known` that is no such file.
    """
    from pipelines.report.pairs import figure  # which needs matplotlib

    tasks = read_tasks(tasks_file)
    check_apart(tasks, Path(out))
    earlier = [] if known is None else read_known(Path(known))
    with replacing(Path(out), INDEX, COMPARISON, replace, among=FILES) as new:
        rows: list[Row] = []
        missing: list[Missing] = []
        hashes: dict[str, str] = {}
        for task in tasks:
            if (task.folder / INDEX).is_file():
                own, gaps, hashes[task.results] = measure_task(task)
            else:
                own, gaps = kept_rows(task, earlier)
            rows += own
            missing += gaps
        if not rows:
            raise PipelineError(
                f"{tasks_file}: no pair has results yet: "
                + "; ".join(f"{one.title}: {one.why}" for one in missing[:3])
            )
        found = {
            "rows": [row.plain() for row in rows],
            "missing": [vars(one) for one in missing],
        }
        new.add(PAIRS, lambda path: write_json(path, found))
        new.add(TABLE, lambda path: write_bytes(path, markdown(rows, missing).encode()))
        new.add(FIGURE, lambda path: write_bytes(path, figure(rows).encode()))
        about = {"results": hashes, "code": code_of(__name__), "made_with": made_with()}
        new.commit({"of": about, "parts": new.parts})
    return rows, missing


def check_apart(tasks: Sequence[Task], out: Path) -> None:
    """Raise `SpecError` for a task whose results are in the folder that is written."""
    for task in tasks:
        if os.path.realpath(task.folder) == os.path.realpath(out):
            message = f"{task.results} is where the comparison is to be written; name another --out"
            raise wrong(task.place / "results", message)
