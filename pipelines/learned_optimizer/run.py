"""One meta-training run: one model of the settings and one seed, in a folder of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from graphgen import GraphError
from metanet.errors import MetanetError
from pipelines.errors import PipelineError
from pipelines.learned_optimizer.fit import fit
from pipelines.learned_optimizer.optimizer import OPTIONS, LearnedOptimizer
from pipelines.learned_optimizer.settings import TaskFamily
from pipelines.settings import settings_hash
from pipelines.training.result import (
    WEIGHTS_FILE,
    discard_result,
    read_settings,
    read_state,
    save_result,
)


@dataclass(frozen=True)
class MetaRun:
    """What is meta-trained: `model` of the settings with its recipe, on which inner tasks."""

    name: str
    seed: int
    model: Mapping[str, Any]
    recipe: Mapping[str, Any]
    tasks: Mapping[str, Any]
    horizon: int
    out: Path

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.out / f"{self.name}-seed{self.seed}"

    @property
    def epochs(self) -> int:
        """The number of meta-epochs."""
        return int(self.recipe["epochs"])

    @property
    def hash(self) -> str:
        """The identity of everything that decides the run's result."""
        return settings_hash(
            "learned_optimizer", self.name, self.seed, self.model, self.recipe, self.tasks,
            self.horizon,
        )  # fmt: skip

    def finished(self) -> bool:
        """Say whether the run's folder holds its result."""
        settings = read_settings(self.folder)
        return settings is not None and settings.get("run") == self.hash

    def make(self) -> LearnedOptimizer:
        """Make the optimizer as it begins; `PipelineError` for settings that it does not take."""
        options = {name: self.model[name] for name in OPTIONS if name in self.model}
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.seed)
            try:
                return LearnedOptimizer(self.model["editor"], self.model.get("settings"), **options)
            except (MetanetError, PipelineError) as error:
                raise PipelineError(f"models.{self.name}: {error}") from None

    def execute(self, processes: int = 1) -> None:
        """Meta-train, or go on where a stopped run left off, and save the result."""
        if processes != 1:
            raise PipelineError(f"a meta-training run has one process, got {processes}")
        self.folder.mkdir(parents=True, exist_ok=True)
        discard_result(self.folder)
        torch.set_num_threads(1)
        optimizer = self.make()
        family = TaskFamily.from_plain(self.tasks)
        fit(optimizer, family, self.horizon, self.recipe, self.seed, self.folder, self.hash)
        about = {"run": self.hash, "name": self.name, "seed": self.seed, "horizon": self.horizon}
        # With the options that were left out, so that a default may change.
        save_result(self.folder, optimizer, {**about, "model": {**self.model, **optimizer.options}})

    def load(self) -> LearnedOptimizer:
        """Read the result; `PipelineError` if it is missing, or one of other settings."""
        if not self.finished():
            raise PipelineError(
                f"{self.folder}: no finished run of these settings; run `gmn meta-train` first"
            )
        return load_optimizer(self.folder)


def load_optimizer(folder: str | os.PathLike[str]) -> LearnedOptimizer:
    """Read a meta-trained optimizer from the folder of its run.

    optimizer = load_optimizer("out/optimizers/gmn-seed0")
    """
    path = Path(folder)
    settings = read_settings(path)
    if settings is None or "horizon" not in settings:
        raise PipelineError(
            f"{path}: no finished meta-training run here; expected a folder such as "
            "out/optimizers/gmn-seed0"
        )
    model = settings["model"]
    options = {name: model[name] for name in OPTIONS if name in model}
    optimizer = LearnedOptimizer(model["editor"], model.get("settings"), **options)
    try:
        optimizer.load_state_dict(read_state(path))
    except (GraphError, RuntimeError) as error:
        raise PipelineError(f"{path / WEIGHTS_FILE}: {error}") from None
    return optimizer.eval()
