"""Regression: a number of each network, such as its accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from graphgen import GraphSet
from metanet import make_metanet
from pipelines.metrics import scores
from pipelines.tasks import auxiliary
from pipelines.tasks.learned import NUMBER
from pipelines.tasks.targets import read_targets
from pipelines.tasks.task import Measured, Prediction, batch_of, outputs_of


class Regression(Prediction):
    """Predict `target`, standardised over the training networks, by its mean squared error."""

    name = "regression"
    properties: ClassVar[Mapping[str, Any]] = {
        "target": {"type": "string"},
        "auxiliary": auxiliary.SCHEMA,
    }
    required = ("target",)
    defaults: ClassVar[Mapping[str, Any]] = {"auxiliary": {}}
    trees = True
    learned: ClassVar[Mapping[str, Any]] = {
        "required": ["target", "mean", "deviation"],
        "additionalProperties": False,
        "properties": {
            "target": {"type": "string"},
            "mean": NUMBER,
            "deviation": {**NUMBER, "exclusiveMinimum": 0},
        },
    }

    def __init__(
        self, settings: Mapping[str, Any], graph_set: GraphSet, networks: int | None
    ) -> None:
        super().__init__(settings, graph_set, networks)
        self.targets = read_targets(graph_set, settings["target"], networks)
        self.auxiliary = auxiliary.read_auxiliary(
            graph_set, settings["auxiliary"], self.indices["train"]
        )

    def make(self, name: str, settings: Mapping[str, Any]) -> nn.Module:
        more = {"outputs": 1 + self.auxiliary.columns} if self.auxiliary.columns else {}
        return make_metanet(name, **{**settings, **more})

    def loss(self, module: Any, chosen: Sequence[int]) -> Tensor:
        wanted = torch.from_numpy(self.targets.standardised(chosen)).float()
        output: Tensor = module(batch_of(self.graph_set, chosen, module))
        loss = nn.functional.mse_loss(output[:, 0], wanted.to(output.device))
        return loss + self.auxiliary.loss(output[:, 1:], chosen)

    def state(self, model: nn.Module) -> dict[str, Any]:
        targets = self.targets
        return {"target": targets.name, "mean": targets.mean, "deviation": targets.deviation}

    @classmethod
    def misfit(
        cls, learned: Mapping[str, Any], settings: Mapping[str, Any], model: nn.Module
    ) -> str | None:
        if learned["target"] != settings["target"]:
            return f"`target` is {learned['target']!r:.80}, but that of the task is another"
        return None

    @staticmethod
    def read(outputs: Tensor, state: Mapping[str, Any]) -> NDArray[np.float64]:
        values = outputs[:, 0].double().numpy()
        result: NDArray[np.float64] = values * state["deviation"] + state["mean"]
        return result

    @staticmethod
    def say(answer: NDArray[np.float64], state: Mapping[str, Any]) -> str:
        return f"{state['target']} {float(answer):.4f}"

    def score(self, outputs: Tensor, state: Mapping[str, Any], chosen: Sequence[int]) -> Measured:
        true, predicted = self.targets.values[list(chosen)], self.read(outputs, state)
        rows = [
            {"true": float(t), "predicted": float(p)} for t, p in zip(true, predicted, strict=True)
        ]
        return Measured(scores(true, predicted), rows)

    def validate(self, module: nn.Module, model: nn.Module) -> dict[str, float]:
        chosen = self.indices["validation"]
        predicted = self.read(outputs_of(model, self.graph_set, chosen), self.state(model))
        true = self.targets.values[chosen]
        measured = scores(true, predicted)
        return {
            "validation_loss": float(np.mean((predicted - true) ** 2)) / self.targets.deviation**2,
            "validation_r2": measured["r2"],
            "validation_tau": measured["tau"],
        }

    def wanted(self, chosen: Sequence[int]) -> Tensor:
        return torch.from_numpy(self.targets.standardised(chosen)).float()
