"""Runs: what is trained, one model and one seed each, and the folders that keep the results.

A stage that trains lists its runs, makes those that are not there yet (`processes`), each in a
hidden folder of its own where it may be stopped and taken up again (`checkpoint`), and puts them in
their places together (`collection`). A finished run is a sealed folder (`result`).
"""

from __future__ import annotations

from pipelines.runs.collection import collecting, listed_runs
from pipelines.runs.job import Job
from pipelines.runs.result import Result, read_result, result_kind, save_result

__all__ = [
    "Job", "Result", "collecting", "listed_runs", "read_result", "result_kind", "save_result",
]  # fmt: skip
