"""One training run: one model and one seed, in a folder of its own."""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from graphgen import GraphSet
from metanet import MetanetError, StatNN
from pipelines.errors import PipelineError
from pipelines.graphs import open_graphs, opened_set
from pipelines.runs.checkpoint import epochs_done
from pipelines.runs.diverged import naming
from pipelines.runs.history import OTHER, SEARCH, SECONDS
from pipelines.runs.job import Job
from pipelines.runs.preload import PREDICTING
from pipelines.runs.together import FULL
from pipelines.settings import settings_hash
from pipelines.tasks.registry import Prediction, Task, open_task, task_of
from pipelines.training.fit import fit
from pipelines.training.grow import grow
from pipelines.training.known import FILE as KNOWN
from pipelines.training.known import check_unknown, known_of, read_known
from pipelines.training.models import ingredients, registry
from pipelines.training.ranges import ranges_of
from pipelines.training.seen import seen
from pipelines.training.start import Start, begin
from pipelines.training.trained import RUN, Trained
from spec.plugins import needed


@dataclass(frozen=True)
class Searched:
    """What a search cost: its trials, and their processor seconds."""

    trials: int
    seconds: float


@dataclass(frozen=True)
class Run(Job):
    """What is trained: a model of the settings, a seed, and on which graph set.

    Attributes:
        name: the model's name in the settings.
        seed: of all chance.
        task: the settings of the task.
        model: the model's settings, of which a search has chosen what `asked` leaves open.
        graphs: the folder of the graph set, `graphs_hash` its identity.
        out: the folder of all runs.
        code: the identity of the code that trains, and of the versions under it.
        networks: how many of the training networks; None for all.
        asked: the model as the settings have it, where that is not `model`.
        trial: the number of a trial of a search; None for a run that is no trial.
        search: the search that chose `model`; None without one.
        views: of each view that was made from training networks, by its name, the identity.
        starts: the runs that it goes on from, by its seed; none if it begins with nothing.
        begun: what the settings call these; None if it begins with nothing.
    """

    kind = RUN

    name: str
    seed: int
    task: Mapping[str, Any]
    model: dict[str, Any]
    graphs: Path
    graphs_hash: str
    out: Path
    code: str
    networks: int | None = None
    asked: dict[str, Any] | None = None
    trial: int | None = None
    search: Searched | None = None
    views: Mapping[str, str] = field(default_factory=dict)
    starts: Mapping[int, Start] = field(default_factory=dict)
    begun: str | None = None

    @property
    def stage(self) -> str:
        """The command that makes such runs."""
        return "train" if self.trial is None else "search"

    @property
    def label(self) -> str:
        """The model's name, with the number of networks if one was asked for."""
        return self.name if self.networks is None else f"{self.name}-{self.networks}"

    @property
    def folder_name(self) -> str:
        """The name of the run's folder."""
        number = f"seed{self.seed}" if self.trial is None else f"trial{self.trial}"
        return f"{self.label}-{number}"

    @property
    def hash(self) -> str:
        """The identity of everything that decides the run's result."""
        return self.identity(self.model)

    @property
    def asked_hash(self) -> str:
        """The identity of what the settings ask for, whatever a search chose for it."""
        return self.identity(self.asked or self.model)

    @property
    def recipe_hash(self) -> str:
        """The identity of what the settings ask for, whatever the seed, and its own start."""
        bare = replace(self, seed=0, starts={}).asked_hash
        return bare if self.begun is None else settings_hash(bare, self.begun)

    def identity(self, model: Mapping[str, Any]) -> str:
        """Identify the run with such a model."""
        return settings_hash(
            *(self.name, self.seed, self.networks, dict(self.task), model),
            *(self.graphs_hash, self.code, dict(self.views)),
            *([self.start.identity] if self.start else []),
        )

    @property
    def start(self) -> Start | None:
        """The run that it goes on from, if there is one."""
        return self.starts.get(self.seed)

    @property
    def epochs(self) -> int:
        """The number of epochs; 1 for a model that is fitted at once."""
        return int(self.model.get("training", {}).get("epochs", 1))

    @property
    def work_left(self) -> float:
        """An estimate of what there is to do: epochs, of as many networks."""
        return self.epochs * (self.networks or 1)

    @property
    def imports(self) -> tuple[str, ...]:
        """What it imports while it works."""
        trees = ("sklearn.ensemble",) if self.model["metanet"] == "statnn" else ()
        return (*super().imports, *PREDICTING, *trees)

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
        if self.start is not None:
            self.check_start(self.start)

    def check_start(self, start: Start) -> None:
        """Raise `PipelineError` for another model, and for one that knows networks held out."""
        where = f"models.{self.name}.start: {start.folder}"
        check_unknown(
            read_known(start.folder, start.run), str(self.graphs), self.graphs_hash, where
        )
        task = open_task(self.task, opened_set(str(self.graphs), self.graphs_hash), self.networks)
        name, settings = self.made(task, started := start.load())
        with torch.random.fork_rng(devices=[]):
            begin(task.make(name, settings), task, started, where)

    def made(self, task: Task, started: Trained | None) -> tuple[str, dict[str, Any]]:
        """Say by which name and settings the model is made."""
        known = registry(self.task)
        name, settings = ingredients(self.model, self.model.get("settings", {}), known)
        metanet = known[name]
        if settings.get("probes") or "net" in inspect.signature(metanet.__init__).parameters:
            # It is made for an architecture, which the networks' own one then is.
            first = task.graph_set.template(task.indices["train"][0]).architecture
            net = task.graph_set.architectures[first].resolved()
            kept: Any = started.model.settings if started else {}
            settings.setdefault("net", kept.get("net", net))
        return name, settings

    @property
    def precision(self) -> str:
        """The precision of its products."""
        return str(self.model.get("training", {}).get("precision", FULL))

    def work(self, fabric: Fabric) -> None:
        try:
            self._work(fabric)
        except MetanetError as error:
            raise PipelineError(f"{self.graphs}: model {self.label!r}: {error}") from None

    def _work(self, fabric: Fabric) -> None:
        begun, before = time.process_time(), epochs_done(self.work_folder)
        graph_set = self.open_graphs()
        task = open_task(self.task, graph_set, self.networks)
        started = None if self.start is None else self.start.load()
        name, settings = self.made(task, started)
        metanet = registry(self.task)[name]
        tried: dict[str, Any] = {}
        rows: Sequence[Mapping[str, object]] = ()
        if metanet is StatNN and isinstance(task, Prediction):
            trained, tried["tried"] = grow(settings, self.model.get("search", {}), task, self.seed)
        else:
            with naming(self.label, self.seed):
                trained, rows = fit(
                    name,
                    settings,
                    self.model["training"],
                    task,
                    self.seed,
                    self.work_folder,
                    self.hash,
                    fabric,
                    self.start,
                )
        if not fabric.is_global_zero:
            return
        validation = task.measure(trained.model, trained.state, task.indices["validation"])
        about = {
            **self.about(),
            **tried,
            "trained_on": seen(graph_set, task.indices["train"]),
            "scores": {"validation": validation.scores},
        }
        spent = time.process_time() - begun
        spent -= sum(float(str(row.get(SECONDS, 0))) for row in rows[before:]) / fabric.world_size
        beside = {OTHER: max(spent, 0.0)}
        if self.search is not None:
            about["trials"] = self.search.trials
            beside[SEARCH] = self.search.seconds
        known = known_of(graph_set, task.indices)
        if self.start is not None:
            known |= read_known(self.start.folder, self.start.run)
        trained.save(self.work_folder, about, rows, beside, {KNOWN: known.write})

    def open_graphs(self) -> GraphSet:
        """Open the graph set; `PipelineError` if it is another than when the run was planned."""
        graph_set = open_graphs(self.graphs)
        if graph_set.hash != self.graphs_hash:
            raise PipelineError(
                f"{self.graphs}: the graph set was replaced while runs on it were at work; run "
                "the same command again"
            )
        return graph_set

    def about(self) -> dict[str, Any]:
        """Give what a finished run's settings say of it, beside its model."""
        networks = {} if self.networks is None else {"networks": self.networks}
        asked = {"asked": self.asked_hash, "recipe": self.recipe_hash}
        own = {**asked, "code": self.code, "name": self.name, "seed": self.seed}
        start = {} if self.start is None else {"start": self.start.about()}
        others = needed([task_of(self.task), registry(self.task)[self.model["metanet"]]])
        needs = {"needs": others} if others else {}
        return {**super().about(), **own, **networks, **start, **needs}
