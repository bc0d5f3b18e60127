"""One run: one flow and one seed, in a folder of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from metanet import Flow
from metanet.models.flow.moments import around_mean, by_tensor, principal
from pipelines.errors import PipelineError
from pipelines.generation.align import align
from pipelines.generation.fit import AVERAGE, fit
from pipelines.generation.population import Population, classes_of, numbers_of, population_of
from pipelines.generation.trained import FLOW, TrainedFlow
from pipelines.graphs import open_graphs
from pipelines.options import check_options
from pipelines.runs.diverged import naming
from pipelines.runs.job import Job
from pipelines.runs.together import FULL
from pipelines.settings import settings_hash
from pipelines.training.seen import seen
from pipelines.zoo.fields import Place


@dataclass(frozen=True)
class FlowRun(Job):
    """What is trained: a model of the settings, a seed, and on which networks, how aligned.

    Attributes:
        name: the model's name in the settings.
        seed: of all chance.
        model: the model's settings.
        alignment: `none` or `match`.
        label: the label of the signals by which the flow is conditioned; None for none.
        graphs: the folder of the graph set, `graphs_hash` its identity.
        out: the folder of all runs.
        code: the identity of the code that trains.
    """

    kind = FLOW

    name: str
    seed: int
    model: dict[str, Any]
    alignment: str
    label: str | None
    graphs: Path
    graphs_hash: str
    out: Path
    code: str

    @property
    def stage(self) -> str:
        """The command that makes such runs."""
        return "flow"

    @property
    def folder_name(self) -> str:
        """The name of the run's folder."""
        return f"{self.name}-seed{self.seed}"

    @property
    def hash(self) -> str:
        """The identity of everything that decides the run's result."""
        return settings_hash(
            *("flow", self.name, self.seed, self.model, self.alignment, self.label),
            *(self.graphs_hash, self.code),
        )

    @property
    def epochs(self) -> int:
        """The number of epochs."""
        return int(self.model["training"]["epochs"])

    @property
    def training(self) -> dict[str, Any]:
        """The recipe with what was left out."""
        return {"average": AVERAGE, **self.model["training"]}

    @property
    def precision(self) -> str:
        """The precision of its products."""
        return str(self.training.get("precision", FULL))

    def work(self, fabric: Fabric) -> None:
        population = self.population()
        classes = self.classes(population)
        torch.manual_seed(self.seed)
        flow = self.make(population, self.settings(len(classes)))
        splits = self.splits(population, classes)
        with naming(self.name, self.seed):
            average, rows = fit(
                flow, self.training, splits, self.seed, self.work_folder, self.hash, fabric
            )
        if not fabric.is_global_zero:
            return
        trained = TrainedFlow(population.net, average, population.offset, self.label, classes)
        trained.save(self.work_folder, self.described(rows), rows)

    def described(self, rows: list[Mapping[str, object]]) -> dict[str, Any]:
        """Give what a finished run's settings say of it, beside its flow."""
        graph_set = open_graphs(self.graphs)
        train = [i for i, r in enumerate(graph_set.records) if r["split"] == "train"]
        return {
            **self.about(),
            "code": self.code,
            "name": self.name,
            "seed": self.seed,
            "alignment": self.alignment,
            "principal": self.model.get("principal", 0),
            "training": self.training,
            "trained_on": seen(graph_set, train),
            "scores": {"validation": {"loss": rows[-1]["validation_loss"]}},
        }

    def population(self) -> Population:
        """Read the networks, aligned; `PipelineError` if they are no longer those of the plan."""
        graph_set = open_graphs(self.graphs)
        if graph_set.hash != self.graphs_hash:
            raise PipelineError(
                f"{self.graphs}: the graph set was replaced while runs on it were at work; run "
                "the same command again"
            )
        return align(population_of(graph_set), self.alignment, self.graphs_hash, self.out)

    def classes(self, population: Population) -> list[Any]:
        """List the classes of the training networks, if the flow is to know them."""
        if self.label is None:
            return []
        return classes_of(population, self.label, population.indices["train"])

    def splits(
        self, population: Population, classes: list[Any]
    ) -> dict[str, tuple[Tensor, Tensor | None]]:
        """Give the weights of networks to train with and to validate on, and their classes."""
        numbers = torch.from_numpy(numbers_of(population, self.label or "", classes))
        result: dict[str, tuple[Tensor, Tensor | None]] = {}
        for split in ("train", "validation"):
            chosen = [i for i in population.indices[split] if not classes or numbers[i] >= 0]
            if not chosen:
                raise PipelineError(
                    f"flow: no network for {split} is of a class that training networks have "
                    f"(`condition: {self.label}`)"
                )
            values = torch.from_numpy(population.values[chosen])
            result[split] = values, numbers[chosen] if classes else None
        return result

    def settings(self, classes: int) -> dict[str, Any]:
        """Give the keyword arguments of the flow."""
        named = ("editor", "reference", "frequencies")
        beside = {name: self.model[name] for name in named if name in self.model}
        return {**beside, "classes": classes, "settings": self.model.get("settings", {})}

    def make(self, population: Population, settings: Mapping[str, Any]) -> Flow:
        """Make the flow, not yet trained."""
        template, train = population.template, population.split("train")
        count = self.model.get("principal")
        if not self.model.get("reference", False):
            found = by_tensor(template, train)
        else:
            found = principal(template, train, count) if count else around_mean(template, train)
        return Flow(population.net, found, **settings)


def check(run: FlowRun, population: Population, place: Place) -> None:
    """Refuse networks or a label of which no flow can be made; note what is wrong at `place`.

    There are the settings of the model. Raises `PipelineError`.
    """
    classes = run.classes(population)
    run.splits(population, classes)
    settings = run.settings(len(classes))
    check_options(
        place / "settings" if "settings" in run.model else place,
        run.model.get("settings", {}),
        lambda options: run.make(population, {**settings, "settings": options}),
    )
