"""The stage: pairs of all tasks, as a table, a figure and numbers."""

from __future__ import annotations

from pathlib import Path

from graphgen.files import write_bytes, write_json
from pipelines.errors import PipelineError
from pipelines.pairs.measuring import Missing, Row, measure_task
from pipelines.pairs.settings import read_tasks
from pipelines.pairs.table import markdown
from pipelines.provenance import code_of, made_with
from pipelines.results import writing_results

PAIRS, TABLE, FIGURE = "pairs.json", "table.md", "figure.svg"
FILES = (PAIRS, TABLE, FIGURE)


def compare_pairs(
    tasks_file: str | Path, out: str | Path, replace: bool = False
) -> tuple[list[Row], list[Missing]]:
    """Compare the pairs of all tasks by their finished results; give rows, and what is missing.

        rows, missing = compare_pairs("tasks.yaml", "out/pairs")

    Writes `table.md`, `figure.svg` and `pairs.json`; `results.json` says of which results they are.
    Intervals are paired, by a bootstrap over networks and seeds as in `pipelines.compare`.

    Raises `SpecError` for a file of tasks that is wrong, with the place; `GraphError` for results
    that are damaged, or that are there already, unless `replace`; `PipelineError` where no task has
    results yet.
    """
    from pipelines.report.pairs import figure  # which needs matplotlib

    tasks = read_tasks(tasks_file)
    with writing_results(Path(out), FILES, replace) as new:
        rows: list[Row] = []
        missing: list[Missing] = []
        hashes: dict[str, str] = {}
        for task in tasks:
            own, gaps, sealed = measure_task(task)
            rows += own
            missing += gaps
            if sealed is not None:
                hashes[task.results] = sealed
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
