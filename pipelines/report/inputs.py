"""What a report is made of, read and brought into one form."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.errors import PipelineError
from pipelines.metrics import r2_ceiling, ranking
from pipelines.metrics.form import check_metrics
from pipelines.metrics.predictions import GROUP
from pipelines.out_of_distribution import OUT_OF_DISTRIBUTION
from pipelines.report.subject import target_words, task_name
from pipelines.tasks.names import DEFAULT

Floats = npt.NDArray[np.float64]
_COLUMNS = ("model", "seed", "network", "family", "split", "true", "predicted")


@dataclass(frozen=True)
class Prediction:
    """One network's true and predicted value, by one model trained with one seed.

    `group` is what it is resampled with: the other checkpoints of its training.
    """

    model: str
    seed: int
    network: str
    family: str
    split: str
    true: float
    predicted: float
    group: str = ""


@dataclass(frozen=True)
class History:
    """The columns of one run's learning curve; `columns["epoch"]` is always there."""

    model: str
    seed: int | None
    columns: dict[str, Floats]


@dataclass(frozen=True)
class Content:
    """Everything that a report shows, before it is laid out.

    Attributes:
        models: all models, best first; those without scores come last.
        families: all families in the order of the zoo, which fixes their colours.
        target: what is predicted, in words.
        split: the split that is scored, or "" without predictions.
        predicted: the predictions on every split.
        scored: the predictions on that split.
        split_sizes: networks per split.
        ceiling: what the finite test set of the zoo leaves of R2, or None where that is unknown.
        test_size: number of test examples that the ceiling was computed from.
        task: the name of the task; what follows, and not `predicted`, is there for others than
            regression.
        rows: what `predictions.csv` says of the networks of `split`.
        examples: arrays by model and what they show.
        costs: what each model cost (`pipelines.costs`), where it is known.
        provenance: how all of it was made (`pipelines.report.provenance`), as far as it is known.
    """

    zoo_index: Mapping[str, Any]
    metrics: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Any]
    histories: Sequence[History]
    models: Sequence[str]
    families: Sequence[str]
    target: str
    split: str
    predicted: Sequence[Prediction]
    scored: Sequence[Prediction]
    split_sizes: Mapping[str, int]
    ceiling: float | None = None
    test_size: int | None = None
    graph_set_hash: str | None = None
    results_hash: str | None = None
    networks: Sequence[Mapping[str, Any]] = field(default=())
    task: str = DEFAULT
    rows: Sequence[Mapping[str, str]] = ()
    examples: Mapping[str, Floats] = field(default_factory=dict)
    costs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def held_out(self) -> list[Content]:
        """The same on each split that tests are made on: the scored one, then kept out kinds."""
        if self.split in OUT_OF_DISTRIBUTION:
            return [self]
        contents = [self]
        for split in OUT_OF_DISTRIBUTION:
            own = [p for p in self.predicted if p.split == split]
            if own:
                contents.append(replace(self, split=split, scored=own))
        return contents

    def predictions(self, model: str) -> dict[int, list[Prediction]]:
        """The scored predictions of a model, by seed in ascending order."""
        own = [p for p in self.scored if p.model == model]
        return {s: [p for p in own if p.seed == s] for s in sorted({p.seed for p in own})}


