"""Mutated pairs.json of earlier comparisons: their rows are kept, or refused with the file."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
from fuzz.json_mutations import change
from fuzz.limits import bounded
from pair_toys import pair, task, write

from graphgen import GraphError
from pipelines.errors import PipelineError
from pipelines.pairs.known import kept_rows, read_known
from pipelines.pairs.settings import read_tasks
from pipelines.pairs.table import lines, markdown

OWN = task(pair("a", "b"), scores=["tau", "mae"])
ROW = {
    **{"group": OWN["group"], "title": OWN["title"], "with_it": "a", "without": "b"},
    **{"score": "tau", "means": [0.8, 0.7], "gain": 0.1, "low": 0.05, "high": 0.2, "ratio": False},
    **{"networks": 30, "seeds": [3, 3], "costs": [{"training": 1.5, "trials": 4}, {}]},
}
FILE = {"rows": [ROW, {**ROW, "score": "mae", "ratio": True, "better": "lower"}], "missing": []}


def kept(file: Path, tasks: Any) -> bool:
    """Keep the rows of a file, and write them; say whether it was taken."""
    try:
        known = read_known(file)
    except (PipelineError, GraphError) as error:
        if str(file) in str(error):
            return False
        raise
    found = kept_rows(tasks[0], known)
    lines(*found)
    markdown(*found)
    return True


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_mutated_pairs_are_kept_or_refused(seed: int, tmp_path: Path) -> None:
    tasks = read_tasks(write(tmp_path, OWN))
    file = tmp_path / "pairs.json"
    count, taken = (1000 if seed else 200), 0
    for number in range(count):
        words, data = change(copy.deepcopy(FILE), random.Random(f"{seed}/{number}"))
        file.write_bytes(data)
        try:
            with bounded(5.0, 1 << 30):
                taken += kept(file, tasks)
        except Exception as error:
            raise AssertionError(f"seed {seed}, mutation {number}: {words}") from error
    assert 0 < taken < count
