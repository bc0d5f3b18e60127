"""Classification: which of a few classes each network has, such as the class of an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from graphgen import GraphSet
from metanet import make_metanet
from pipelines.errors import PipelineError
from pipelines.metrics import class_scores
from pipelines.tasks import auxiliary, warps
from pipelines.tasks.learned import count_outputs
from pipelines.tasks.targets import read_values
from pipelines.tasks.task import Measured, Prediction, batch_of, outputs_of


class Classification(Prediction):
    """Predict the class `target`, a word or a whole number, by cross entropy."""

    name = "classification"
    properties: ClassVar[Mapping[str, Any]] = {
        "target": {"type": "string"},
        "label_smoothing": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
        "auxiliary": auxiliary.SCHEMA,
        "augment": warps.SCHEMA,
    }
    required = ("target",)
    defaults: ClassVar[Mapping[str, Any]] = {
        "auxiliary": {},
        "label_smoothing": 0.0,
        "augment": {},
    }
    trees = True
    learned: ClassVar[Mapping[str, Any]] = {
        "required": ["target", "classes"],
        "additionalProperties": False,
        "properties": {
            "target": {"type": "string"},
            "classes": {
                "type": "array",
                "items": {"type": ["string", "integer", "boolean"]},
                "minItems": 2,
            },
        },
    }

    def __init__(
        self, settings: Mapping[str, Any], graph_set: GraphSet, networks: int | None
    ) -> None:
        super().__init__(settings, graph_set, networks)
        train = self.indices["train"]
        self.values = read_values(graph_set, settings["target"])
        self.classes = classes_of(graph_set, settings["target"], self.values, train)
        self.auxiliary = auxiliary.read_auxiliary(graph_set, settings["auxiliary"], train)
        self.warps = warps.Warps.of(settings["augment"], graph_set)

    def make(self, name: str, settings: Mapping[str, Any]) -> nn.Module:
        outputs = len(self.classes) + self.auxiliary.columns
        return make_metanet(name, **{**settings, "outputs": outputs})

    def loss(self, module: Any, chosen: Sequence[int]) -> Tensor:
        batch = batch_of(self.graph_set, chosen, module)
        output: Tensor = module(batch if self.warps is None else self.warps(batch))
        count = len(self.classes)
        loss = nn.functional.cross_entropy(
            output[:, :count],
            self.wanted(chosen).long().to(output.device),
            label_smoothing=self.settings["label_smoothing"],
        )
        return loss + self.auxiliary.loss(output[:, count:], chosen)

    def state(self, model: nn.Module) -> dict[str, Any]:
        return {"target": self.settings["target"], "classes": self.classes}

    def begin(self, learned: Mapping[str, Any]) -> str | None:
        if learned["classes"] != self.classes:
            return (
                f"has {len(learned['classes'])} classes, which are not the {len(self.classes)} here"
            )
        return None

    @classmethod
    def misfit(
        cls, learned: Mapping[str, Any], settings: Mapping[str, Any], model: nn.Module
    ) -> str | None:
        if learned["target"] != settings["target"]:
            return f"`target` is {learned['target']!r:.80}, but that of the task is another"
        classes, outputs = learned["classes"], count_outputs(model)
        if len(set(classes)) < len(classes):
            return "`classes` has one of them twice"
        if len(classes) > outputs or (len(classes) < outputs and not settings["auxiliary"]):
            return f"`classes` has {len(classes)}, but the model has {outputs} outputs"
        return None

    @staticmethod
    def read(outputs: Tensor, state: Mapping[str, Any]) -> NDArray[np.float64]:
        result: NDArray[np.float64] = (
            outputs[:, : len(state["classes"])].double().softmax(1).numpy()
        )
        return result

    @staticmethod
    def say(answer: NDArray[np.float64], state: Mapping[str, Any]) -> str:
        classes = state["classes"]
        order = np.argsort(-answer, kind="stable")
        shares = ", ".join(f"{classes[i]}: {answer[i]:.3f}" for i in order)
        return f"{state['target']} {classes[order[0]]} ({shares})"

    def score(self, outputs: Tensor, state: Mapping[str, Any], chosen: Sequence[int]) -> Measured:
        probabilities = self.read(outputs, state)
        true = [self.values[i] for i in chosen]
        best = probabilities.argmax(1)
        predicted = [state["classes"][i] for i in best]
        rows = [
            {"true": t, "predicted": p, "probability": round(float(row[i]), 6)}
            for t, p, row, i in zip(true, predicted, probabilities, best, strict=True)
        ]
        return Measured(class_scores(true, predicted), rows)

    def validate(self, module: nn.Module, model: nn.Module) -> dict[str, float]:
        chosen = self.indices["validation"]
        outputs = outputs_of(model, self.graph_set, chosen)
        measured = self.score(outputs, self.state(model), chosen).scores
        logits = outputs[:, : len(self.classes)]
        loss = nn.functional.cross_entropy(logits, self.wanted(chosen).long())
        return {"validation_loss": float(loss), "validation_accuracy": measured["accuracy"]}

    def wanted(self, chosen: Sequence[int]) -> Tensor:
        numbers = {value: number for number, value in enumerate(self.classes)}
        found = [numbers.get(self.values[i]) for i in chosen]
        for i, number in zip(chosen, found, strict=True):
            if number is None:
                raise PipelineError(
                    f"{self.graph_set.folder}: {self.settings['target']!r} of network {i} is "
                    f"{self.values[i]!r}, which no training network has; they have: "
                    f"{', '.join(map(str, self.classes))}"
                )
        return torch.tensor(found, dtype=torch.float32)

    def tree_settings(self) -> dict[str, Any]:
        return {"classes": len(self.classes)}


def classes_of(
    graph_set: GraphSet, target: str, values: Sequence[Any], train: Sequence[int]
) -> list[Any]:
    """List the classes of the training networks, in order; two at least."""
    for i, value in enumerate(values):
        if not isinstance(value, int | str):
            raise PipelineError(
                f"{graph_set.folder}: {target!r} of network {i} is {value!r}, expected a class: a "
                "word or a whole number; to predict numbers, give the task `regression`"
            )
    classes = sorted({values[i] for i in train}, key=lambda c: (isinstance(c, str), c))
    if len(classes) < 2:
        raise PipelineError(
            f"{graph_set.folder}: all training networks have the same {target}, {classes[0]!r}"
        )
    return classes
