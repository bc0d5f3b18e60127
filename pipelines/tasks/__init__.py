"""Tasks: what metanets are trained to do, each in a file of its own.

`open_task(settings, graph_set)` makes one; `TASKS` has them by name. The train stage, `gmn search`,
`gmn evaluate` and the report know no more of a task than `pipelines.tasks.task.Task` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphgen import GraphSet
from pipelines.tasks.classification import Classification
from pipelines.tasks.editing import Editing
from pipelines.tasks.embedding import Embedding
from pipelines.tasks.regression import Regression
from pipelines.tasks.task import Measured, Prediction, Task

DEFAULT = Regression.name
TASKS: dict[str, type[Task]] = {
    task.name: task for task in (Regression, Classification, Editing, Embedding)
}


def task_of(settings: Mapping[str, Any]) -> type[Task]:
    """Give the task that settings name."""
    return TASKS[settings.get("task", DEFAULT)]


def settings_of(section: Mapping[str, Any]) -> dict[str, Any]:
    """Take the settings of the task out of the section `train`."""
    task = task_of(section)
    return {"task": task.name, **{k: section[k] for k in task.properties if k in section}}


def identity_of(settings: Mapping[str, Any]) -> list[Any]:
    """Give what identifies a task in the hash of a run; regression's is older than other tasks."""
    if task_of(settings) is not Regression:
        return [dict(settings)]
    beside = settings.get("auxiliary")
    return [settings["target"], *([dict(beside)] if beside else [])]


def open_task(
    settings: Mapping[str, Any], graph_set: GraphSet, networks: int | None = None
) -> Task:
    """Make a task on a graph set; `networks` is how many of its training networks are used.

        task = open_task({"task": "regression", "target": "test_accuracy"}, graph_set)

    Raises `PipelineError` where the graph set lacks what the task needs.
    """
    return task_of(settings)(settings, graph_set, networks)


__all__ = [
    "TASKS", "Measured", "Prediction", "Task", "identity_of", "open_task", "settings_of", "task_of",
]  # fmt: skip
