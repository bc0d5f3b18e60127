"""What a task is: what a metanet is trained to do on a graph set, and how it is scored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from graphgen import GraphSet
from metanet import Batch
from pipelines.tasks.targets import split_networks
from pipelines.tasks.views import with_views

EVALUATED_AT_ONCE = 64


@dataclass(frozen=True)
class Measured:
    """How well some networks came out.

    `scores` by their names in `pipelines.metrics.SCORES`, the leading one first; `rows` what
    `predictions.csv` says of each network.
    """

    scores: dict[str, float]
    rows: list[dict[str, Any]]


class Task(ABC):
    """A task on a graph set, made from its settings: plain data, with the task's name as `task`.

        task = open_task({"task": "classification", "target": "labels.class"}, graph_set)
        module = task.trained(task.make("gmn", {"hidden": 48}))
        loss = task.loss(module, task.indices["train"][:32])

    Attributes:
        name: the task's name.
        properties: the JSON Schema of each of its settings, `required` those that must be there.
        editor: whether its models write weights (`metanet.EDITORS`), and do not predict.
        trees: whether StatNN, which is not trained by gradient descent, can do it.
        learned: the JSON Schema of what `state` gives.
        defaults: the values of settings that need not be given.
        networks: how many of the training networks are used; None for all.
        indices: the networks of each split.
    """

    name: ClassVar[str]
    properties: ClassVar[Mapping[str, Any]]
    required: ClassVar[Sequence[str]]
    editor: ClassVar[bool] = False
    trees: ClassVar[bool] = False
    learned: ClassVar[Mapping[str, Any]]
    defaults: ClassVar[Mapping[str, Any]] = {}

    def __init__(
        self, settings: Mapping[str, Any], graph_set: GraphSet, networks: int | None
    ) -> None:
        self.settings = settings
        self.graph_set = graph_set
        self.networks = networks
        self.indices = split_networks(graph_set, networks)

    @abstractmethod
    def make(self, name: str, settings: Mapping[str, Any]) -> nn.Module:
        """Make the metanet of that name that the task needs."""

    def trained(self, model: nn.Module) -> nn.Module:
        """Give what is trained: the metanet, or a module around it that is not kept."""
        return model

    @abstractmethod
    def loss(self, module: Any, chosen: Sequence[int]) -> Tensor:
        """Give the mean loss on some networks; `module` is what is trained."""

    @abstractmethod
    def state(self, model: nn.Module) -> dict[str, Any]:
        """Give what is to be known of a trained metanet to use it, as plain data."""

    @abstractmethod
    def measure(
        self, model: nn.Module, state: Mapping[str, Any], chosen: Sequence[int]
    ) -> Measured:
        """Measure a trained metanet on some networks."""

    @abstractmethod
    def validate(self, module: nn.Module, model: nn.Module) -> dict[str, float]:
        """Give what the history of training says of an epoch: the loss on validation first."""

    @classmethod
    def misfit(
        cls, learned: Mapping[str, Any], settings: Mapping[str, Any], model: nn.Module
    ) -> str | None:
        """Say why what was learned is not of a model and the task's settings; None if it is."""
        return None

    def begin(self, learned: Mapping[str, Any]) -> str | None:
        """Take over what a run of the same settings learned; say why if it does not fit."""
        return None

    def examples(self, model: nn.Module) -> dict[str, NDArray[Any]]:
        """Give arrays that show a few test networks; nothing by default."""
        return {}


class Prediction(Task):
    """A task whose metanet gives a row of outputs for each network."""

    @staticmethod
    @abstractmethod
    def read(outputs: Tensor, state: Mapping[str, Any]) -> NDArray[np.float64]:
        """Turn outputs (networks, outputs) into what is predicted."""

    @staticmethod
    @abstractmethod
    def say(answer: NDArray[np.float64], state: Mapping[str, Any]) -> str:
        """Put what is predicted for one network into words."""

    @abstractmethod
    def score(self, outputs: Tensor, state: Mapping[str, Any], chosen: Sequence[int]) -> Measured:
        """Measure the outputs for some networks."""

    def measure(
        self, model: nn.Module, state: Mapping[str, Any], chosen: Sequence[int]
    ) -> Measured:
        return self.score(outputs_of(model, self.graph_set, chosen), state, chosen)

    def wanted(self, chosen: Sequence[int]) -> Tensor:
        """Give what trees are fitted to, (networks,)."""
        raise NotImplementedError

    def tree_settings(self) -> dict[str, Any]:
        """Give what the task adds to the settings of StatNN."""
        return {}


def outputs_of(model: nn.Module, graph_set: GraphSet, chosen: Sequence[int]) -> Tensor:
    """Give a metanet's outputs for networks of a graph set, (networks, outputs), on the CPU."""
    model.eval()
    with torch.no_grad():
        return torch.cat(
            [
                model(batch_of(graph_set, chosen[i : i + EVALUATED_AT_ONCE], model)).cpu()
                for i in range(0, len(chosen), EVALUATED_AT_ONCE)
            ]
        )


def batch_of(graph_set: GraphSet, chosen: Sequence[int], module: nn.Module) -> Batch:
    """Collect networks of a graph set where a module's parameters are, with views it reads."""
    batch = Batch.from_set(graph_set, chosen)
    return with_views(batch, graph_set, chosen, module).to(place_of(module))


def place_of(module: nn.Module) -> torch.device:
    """Say on which device a module computes: that of its parameters, or the CPU without any."""
    return next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
