"""Reports: one HTML file that shows what an experiment found, readable anywhere and offline."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from graphgen.errors import GraphError
from graphgen.files.atomic import write_bytes
from pipelines.errors import PipelineError
from pipelines.report.inputs import read

__all__ = ["write_report"]


def write_report(
    out_file: str | os.PathLike[str],
    *,
    zoo_index: Mapping[str, Any],
    metrics: Mapping[str, Mapping[str, Any]],
    predictions: Iterable[Mapping[str, Any]] | str | os.PathLike[str],
    histories: Mapping[str, str | os.PathLike[str] | None],
    settings: Mapping[str, Any],
    split_sizes: Mapping[str, int] | None = None,
    test_size: int | None = None,
    graph_set_hash: str | None = None,
    results_hash: str | None = None,
    examples: Mapping[str, Any] | None = None,
    costs: Mapping[str, Mapping[str, Any]] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Path:
    """Write the report of an experiment as one self-contained HTML file; return its path.

    ```python
    write_report("report.html", zoo_index=index, metrics=metrics,
                 predictions="evaluate/predictions.csv",
                 histories={"gmn-seed0": "train/gmn-seed0/history.csv"}, settings=parameters)
    ```

    Args:
        out_file: the file to write, atomically; its folder is made where it is missing.
        zoo_index: the parsed `index.json` of the zoo.
        metrics: the summary over seeds, as `metrics.json` has it (`pipelines.compare`).
        predictions: a CSV file, or rows, with columns model, seed, network, family, split, true
            and predicted (tasks other than regression have others in their place). The split called
            "test" is shown, or else the last one.
        histories: `"<model>-seed<k>"` to a `history.csv` or its folder; runs without one may be
            left out, be None, or name a file that does not exist.
        settings: the settings of the experiment. A `task` and a `target` in it, or in one of its
            sections, say what is learned; the defaults are `regression` and `test_accuracy`.
        split_sizes: networks per split; counted in `predictions` by default.
        test_size: number of examples that the zoo's accuracies were measured on, for the ceiling
            of R2; by default the `test_size` of the zoo index, its `zoo` or its `zoo.data`.
        graph_set_hash: hash of the graph set, shown if given.
        results_hash: hash of the results, shown if given.
        examples: the arrays of `examples.safetensors`, images (n, H, W, c) by `<model>.<what>`.
        costs: what each model cost, as `cost.json` has it.
        provenance: versions, commit, machine, stages and the settings of each system, as
            `pipelines.report.provenance` gives them.

    Equal arguments give equal bytes. Raises `PipelineError` for metrics, predictions or histories
    that cannot be read, with the place, and for a file that cannot be written.
    """
    from pipelines.report.experiment import experiment_page  # which needs matplotlib

    content = read(
        zoo_index=zoo_index,
        metrics=metrics,
        predictions=predictions,
        histories=histories,
        settings=settings,
        split_sizes=split_sizes,
        test_size=test_size,
        graph_set_hash=graph_set_hash,
        results_hash=results_hash,
        examples=examples,
        costs=costs,
        provenance=provenance,
    )
    out = Path(out_file)
    text = experiment_page(content)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        # A lone surrogate in a name has no UTF-8 form, and is no reason to lose the report.
        write_bytes(out, text.encode("utf-8", "backslashreplace"))
    except (GraphError, OSError) as error:
        raise PipelineError(f"{out}: the report cannot be written: {error}") from error
    return out
