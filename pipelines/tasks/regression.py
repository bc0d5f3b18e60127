"""Regression: a number of each network, such as its accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from graphgen import GraphSet
from metanet import StatNN, make_metanet
from pipelines.metrics import scores
from pipelines.tasks import auxiliary, losses
from pipelines.tasks.targets import read_targets
from pipelines.tasks.task import Measured, Prediction, batch_of, outputs_of


class Regression(Prediction):
    """Predict `target`, a number, by the loss of its kind.

    That of a share, such as an accuracy, is the cross-entropy of a logit; that of another number
    the squared error, standardised over the training networks. Trees have squared errors of both.
    """

    name = "regression"
    properties: ClassVar[Mapping[str, Any]] = {
        "target": {"type": "string"},
        "loss": {"enum": list(losses.LOSSES)},
        "auxiliary": auxiliary.SCHEMA,
    }
    required = ("target",)
    defaults: ClassVar[Mapping[str, Any]] = {"auxiliary": {}, "loss": losses.AUTO}
    trees = True
    learned: ClassVar[Mapping[str, Any]] = losses.LEARNED

    def __init__(
        self, settings: Mapping[str, Any], graph_set: GraphSet, networks: int | None
    ) -> None:
        super().__init__(settings, graph_set, networks)
        self.targets = read_targets(graph_set, settings["target"], networks)
        self.kind = losses.loss_of(settings["loss"], self.targets, graph_set.folder)
        self.auxiliary = auxiliary.read_auxiliary(
            graph_set, settings["auxiliary"], self.indices["train"]
        )

    def make(self, name: str, settings: Mapping[str, Any]) -> nn.Module:
        more = {"outputs": 1 + self.auxiliary.columns} if self.auxiliary.columns else {}
        return make_metanet(name, **{**settings, **more})

    def loss(self, module: Any, chosen: Sequence[int]) -> Tensor:
        output: Tensor = module(batch_of(self.graph_set, chosen, module))
        loss = self.own_loss(output, chosen)
        return loss + self.auxiliary.loss(output[:, 1:], chosen)

    def own_loss(self, outputs: Tensor, chosen: Sequence[int]) -> Tensor:
        """Give the loss of the target alone; `outputs` is (networks, outputs)."""
        wanted = torch.from_numpy(losses.wanted_of(self.kind, self.targets, chosen))
        own = outputs[:, 0].to(torch.promote_types(outputs.dtype, torch.float32))
        return losses.mean_loss(self.kind, own, wanted.to(own))

    def state(self, model: nn.Module) -> dict[str, Any]:
        kind = losses.SQUARED_ERROR if isinstance(model, StatNN) else self.kind
        return losses.state_of(kind, self.targets)

    def begin(self, learned: Mapping[str, Any]) -> str | None:
        if learned["loss"] != self.kind:
            return f"has the loss {learned['loss']!r}, but the target here has {self.kind!r}"
        if self.kind == losses.SQUARED_ERROR:
            scale = {"mean": learned["mean"], "deviation": learned["deviation"]}
            self.targets = replace(self.targets, **scale)
        return None

    @classmethod
    def misfit(
        cls, learned: Mapping[str, Any], settings: Mapping[str, Any], model: nn.Module
    ) -> str | None:
        if learned["target"] != settings["target"]:
            return f"`target` is {learned['target']!r:.80}, but that of the task is another"
        asked = losses.SQUARED_ERROR if isinstance(model, StatNN) else settings["loss"]
        if asked not in (losses.AUTO, learned["loss"]):
            return f"`loss` is {learned['loss']!r}, but that of the model is {asked!r}"
        return None

    @staticmethod
    def read(outputs: Tensor, state: Mapping[str, Any]) -> NDArray[np.float64]:
        return losses.read_outputs(outputs[:, 0], state)

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
        outputs = outputs_of(model, self.graph_set, chosen).double()
        measured = scores(self.targets.values[chosen], self.read(outputs, self.state(model)))
        return {
            "validation_loss": float(self.own_loss(outputs, chosen)),
            "validation_r2": measured["r2"],
            "validation_tau": measured["tau"],
        }

    def wanted(self, chosen: Sequence[int]) -> Tensor:
        return torch.from_numpy(self.targets.standardised(chosen)).float()
