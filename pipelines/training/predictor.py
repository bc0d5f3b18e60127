"""A predictor: a trained metanet with what it predicts and on which scale."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphgen import Graph, GraphSet
from metanet import Batch
from pipelines.devices import CPU
from pipelines.errors import PipelineError
from pipelines.tasks.registry import Prediction, task_of
from pipelines.tasks.task import outputs_of, place_of
from pipelines.training.trained import Trained


class Predictor:
    """What a trained metanet says of networks, in the units of its target.

        predictor = Predictor.load("out/train/gmn-seed0")
        predictor.predict([graph])                 # float array (1,)

    A number for each network; or the probability of each of `trained.state["classes"]`; or, of an
    embedding, its labels.
    """

    def __init__(self, trained: Trained) -> None:
        task = task_of(trained.task)
        if not issubclass(task, Prediction):
            raise PipelineError(
                f"a model of the task {task.name!r} predicts nothing; apply it by `gmn edit`"
            )
        self.trained = trained
        self.task: type[Prediction] = task

    @classmethod
    def load(cls, folder: str | Path, device: str = CPU) -> Predictor:
        """Read a predictor, to be used on a device; `PipelineError` if the folder holds none."""
        return cls(Trained.load(folder, device))

    def predict(self, graphs: Sequence[Graph]) -> NDArray[np.float64]:
        """Predict for graphs, float64 (len(graphs), ...)."""
        self.trained.model.eval()
        batch = Batch.from_graphs(graphs)
        # Views make finite numbers of any weights, and so would predictions be.
        if not all(part.values.isfinite().all() for part in batch.parts):
            raise PipelineError(
                "`graphs`: a weight of a network is not finite, expected numbers; leave it out"
            )
        with torch.no_grad():
            outputs = self.trained.model(batch.to(place_of(self.trained.model))).cpu()
        return self.read(outputs)

    def predict_set(self, graph_set: GraphSet, indices: Sequence[int]) -> NDArray[np.float64]:
        """Predict for networks of a graph set, float64 (len(indices), ...)."""
        return self.read(outputs_of(self.trained.model, graph_set, indices))

    def read(self, outputs: Tensor) -> NDArray[np.float64]:
        """Turn outputs into what is predicted; `PipelineError` if it is not finite."""
        answers = self.task.read(outputs, self.trained.state)
        if not np.isfinite(answers).all():
            raise PipelineError(
                "a prediction is not finite: weights or parameters of the model are far too large"
            )
        return answers

    def describe(self, graphs: Sequence[Graph]) -> list[str]:
        """Put what is predicted for each graph into words."""
        return [self.task.say(answer, self.trained.state) for answer in self.predict(graphs)]
