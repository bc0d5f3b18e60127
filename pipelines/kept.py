"""What stages keep in folders, as objects: runs, searches and results."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from graphgen.files.document import peek
from pipelines.errors import PipelineError
from pipelines.evaluation import RESULTS
from pipelines.metrics import table
from pipelines.results import result_file
from pipelines.runs.collection import listed_runs
from pipelines.runs.history import FILE, read_history
from pipelines.tasks.registry import task_of
from pipelines.training.editor import Editor
from pipelines.training.predictor import Predictor
from pipelines.training.trained import Trained


class Runs(Mapping[str, Predictor | Editor]):
    """Trained runs in a folder, by name, each read when it is asked for.

        runs = pipelines.Runs("out/train")
        list(runs)                            # ["gmn-seed0", ...]
        runs["gmn-seed0"].predict([graph])
        runs.history("gmn-seed0")[-1]         # the row of the last epoch

    Those of editors write weights, and do not predict.
    """

    def __init__(self, folder: str | os.PathLike[str], device: str = "cpu") -> None:
        self.folder, self.device = Path(folder), device
        self._places = {name: path for name, (path, _) in listed_runs(self.folder).items()}
        self._read: dict[str, Predictor | Editor] = {}

    def __getitem__(self, name: str) -> Predictor | Editor:
        if name not in self._read:
            trained = Trained.load(self._places[name], self.device)
            kind = Editor if task_of(trained.task).editor else Predictor
            self._read[name] = kind(trained)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        return f"<runs {self.folder}: {', '.join(self)}>"

    def history(self, name: str) -> list[dict[str, float]]:
        """Give the history of a run's training, a row for each epoch."""
        return read_history(self._places[name] / FILE)


class Searches(Mapping[str, dict[str, Any]]):
    """What searches chose, by model: its `model` settings, and all `trials`."""

    def __init__(self, folder: Path, found: Mapping[str, dict[str, Any]]) -> None:
        self.folder, self._found = folder, dict(found)

    def __getitem__(self, model: str) -> dict[str, Any]:
        return self._found[model]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"<searches {self.folder}: {', '.join(self)}>"


class Results:
    """The results of an evaluation; printed, the table of the test networks.

        results = pipelines.Results("out/results")
        results.scores["gmn"]["r2"]["mean"], results.of("validation")

    Attributes:
        folder: where they are kept.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    @cached_property
    def scores(self) -> dict[str, Any]:
        """The scores of the test networks, by model."""
        return self.of("test")

    def of(self, split: str) -> dict[str, Any]:
        """Give the scores of a split, by model; `PipelineError` for one that there is not."""
        if split not in RESULTS:
            raise PipelineError(
                f"there is no split {split!r}; expected one of {', '.join(RESULTS)}"
            )
        found: dict[str, Any] = peek(result_file(self.folder, RESULTS[split]))
        return found

    def __str__(self) -> str:
        return table(self.scores)

    def __repr__(self) -> str:
        return f"<results {self.folder}: {', '.join(self.scores)}>"
