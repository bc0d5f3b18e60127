"""The tasks by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphgen import GraphSet
from pipelines.errors import PipelineError
from pipelines.tasks.classification import Classification
from pipelines.tasks.editing import Editing
from pipelines.tasks.embedding import Embedding
from pipelines.tasks.names import DEFAULT
from pipelines.tasks.regression import Regression
from pipelines.tasks.task import Measured, Prediction, Task
from spec.registry import Registry
from spec.suggestions import suggest

TASKS: Registry[type[Task]] = Registry(
    "tasks",
    {task.name: task for task in (Regression, Classification, Editing, Embedding)},
    lambda found: issubclass(found, Task),
    "a subclass of pipelines.tasks.task.Task",
)
"""The tasks by name, those of plugins too; `TASKS.register("mine")` adds one."""


def task_of(settings: Mapping[str, Any]) -> type[Task]:
    """Give the task that settings name; `PipelineError` if there is none of this name."""
    name = settings.get("task", DEFAULT)
    if name not in TASKS:
        hint = suggest(name, TASKS) or f"; known: {', '.join(TASKS)}"
        raise PipelineError(f"unknown task {name!r:.80}{hint}")
    return TASKS[name]


def settings_of(section: Mapping[str, Any]) -> dict[str, Any]:
    """Take the settings of the task out of the section `train`, with all defaults spelled out."""
    task = task_of(section)
    given = {name: section[name] for name in task.properties if name in section}
    return {"task": task.name, **task.defaults, **given}


def open_task(
    settings: Mapping[str, Any], graph_set: GraphSet, networks: int | None = None
) -> Task:
    """Make a task on a graph set; `networks` is how many of its training networks are used.

        task = open_task({"task": "regression", "target": "test_accuracy"}, graph_set)

    Raises `PipelineError` where the graph set lacks what the task needs.
    """
    return task_of(settings)(settings_of(settings), graph_set, networks)


__all__ = [
    "DEFAULT", "TASKS", "Measured", "Prediction", "Task", "open_task", "settings_of", "task_of",
]  # fmt: skip
