"""Every example in a docstring of what pipelines makes public runs, after what makes its files."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from docstring_examples import Example, examples
from published_sets import write_small_cnn_zoo

import pipelines
from pipelines.compile import compile_zoo
from pipelines.generation.settings import FLOW, QUALITY, SAMPLE
from pipelines.inrs import settings as inrs
from pipelines.metrics.outcomes import outcomes_of
from pipelines.pairs import compare_pairs
from pipelines.pairs.settings import read_tasks
from pipelines.published import open_set
from pipelines.published import settings as published
from pipelines.results import writing_results
from pipelines.tasks.registry import open_task
from pipelines.zoo import settings as zoo

EXAMPLES = list(examples("pipelines"))
MLP = """\
vars: {width: 4, depth: 1}
inputs: {image: [1, 8, 8]}
layers:
  - flatten
  - repeat: {times: $depth, layers: [linear: {out_features: $width}, relu]}
  - linear: {out_features: 10, name: head}
"""
SIREN = """\
vars: {width: 8, depth: 1}
inputs: {coordinates: [2]}
layers:
  - repeat: {times: $depth, layers: [linear: {out_features: $width}, sine: {frequency: 10}]}
  - linear: {out_features: 1}
"""
TRAINING = "{epochs: 1, batch_size: 8, learning_rate: 1e-2, weight_decay: 0.0, gradient_norm: 1.0}"
GMN = f"""\
    gmn:
      metanet: gmn
      settings: {{hidden: 8, layers: 1}}
      training: {TRAINING}
"""
ZOO = f"""\
zoo:
  dataset: digits
  count: 20
  train_samples: 200
  architectures: [{{family: mlp, file: mlp.yaml}}]
  training: {{learning_rate: 1e-2, epochs: {{integers: [1, 3]}}}}
compile: {{seed: 0, splits: {{train: 0.6, validation: 0.2, test: 0.2}}}}
train:
  target: test_accuracy
  seeds: [0]
  search: {{trials: 1, epochs: 1}}
  models:
{GMN}"""
INRS = f"""\
inrs:
  signals: {{name: digits, train: 36, test: 12}}
  architecture: {{family: siren, file: siren.yaml}}
  convention: standard
  fit: {{steps: 20, learning_rate: 1e-2}}
compile: {{seed: 0, splits: {{train: 0.75, validation: 0.25}}}}
train:
  task: editing
  edit: contrast
  seeds: [0]
  models:
{GMN}flow:
  seeds: [0]
  models:
    gmn:
      settings: {{hidden: 8, layers: 1}}
      training: {TRAINING}
sample: {{count: 6, steps: 2}}
quality: {{signals: images, grid: [8, 8], components: 4}}
"""
OPTIMIZERS = """\
learned_optimizer:
  seeds: [0]
  horizon: 4
  training_tasks: {dataset: digits, file: mlp.yaml, batch_size: 16}
  models:
    gmn: {editor: per_parameter, settings: {hidden: 4}, step_size: 0.01}
  meta_training:
    {epochs: 1, unrolls: 1, networks: 2, truncation: 2, learning_rate: 1e-2, gradient_norm: 1.0}
  baselines: {unrolls: 1, schedules: [constant], learning_rates: {adam: [1e-2], sgd: [1e-1]}}
  evaluation: {unrolls: 1, networks: 2, images: 20}
  test_tasks:
    same: {dataset: digits, file: mlp.yaml, batch_size: 16}
