"""Fitting one metanet: the loss of its task, over the training networks of a graph set."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric
from torch import Tensor

from pipelines.errors import PipelineError
from pipelines.runs import loop
from pipelines.runs.batches import Batches
from pipelines.runs.checkpoint import Rows
from pipelines.tasks.registry import Prediction, Task
from pipelines.tasks.task import outputs_of
from pipelines.training.observing import observe
from pipelines.training.start import Start, begin
from pipelines.training.trained import Trained


class OnATask(Batches):
    """A metanet that is trained on a task; `model` is what is kept of `trained`."""

    def __init__(
        self,
        task: Task,
        name: str,
        settings: Mapping[str, Any],
        batch_size: int,
        seed: int,
        fabric: Fabric,
        start: Start | None = None,
    ) -> None:
        super().__init__(len(task.indices["train"]), batch_size, seed, fabric)
        fabric.seed_everything(seed, verbose=False)
        self.task, self.model = task, task.make(name, settings)
        if start is None:
            observe(self.model, task)
        else:
            begin(self.model, task, start.load(), start.folder)
        self.trained = self.kept = task.trained(self.model)

    def loss(self, chosen: Sequence[int], own: Sequence[int]) -> Tensor:
        train = self.task.indices["train"]
        return self.task.loss(self.trained, [train[chosen[place]] for place in own])

    def validated(self) -> dict[str, float]:
        """Measure the metanet; outputs that are not finite have no scores, and such a loss."""
        task = self.task
        try:
            return task.validate(self.trained, self.model)
        except PipelineError:
            if not isinstance(task, Prediction):
                raise
            outputs = outputs_of(self.model, task.graph_set, task.indices["validation"])
            if bool(outputs.isfinite().all()):
                raise
            return {"validation_loss": math.nan}


def fit(
    name: str,
    settings: Mapping[str, Any],
    training: Mapping[str, Any],
    task: Task,
    seed: int,
    folder: Path,
    run: str,
    fabric: Fabric,
    start: Start | None = None,
) -> tuple[Trained, Rows]:
    """Train a metanet on the training networks of its task; give the history of its epochs too.

    With a `start`, it goes on from what that run learned.

    Several processes share each batch, and give the same numbers as one up to rounding, but for
    what draws by itself. All else is said of the loop, `pipelines.runs.loop.fit`.
    """
    objective = OnATask(task, name, settings, training["batch_size"], seed, fabric, start)
    rows = loop.fit(objective, training, folder, run, fabric)
    model = objective.model
    return Trained(name, model, task.settings, task.state(model)), rows