def read(
    *,
    zoo_index: Mapping[str, Any],
    metrics: Mapping[str, Mapping[str, Any]],
    predictions: Iterable[Mapping[str, Any]] | str | os.PathLike[str],
    histories: Mapping[str, str | os.PathLike[str] | None],
    settings: Mapping[str, Any],
    split_sizes: Mapping[str, int] | None = None,
    test_size: int | None = None,
    graph_set_hash: str | None = None,
    results_hash: str | None = None,
    examples: Mapping[str, Floats] | None = None,
    costs: Mapping[str, Mapping[str, Any]] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Content:
    """Check and combine the arguments of `write_report`; raises `PipelineError`."""
    check_metrics(metrics, "metrics")
    task = task_name(settings)
    cells = [] if task == DEFAULT else read_rows(predictions)
    rows = read_predictions(predictions) if task == DEFAULT else []
    curves = read_histories(histories)
    networks = list(zoo_index.get("networks") or ())
    splits = _distinct([*(row.split for row in rows), *(row["split"] for row in cells)])
    split = _scored_split(splits)
    scored = [row for row in rows if row.split == split]
    known = _distinct([*(row.model for row in rows), *(curve.model for curve in curves)])
    if test_size is None:
        test_size = _test_size(zoo_index)
    target = target_words(settings)
    return Content(
        zoo_index=zoo_index,
        metrics=metrics,
        settings=settings,
        histories=curves,
        models=[*ranking(metrics), *(model for model in known if model not in metrics)],
        families=_distinct(
            [*(str(n.get("family", "unknown")) for n in networks), *(r.family for r in rows)]
        ),
        target=target,
        split=split,
        predicted=rows,
        scored=scored,
        split_sizes=dict(split_sizes) if split_sizes else _count_splits(rows, cells),
        ceiling=ceiling(scored, test_size) if "accuracy" in target else None,
        test_size=test_size,
        graph_set_hash=graph_set_hash,
        results_hash=results_hash,
        networks=networks,
        task=task,
        rows=[row for row in cells if row["split"] == split],
        examples=examples or {},
        costs=costs or {},
        provenance=provenance or {},
    )


def read_predictions(
    source: Iterable[Mapping[str, Any]] | str | os.PathLike[str],
) -> list[Prediction]:
    """Read predictions from a CSV file or from rows of that form.

    The columns are model, seed, network, family, split, true and predicted. Raises `PipelineError`
    with the file and line for a missing column or a value that is not a finite number.
    """
    if not isinstance(source, (str, os.PathLike)):
        return [_prediction(row, f"predictions[{i}]") for i, row in enumerate(source)]
    path = Path(source)
    # Line numbers count from 1, and the header is the first.
    return [_prediction(row, f"{path}:{i}") for i, row in enumerate(_read_csv(path), start=2)]


def read_rows(
    source: Iterable[Mapping[str, Any]] | str | os.PathLike[str],
) -> list[dict[str, str]]:
    """Read predictions of any task as text; `PipelineError` where a row lacks a common column."""
    given = isinstance(source, (str, os.PathLike))
    rows: list[Any] = _read_csv(Path(source)) if given else list(source)  # type: ignore[arg-type]
    for i, row in enumerate(rows):
        place = f"{source}:{i + 2}" if given else f"predictions[{i}]"
        if missing := [name for name in _COLUMNS[:5] if row.get(name) is None]:
            raise PipelineError(f"{place}: no value for {', '.join(missing)}")
    return [{key: str(value) for key, value in row.items()} for row in rows]


def read_histories(
    histories: Mapping[str, str | os.PathLike[str] | None],
) -> list[History]:
    """Read learning curves from `{"<model>-seed<k>": history.csv or its folder}`.

    A key of another form counts as the name of a model with one run. Runs without a file, or whose
    file has no rows, are left out. Empty cells become NaN.
    """
    curves = []
    for key, place in histories.items():
        if place is None:
            continue
        path = Path(place)
        path = path / "history.csv" if path.is_dir() else path
        rows = _read_csv(path) if path.is_file() else []
        if not rows:
            continue
        columns = {
            name: np.array([_cell(row.get(name), f"{path}:{i}") for i, row in enumerate(rows, 2)])
            for name in rows[0]
            if name
        }
        columns.setdefault("epoch", np.arange(len(rows), dtype=np.float64))
        model, separator, seed = key.rpartition("-seed")
        if separator and seed.isdecimal():
            curves.append(History(model, int(seed), columns))
        else:
            curves.append(History(key, None, columns))
    return sorted(curves, key=lambda h: (h.model, -1 if h.seed is None else h.seed))


def _prediction(row: Mapping[str, Any], place: str) -> Prediction:
    missing = [name for name in _COLUMNS if row.get(name) is None]
    if missing:
        raise PipelineError(
            f"{place}: no value for {', '.join(missing)}; the columns are {', '.join(_COLUMNS)}"
        )
    try:
        seed, true, predicted = int(row["seed"]), float(row["true"]), float(row["predicted"])
    except ValueError as error:
        raise PipelineError(f"{place}: {error}") from None
    if not (math.isfinite(true) and math.isfinite(predicted)):
        raise PipelineError(
            f"{place}: true is {true} and predicted is {predicted} (model {row['model']!r}, "
            f"network {row['network']!r}); both must be finite, did the model diverge?"
        )
    network, family, split = (str(row[name]) for name in ("network", "family", "split"))
    group = str(row.get(GROUP) or "")
    return Prediction(str(row["model"]), seed, network, family, split, true, predicted, group)


def _read_csv(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PipelineError(f"{path}: cannot be read as CSV: {error}") from error


def _cell(text: str | None, place: str) -> float:
    try:
        return float(text) if text else math.nan
    except ValueError:
        raise PipelineError(f"{place}: {text!r} is not a number") from None


def _scored_split(names: Sequence[str]) -> str:
    splits = sorted(names, key=_usual_order)
    return "test" if "test" in splits or not splits else splits[-1]


def _count_splits(rows: Sequence[Prediction], cells: Sequence[Mapping[str, str]]) -> dict[str, int]:
    pairs = [(row.split, row.network) for row in rows]
    pairs += [(row["split"], row["network"]) for row in cells]
    splits = sorted(_distinct(split for split, _ in pairs), key=_usual_order)
    return {split: len({n for own, n in pairs if own == split}) for split in splits}


def _usual_order(split: str) -> int:
    usual = ("train", "validation", "test")
    return usual.index(split) if split in usual else len(usual)


def _test_size(zoo_index: Mapping[str, Any]) -> int | None:
    zoo = zoo_index.get("zoo")
    data = zoo.get("data") if isinstance(zoo, Mapping) else None
    for section in (zoo_index, zoo, data):
        size = section.get("test_size") if isinstance(section, Mapping) else None
        if isinstance(size, int) and size > 1:
            return size
    return None


def ceiling(scored: Sequence[Prediction], test_size: int | None) -> float | None:
    """Give the ceiling of R2 for accuracies measured on `test_size` examples, if it is known."""
    true = np.array(list({row.network: row.true for row in scored}.values()))
    in_range = true.size > 1 and np.ptp(true) > 0 and true.min() >= 0 and true.max() <= 1
    return r2_ceiling(true, test_size) if in_range and test_size is not None else None


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
