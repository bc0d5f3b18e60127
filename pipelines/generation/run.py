"""One run: one flow and one seed, in a folder of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from graphgen import GraphSet
from pipelines.errors import PipelineError
from pipelines.generation.align import align
from pipelines.generation.fit import fit
from pipelines.generation.flow import Flow
from pipelines.generation.moments import around_mean, by_tensor, principal
from pipelines.generation.population import Population, classes_of, numbers_of, read_population
from pipelines.generation.settings import DECIDED
from pipelines.generation.trained import TrainedFlow
from pipelines.options import check_options
from pipelines.settings import settings_hash
from pipelines.training.result import discard_result, read_settings
from pipelines.zoo.fields import Place


@dataclass(frozen=True)
class FlowRun:
    """What is trained: a model of the settings, a seed, and on which networks, how aligned."""

    name: str
    seed: int
    model: dict[str, Any]
    alignment: str
    label: str | None
    graphs: Path
    graphs_hash: str
    out: Path

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.out / f"{self.name}-seed{self.seed}"

    @property
    def hash(self) -> str:
        """The identity of everything that decides the run's result."""
        return settings_hash(
            "flow", self.name, self.seed, self.model, self.alignment, self.label, self.graphs_hash
        )

    @property
    def epochs(self) -> int:
        """The number of epochs."""
        return int(self.model["training"]["epochs"])

    def finished(self) -> bool:
        """Say whether the run's folder holds its result."""
        settings = read_settings(self.folder)
        return settings is not None and settings.get("run") == self.hash

    def execute(self, processes: int = 1) -> None:
        """Train, or go on where a stopped run left off, and save the result."""
        if processes != 1:
            raise PipelineError(f"a flow is trained by one process, got {processes}")
        self.folder.mkdir(parents=True, exist_ok=True)
        discard_result(self.folder)
        population = self.population()
        classes = self.classes(population)
        torch.manual_seed(self.seed)
        settings = self.settings(len(classes))
        flow = self.make(population, settings)
        splits = self.splits(population, classes)
        average = fit(flow, self.model["training"], splits, self.seed, self.folder, self.hash)
        offset = population.offset
        trained = TrainedFlow(
            population.net, average, settings, offset, self.hash, self.label, classes
        )
        trained.save(self.folder, seed=self.seed, name=self.name)

    def population(self) -> Population:
        """Read the networks, aligned."""
        population = read_population(self.graphs)
        return align(population, self.alignment, self.graphs_hash, self.out)

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
        return {**self.model.get("settings", {}), **beside, "classes": classes}

    def make(self, population: Population, settings: dict[str, Any]) -> Flow:
        """Make the flow, not yet trained."""
        template, train = population.template, population.split("train")
        count = self.model.get("principal")
        if not self.model.get("reference", False):
            found = by_tensor(template, train)
        else:
            found = principal(template, train, count) if count else around_mean(template, train)
        return Flow(population.net, found, **settings)


def check(run: FlowRun, place: Place) -> None:
    """Refuse networks or a label of which no flow can be made; note what is wrong at `place`.

    There are the settings of the model. Raises `PipelineError`.
    """
    population = read_population(run.graphs)
    classes = run.classes(population)
    run.splits(population, classes)
    beside = {name: value for name, value in run.settings(len(classes)).items() if name in DECIDED}
    own = run.model.get("settings", {})
    check_options(
        place / "settings" if "settings" in run.model else place,
        own,
        lambda options: run.make(population, {**options, **beside}),
    )


def graphs_hash(graphs: str | Path) -> str:
    """Give the identity of a graph set."""
    return GraphSet.open(graphs).hash
