"""One training run: one model and one seed, in a folder of its own."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from graphgen import GraphSet
from metanet import EDITORS, METANETS, StatNN
from pipelines.errors import PipelineError
from pipelines.settings import settings_hash
from pipelines.tasks import Prediction, identity_of, open_task, task_of
from pipelines.training.fit import fit
from pipelines.training.grow import grow
from pipelines.training.ranges import ranges_of
from pipelines.training.result import discard_result, read_settings


@dataclass(frozen=True)
class Run:
    """What is trained: a model of the settings, a seed, and on which graph set.

    `task` has the settings of the task. `networks`: how many of its training networks; None for
    all.
    """

    name: str
    seed: int
    task: Mapping[str, Any]
    model: dict[str, Any]
    graphs: Path
    graphs_hash: str
    out: Path
    networks: int | None = None

    @property
    def label(self) -> str:
        """The model's name, with the number of networks if one was asked for."""
        return self.name if self.networks is None else f"{self.name}-{self.networks}"

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.out / f"{self.label}-seed{self.seed}"

    @property
    def hash(self) -> str:
        """The identity of everything that decides the run's result."""
        what, *beside = identity_of(self.task)
        more = [] if self.networks is None else [self.networks]
        return settings_hash(
            self.name, self.seed, what, self.model, self.graphs_hash, *more, *beside
        )

    @property
    def epochs(self) -> int:
        """The number of epochs; 1 for a model that is fitted at once."""
        return int(self.model.get("training", {}).get("epochs", 1))

    def finished(self) -> bool:
        """Say whether the run's folder holds its result."""
        settings = read_settings(self.folder)
        return settings is not None and settings.get("run") == self.hash

    def check(self) -> None:
        """Raise `PipelineError` for an unknown metanet, a missing recipe, and open ranges."""
        metanet, task = self.model["metanet"], task_of(self.task)
        known = registry(self.task)
        if metanet not in known:
            kind = "editor" if task.editor else "metanet"
            raise PipelineError(
                f"models.{self.name}: unknown {kind} {metanet!r}; known: {', '.join(known)}"
            )
        if known[metanet] is StatNN and not task.trees:
            raise PipelineError(
                f"models.{self.name}: {metanet!r} is not trained by gradient descent, which the "
                f"task {task.name!r} needs; take another metanet"
            )
        if known[metanet] is not StatNN and "training" not in self.model:
            raise PipelineError(f"models.{self.name}: {metanet!r} needs a `training` recipe")
        if open_ranges := ranges_of(self.model):
            raise PipelineError(
                f"models.{self.name}: {', '.join('.'.join(path) for path in open_ranges)}: a range "
                "is not chosen from; run `gmn search` first, and name its folder by --search"
            )

    def execute(self, processes: int = 1) -> None:
        """Train, or go on where a stopped run left off, and save the result.

        `processes` share each batch of a metanet that is trained by gradient descent.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        discard_result(self.folder)
        graph_set = GraphSet.open(self.graphs)
        task = open_task(self.task, graph_set, self.networks)
        settings = dict(self.model.get("settings", {}))
        metanet = registry(self.task)[self.model["metanet"]]
        if settings.get("probes") or "net" in inspect.signature(metanet.__init__).parameters:
            # It is made for an architecture, which the networks' own one then is.
            first = graph_set.template(task.indices["train"][0]).architecture
            settings.setdefault("net", graph_set.architectures[first].resolved())
        if metanet is StatNN and isinstance(task, Prediction):
            trained, tried = grow(settings, self.model.get("search", {}), task, self.seed)
            trained.save(self.folder, tried=tried, **self.about())
        else:
            trained = fit(
                self.model["metanet"],
                settings,
                self.model["training"],
                self.graphs,
                self.task,
                self.networks,
                self.seed,
                self.folder,
                self.hash,
                processes,
            )
            trained.save(self.folder, **self.about())

    def about(self) -> dict[str, Any]:
        """Give what a finished run's settings say of it, beside its model."""
        result = {"run": self.hash, "seed": self.seed}
        return result if self.networks is None else {**result, "networks": self.networks}


def registry(task: Mapping[str, Any]) -> Mapping[str, type[nn.Module]]:
    """Give the models that can be trained for a task, by name."""
    return EDITORS if task_of(task).editor else METANETS
