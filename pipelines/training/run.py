"""One training run: one model and one seed, in a folder of its own."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphgen import GraphSet
from metanet import METANETS, StatNN
from pipelines.errors import PipelineError
from pipelines.settings import settings_hash
from pipelines.training.auxiliary import read_auxiliary
from pipelines.training.fit import fit
from pipelines.training.grow import grow
from pipelines.training.predictor import read_settings
from pipelines.training.ranges import ranges_of
from pipelines.training.targets import read_targets


@dataclass(frozen=True)
class Run:
    """What is trained: a model of the settings, a seed, and on which graph set.

    `networks`: how many of its training networks; None for all. `auxiliary`: what is learned beside
    the target, with weights.
    """

    name: str
    seed: int
    target: str
    model: dict[str, Any]
    graphs: Path
    graphs_hash: str
    out: Path
    networks: int | None = None
    auxiliary: Mapping[str, float] = field(default_factory=dict)

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
        more: list[Any] = [] if self.networks is None else [self.networks]
        if self.auxiliary:
            more.append(dict(self.auxiliary))
        return settings_hash(self.name, self.seed, self.target, self.model, self.graphs_hash, *more)

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
        metanet = self.model["metanet"]
        if metanet not in METANETS:
            raise PipelineError(
                f"models.{self.name}: unknown metanet {metanet!r}; known: {', '.join(METANETS)}"
            )
        if METANETS[metanet] is not StatNN and "training" not in self.model:
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
        (self.folder / "settings.json").unlink(missing_ok=True)
        graph_set = GraphSet.open(self.graphs)
        targets = read_targets(graph_set, self.target, self.networks)
        settings = dict(self.model.get("settings", {}))
        if takes_architecture(self.model["metanet"]):
            first = graph_set.template(targets.indices["train"][0]).architecture
            settings.setdefault("net", graph_set.architectures[first].resolved())
        if METANETS[self.model["metanet"]] is StatNN:
            search = self.model.get("search", {})
            predictor, tried = grow(settings, search, graph_set, targets, self.seed)
            predictor.save(self.folder, tried=tried, **self.about())
        else:
            predictor = fit(
                self.model["metanet"],
                settings,
                self.model["training"],
                graph_set,
                targets,
                read_auxiliary(graph_set, self.auxiliary, targets.indices["train"]),
                self.seed,
                self.folder,
                self.hash,
                processes,
            )
            predictor.save(self.folder, **self.about())

    def about(self) -> dict[str, Any]:
        """Give what a finished run's settings say of it, beside its model."""
        result = {"run": self.hash, "seed": self.seed}
        return result if self.networks is None else {**result, "networks": self.networks}


def takes_architecture(metanet: str) -> bool:
    """Say whether a metanet is made for an architecture, which the networks' own one then is."""
    return "net" in inspect.signature(METANETS[metanet].__init__).parameters
