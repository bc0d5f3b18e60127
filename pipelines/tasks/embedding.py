"""Embedding: a row of numbers for each network, learned without labels."""

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
from pipelines.tasks.contrastive import VIEWS, Projected, nt_xent, two_views
from pipelines.tasks.encoded import signal_of, signals_of
from pipelines.tasks.learned import NUMBER, count_outputs
from pipelines.tasks.targets import read_targets
from pipelines.tasks.task import EVALUATED_AT_ONCE, Measured, Prediction, batch_of, outputs_of

EXAMPLES, NEIGHBOURS = 6, 5


class Embedding(Prediction):
    """Learn `dimensions` numbers by which two views of a network are known to be of one network.

    Minimises the NT-Xent loss of a batch, of cosine similarities over `temperature`. What the
    embedding knows is measured by linear regressions from it to the numbers in `target`, fitted by
    least squares on the training networks.
    """

    name = "embedding"
    properties: ClassVar[Mapping[str, Any]] = {
        "target": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "dimensions": {"type": "integer", "minimum": 1},
        "temperature": {"type": "number", "exclusiveMinimum": 0},
        "views": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "noise": {"type": "number", "minimum": 0},
                "mask": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
                "both": {"type": "boolean"},
            },
        },
    }
    required = ("target",)
    defaults: ClassVar[Mapping[str, Any]] = {"dimensions": 16, "temperature": 0.1, "views": VIEWS}
    learned: ClassVar[Mapping[str, Any]] = {
        "required": ["target", "readout"],
        "additionalProperties": False,
        "properties": {
            "target": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "readout": {
                "type": "array",
                "items": {"type": "array", "items": NUMBER},
                "minItems": 1,
            },
        },
    }

    def __init__(
        self, settings: Mapping[str, Any], graph_set: GraphSet, networks: int | None
    ) -> None:
        super().__init__(settings, graph_set, networks)
        self.names: list[str] = settings["target"]
        targets = [read_targets(graph_set, name, networks) for name in self.names]
        self.labels = np.stack([target.values for target in targets], axis=1)
        self.dimensions = settings["dimensions"]
        self.temperature = settings["temperature"]
        self.views = {**VIEWS, **settings["views"]}

    def make(self, name: str, settings: Mapping[str, Any]) -> nn.Module:
        return make_metanet(name, **{**settings, "outputs": self.dimensions})

    def trained(self, model: nn.Module) -> nn.Module:
        return Projected(model, self.dimensions)

    def loss(self, module: Any, chosen: Sequence[int]) -> Tensor:
        batch = batch_of(self.graph_set, chosen, module)
        return nt_xent(module(two_views(batch, **self.views)), self.temperature)

    def state(self, model: nn.Module) -> dict[str, Any]:
        train = self.indices["train"]
        found = outputs_of(model, self.graph_set, train)
        return {"target": self.names, "readout": fit_readout(found, self.labels[train])}

    @classmethod
    def misfit(
        cls, learned: Mapping[str, Any], settings: Mapping[str, Any], model: nn.Module
    ) -> str | None:
        names, rows, outputs = learned["target"], learned["readout"], count_outputs(model)
        if names != settings["target"]:
            return f"`target` names {len(names)}, but those of the task are others"
        if outputs != settings["dimensions"]:
            return f"the model has {outputs} outputs, but an embedding {settings['dimensions']}"
        if len(rows) != outputs + 1 or any(len(row) != len(names) for row in rows):
            return f"`readout` is no table of {outputs + 1} rows and {len(names)} columns"
        return None

    @staticmethod
    def read(outputs: Tensor, state: Mapping[str, Any]) -> NDArray[np.float64]:
        rows = with_ones(outputs)
        result: NDArray[np.float64] = rows @ np.array(state["readout"])
        return result

    @staticmethod
    def say(answer: NDArray[np.float64], state: Mapping[str, Any]) -> str:
        pairs = zip(state["target"], answer, strict=True)
        return ", ".join(f"{name} {value:.4f}" for name, value in pairs)

    def score(self, outputs: Tensor, state: Mapping[str, Any], chosen: Sequence[int]) -> Measured:
        true, predicted = self.labels[list(chosen)], self.read(outputs, state)
        rows = [
            {
                key: float(value)
                for name, t, p in zip(self.names, ts, ps, strict=True)
                for key, value in ((f"true {name}", t), (f"predicted {name}", p))
            }
            for ts, ps in zip(true, predicted, strict=True)
        ]
        each = [scores(t, p)["r2"] for t, p in zip(true.T, predicted.T, strict=True)]
        mse = float(np.mean((true - predicted) ** 2))
        return Measured({"mse": mse, "r2": float(np.mean(each))}, rows)

    def validate(self, module: nn.Module, model: nn.Module) -> dict[str, float]:
        chosen = self.indices["validation"]
        module.eval()
        with torch.no_grad():
            parts = [
                chosen[i : i + EVALUATED_AT_ONCE] for i in range(0, len(chosen), EVALUATED_AT_ONCE)
            ]
            losses = [float(self.loss(module, part)) * len(part) for part in parts]
        measured = self.measure(model, self.state(model), chosen).scores
        return {
            "validation_loss": sum(losses) / len(chosen),
            "validation_mse": measured["mse"],
            "validation_r2": measured["r2"],
        }

    def examples(self, model: nn.Module) -> dict[str, NDArray[Any]]:
        """Give the first test signals, and those of the training networks nearest to each."""
        found, queries = signals_of(self.graph_set), self.indices["test"][:EXAMPLES]
        if found is None or not queries or (found.shape is None and found.dimensions != 1):
            return {}
        train = self.indices["train"]
        rows, others = (
            nn.functional.normalize(outputs_of(model, self.graph_set, chosen))
            for chosen in (queries, train)
        )
        near = (rows @ others.T).topk(min(NEIGHBOURS, len(train))).indices.tolist()
        chosen = [
            [query, *(train[i] for i in row)] for query, row in zip(queries, near, strict=True)
        ]
        values = np.stack(
            [
                np.stack([signal_of(found, self.graph_set.records[i]).values for i in row])
                for row in chosen
            ]
        )
        shape = found.shape or (values.shape[2],)
        return {"nearest": np.ascontiguousarray(values.reshape(*values.shape[:2], *shape, -1))}


def fit_readout(embedded: Tensor, labels: NDArray[np.float64]) -> list[list[float]]:
    """Fit linear regressions by least squares: a row for each dimension, then the constants."""
    found = np.linalg.lstsq(with_ones(embedded), labels, rcond=None)[0]
    result: list[list[float]] = found.tolist()
    return result


def with_ones(embedded: Tensor) -> NDArray[np.float64]:
    """Put a column of ones after an embedding."""
    rows = embedded.double().numpy()
    return np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
