"""One meta-training run: one model of the settings and one seed, in a folder of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from metanet.errors import MetanetError
from metanet.models.learned_optimizer.features import FEATURES
from metanet.models.learned_optimizer.optimizer import LEARNABLE, OPTIONS, LearnedOptimizer
from pipelines.errors import PipelineError
from pipelines.learned_optimizer.best import LOSS
from pipelines.learned_optimizer.fit import fit
from pipelines.learned_optimizer.settings import META_TRAINING, TaskFamily
from pipelines.runs.checkpoint import Rows
from pipelines.runs.collection import run_folder
from pipelines.runs.diverged import naming
from pipelines.runs.job import Job
from pipelines.runs.restore import restored
from pipelines.runs.result import read_result, result_kind, save_result
from pipelines.settings import NAME, settings_hash

RECIPE = {"second_order": False, "objective": "mean", "validation": 0, "curriculum": 0}
"""What a recipe may leave out; `last` is the whole truncation then."""
NUMBER = {"type": "number"}
MODEL: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["editor", "settings", *OPTIONS],
    "properties": {
        "editor": {"enum": list(LEARNABLE)},
        "settings": {"type": "object"},
        "step_size": {"type": "number", "exclusiveMinimum": 0, "maximum": 1e30},
        "fan_in_power": {"type": "number", "minimum": 0, "maximum": 2},
        "features": {"enum": list(FEATURES)},
        "bound": {"type": "number", "exclusiveMinimum": 0, "maximum": 100},
        **{name: {"type": "boolean"} for name in ("nominal", "annealed", "gradients", "to_scale")},
    },
}
OPTIMIZER = result_kind(
    "learned-optimizer",
    {
        "name": {"type": "string", **NAME},
        "model": MODEL,
        "training": {
            **META_TRAINING,
            "required": list(META_TRAINING["properties"]),
            "properties": {
                **META_TRAINING["properties"],
                "validation": {"type": "integer", "minimum": 0},
            },
        },
        "trained_on": {
            "type": "object",
            "additionalProperties": False,
            "required": ["tasks"],
            "properties": {"tasks": {"type": "array", "items": {"type": "object"}}},
        },
        "scores": {
            "type": "object",
            "additionalProperties": NUMBER,
            "required": ["meta_loss"],
        },
    },
    "`gmn meta-train`",
)


@dataclass(frozen=True)
class MetaRun(Job):
    """What is meta-trained.

    Attributes:
        name: the model's name in the settings.
        seed: of all chance.
        model: the model's settings.
        recipe: how it is meta-trained.
        tasks: the families of inner tasks, as plain data.
        out: the folder of all runs.
        code: the identity of the code that trains.
    """

    kind = OPTIMIZER

    name: str
    seed: int
    model: Mapping[str, Any]
    recipe: Mapping[str, Any]
    tasks: Sequence[Mapping[str, Any]]
    out: Path
    code: str

    @property
    def stage(self) -> str:
        """The command that makes such runs."""
        return "meta-train"

    @property
    def folder_name(self) -> str:
        """The name of the run's folder."""
        return f"{self.name}-seed{self.seed}"

    @property
    def epochs(self) -> int:
        """The number of meta-epochs."""
        return int(self.recipe["epochs"])

    @property
    def hash(self) -> str:
        """The identity of everything that decides the run's result."""
        return settings_hash(
            "learned_optimizer", self.name, self.seed, self.model, self.recipe, self.tasks,
            self.code,
        )  # fmt: skip

    def make(self) -> LearnedOptimizer:
        """Make the optimizer as it begins; `PipelineError` for settings that it does not take."""
        options = {name: self.model[name] for name in OPTIONS if name in self.model}
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.seed)
            try:
                return LearnedOptimizer(self.model["editor"], self.model.get("settings"), **options)
            except (MetanetError, PipelineError) as error:
                raise PipelineError(f"models.{self.name}: {error}") from None

    def work(self, fabric: Fabric) -> None:
        if fabric.world_size != 1:
            raise PipelineError(f"a meta-training run has one process, got {fabric.world_size}")
        torch.set_num_threads(1)
        optimizer = self.make()
        families = [TaskFamily.from_plain(one) for one in self.tasks]
        with naming(self.name, self.seed):
            rows = fit(
                optimizer,
                families,
                self.recipe,
                self.seed,
                self.work_folder,
                self.hash,
                fabric,
            )
        save_result(self.work_folder, OPTIMIZER, optimizer, self.described(optimizer, rows), rows)

    def described(self, optimizer: LearnedOptimizer, rows: Rows) -> dict[str, Any]:
        """Give what the settings of the finished run say of it."""
        scores = {"meta_loss": rows[-1]["meta_loss"]}
        if LOSS in rows[-1]:
            scores[LOSS] = min(float(str(row[LOSS])) for row in rows)
        return {
            **self.about(),
            "code": self.code,
            "name": self.name,
            "seed": self.seed,
            "model": optimizer.settings,
            "training": {"last": self.recipe["truncation"], **RECIPE, **self.recipe},
            "trained_on": {"tasks": [dict(one) for one in self.tasks]},
            "scores": scores,
        }


def load_optimizer(folder: str | os.PathLike[str]) -> LearnedOptimizer:
    """Read a meta-trained optimizer from the folder of its run.

        optimizer = load_optimizer("out/optimizers/gmn-seed0")

    Raises `GraphError` if the folder holds none, or files that were changed or that another version
    wrote, and `PipelineError` for settings that make no such optimizer.
    """
    result = read_result(run_folder(Path(folder)), OPTIMIZER)
    settings = result.settings["model"]
    own = settings["settings"]
    return restored(result, lambda state: LearnedOptimizer(**settings), own).eval()