"""
# The places of examples, in the order in which they follow from each other.
OF_A_ZOO = (
    "pipelines.zoo.generate:generate",
    "pipelines.zoo.reading:read_networks",
    "pipelines.compile",
    "pipelines.views.storing:store_views",
    "pipelines.views.leakage:stored_name",
    "pipelines.views.leakage:view_for_training",
    "pipelines.views.fresh:fresh",
    "pipelines.training.stage:train",
    "pipelines.training.predictor:Predictor",
    "pipelines.tasks.registry:open_task",
    "pipelines.training.stage:search",
    "pipelines.zoo.opened:Zoo",
    "pipelines.kept:Runs",
    "pipelines.stages:zoo",
    "pipelines.stages:compile",
    "pipelines.stages:search",
    "pipelines.stages:train",
    "pipelines.stages:evaluate",
    "pipelines.stages:predict",
    "pipelines.cards:card",
)
OF_INRS = (
    "pipelines.inrs.generate:generate",
    "pipelines.compile",
    "pipelines.tasks.task:Task",
    "pipelines.training.stage:train",
    "pipelines.training.editor:Editor",
    "pipelines.training.editor:Editor.write",
    "pipelines.generation.train:train",
    "pipelines.generation.sampling:sample",
    "pipelines.generation.quality:quality",
)
OF_OPTIMIZERS = (
    "pipelines.learned_optimizer.meta_train:meta_train",
    "pipelines.learned_optimizer.meta_test:meta_test",
    "pipelines.learned_optimizer.run:load_optimizer",
)
OF_SETS = ("pipelines.published.sets:open_set", "pipelines.published.network_set:NetworkSet")
ALONE = (
    "pipelines.starter.start:start_experiment",
    "pipelines.signals.solids:Solid",
    "pipelines.views.settings:asked_views",
    "pipelines.workers.server:begin_server",
)
OF_TABLES = (
    "pipelines.metrics.measures:scores", "pipelines.metrics.measures:class_scores",
    "pipelines.metrics.summary:summarise", "pipelines.metrics.intervals:with_intervals",
    "pipelines.metrics.predictions:compare", "pipelines.pairs.stage:compare_pairs",
)  # fmt: skip
# What stands for other people's functions; tests/pipelines/test_workers_pool.py and test_fan_out.py
# run the like, and test_in_python.py and test_estimator.py.
SKETCHES = {
    "pipelines.estimator:Regressor", "pipelines.kept:Results", "pipelines.stages:union",
    "pipelines.stages:report",
    "pipelines.workers.crew:opened", "pipelines.workers.fanning:fan_out",
    "pipelines.workers.pool:ProcessPool", "pipelines.workers.threads:one_thread",
}  # fmt: skip


def read_flow(file: Path) -> None:
    """Find the fields of an outline of flows, which leaves out a part, in the schemas."""
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    for section, schema in {"flow": FLOW, "sample": SAMPLE, "quality": QUALITY}.items():
        assert data[section].keys() <= schema["properties"].keys()


MNIST, DIGITS = "name: mnist, train: 9000, test: 1000", "name: digits, train: 900, test: 100"


# Settings, which are read and not run.
SETTINGS: dict[str, Callable[[Path], Any]] = {
    "pipelines.zoo:": zoo.read_settings,
    "pipelines.published:": published.read_settings,
    "pipelines.inrs:": inrs.read_settings,
    "pipelines.generation:": read_flow,
    "pipelines.pairs:": read_tasks,
}


def of(place: str) -> Iterator[Example]:
    yield from (e for e in EXAMPLES if e.place == place)


def run(place: str, namespace: dict[str, Any]) -> None:
    """Run the examples of a place, or the step of that name; names stay for what follows."""
    if place == "pipelines.compile":
        source = "out/zoo" if Path("out/zoo").exists() else "out/inrs"
        namespace["graph_set"] = compile_zoo("params.yaml", source, "out/graphs")
        namespace["graph"] = namespace["graph_set"][0]
        return
    found = list(of(place))
    assert found, place
    for example in found:
        names = (
            vars(importlib.import_module(example.module))
            | {"open_task": open_task, "pipelines": pipelines}
            | namespace
        )
        before = set(names)
        exec(compile(example.text, example.place, "exec", dont_inherit=True), names)
        namespace |= {name: names[name] for name in names.keys() - before}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlp.yaml").write_text(MLP, encoding="utf-8")
    (tmp_path / "siren.yaml").write_text(SIREN, encoding="utf-8")
    return tmp_path


@pytest.mark.long
@pytest.mark.parametrize(
    ("settings", "places"),
    [(ZOO, OF_A_ZOO), (INRS, OF_INRS), (OPTIMIZERS, OF_OPTIMIZERS)],
    ids=["zoo", "inrs", "optimizers"],
)
def test_examples_run_one_after_the_other(
    settings: str, places: tuple[str, ...], folder: Path
) -> None:
    (folder / "params.yaml").write_text(settings, encoding="utf-8")
    namespace: dict[str, Any] = {}
    for place in places:
        run(place, namespace)


def test_examples_run_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for place in ALONE:
        run(place, {})


def test_examples_of_published_sets_run(folder: Path) -> None:
    write_small_cnn_zoo(folder / "data" / "cifar10")
    for place in OF_SETS:
        run(place, {"open_set": open_set})


def test_examples_of_tables_run(folder: Path) -> None:
    head = "model,seed,network,split,true,predicted"
    lines = [f"{m},0,{i},test,{i},{i + e}" for m, e in (("gmn", 1), ("old", 9)) for i in range(9)]
    lines[0] = "gmn,0,0,test,0,5"
    with writing_results(folder / "out/results", ["predictions.csv"], replace=False) as new:
        text = "\n".join([head, *lines])
        new.add("predictions.csv", lambda path: path.write_text(text))
        new.commit({"of": {}, "parts": new.parts})
    tasks = (example.text for example in of("pipelines.pairs:"))
    (folder / "tasks.yaml").write_text(next(tasks).replace("statnn", "old"))
    rows = [{"true": i, "predicted": i % 3} for i in range(9)]
    names = {"pipelines": pipelines, "outcomes_of": outcomes_of, "rows": rows}
    names["compare_pairs"] = compare_pairs
    for place in OF_TABLES:
        run(place, {**names, "networks": range(9)})


def test_examples_of_settings_are_read(folder: Path) -> None:
    (folder / "architectures").mkdir()
    (folder / "mlp.yaml").rename(folder / "architectures/mlp.yaml")
    write_small_cnn_zoo(folder / "data" / "cifar10")
    for place, read in SETTINGS.items():
        (example,) = of(place)
        file = folder / "params.yaml"
        file.write_text(example.text.replace(MNIST, DIGITS), encoding="utf-8")
        read(file)


def test_every_example_is_run() -> None:
    known = {
        *OF_A_ZOO,
        *OF_INRS,
        *OF_OPTIMIZERS,
        *OF_SETS,
        *OF_TABLES,
        *ALONE,
        *SETTINGS,
        *SKETCHES,
    }
    known -= {"pipelines.compile"}
    assert {example.place for example in EXAMPLES} == known
