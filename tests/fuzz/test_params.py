"""Mutated settings: each section is read, or refused with its file and a place, and soon."""

from __future__ import annotations

import random
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from fuzz.limits import TookTooLongError, bounded
from fuzz.yaml_mutations import ROOT, mutated

import spec
from pipelines import union_settings
from pipelines.compile import SCHEMA as COMPILE_SCHEMA
from pipelines.errors import PipelineError
from pipelines.generation import settings as generation
from pipelines.inrs import settings as inrs
from pipelines.learned_optimizer import settings as learned_optimizer
from pipelines.pairs.settings import read_tasks
from pipelines.settings import read_section
from pipelines.training import settings as training
from pipelines.zoo import settings as zoo

SECONDS, MORE_BYTES = 5.0, 1 << 30
ZOO = """
zoo:
  dataset: digits
  count: 12
  seed: 0
  networks_per_shard: 5
  checkpoints: 2
  train_samples: 100
  test_samples: null
  architectures:
    - family: mlp
      file: spec/nets/mlp.yaml
      weight: 2
      variables: {width: {choice: [8, 12]}, depth: {integers: [1, 3]}, activation: tanh}
    - {family: cnn, file: spec/nets/cnn.yaml, variables: {width: 4, norm: {choice: [identity]}}}
  training:
    optimizer: {choice: [adam, sgd]}
    learning_rate: {log_uniform: [1e-3, 1e-1]}
    momentum: 0.9
    weight_decay: {log_uniform: [1e-5, 3e-2]}
    label_smoothing: {uniform: [0, 0.2]}
    epochs: {integers: [4, 40]}
    batch_size: 64
    train_fraction: 0.5
    schedule: constant
"""
INRS = """
inrs:
  signals: {name: sine_waves, train: 3, test: 1, points: 20, amplitude: [0, 1]}
  seed: 0
  copies: 2
  architecture: {family: siren, file: siren.yaml, variables: {width: 4}}
  convention: offset
  fit: {steps: 2, learning_rate: 1e-2, schedule: linear, points_per_step: null}
  together: 2
"""
SIREN = """
vars: {width: 3}
inputs: {x: [1]}
layers: [{linear: {out_features: $width}}, {sine: {frequency: 30}}, {linear: {out_features: 1}}]
"""
MODELS = """
train:
  task: classification
  target: labels.class
  label_smoothing: 0.1
  auxiliary: {metrics.train_loss: 0.3}
  seeds: [0, 1]
  networks: [20, 10]
  search: {trials: 3, epochs: 2, seed: 1}
  models:
    gmn:
      metanet: gmn
      settings: {hidden: {choice: [8, 16]}, layers: 2, dropout: {uniform: [0, 0.2]}, probes: 2}
      training: &recipe
        epochs: 2
        batch_size: {integers: [2, 8]}
        learning_rate: {log_uniform: [1e-4, 1e-2]}
        weight_decay: 1e-2
        gradient_norm: 1.0
    mlp: {metanet: mlp, settings: {hidden: 8, layers: 1, augment: false}, training: *recipe}
    ng_t: {metanet: ng_t, settings: {hidden: 8, layers: 1, heads: 2}, training: *recipe}
    further: {metanet: mlp, start: "out/train/mlp-seed{seed}", training: *recipe}
    np_nfn: {metanet: np_nfn, settings: {hidden: 8, layers: 1}, training: *recipe}
    statnn:
      metanet: statnn
      settings: {leaves: {choice: [4, 8]}, learning_rate: 0.05}
      search: {trees: [5, 10], min_samples_leaf: [2, 3]}
"""
EDITING = """
train:
  task: editing
  edit: dilation
  points_per_step: 32
  seeds: [0]
  models:
    gmn:
      metanet: gmn
      settings: {hidden: 8, layers: 2, members: 2}
      training:
        {epochs: 2, batch_size: 4, learning_rate: 1e-3, weight_decay: 0, gradient_norm: 1.0}
"""
MERGE = """
union:
  zoos:
    digits: {graphs: out/graphs}
    varying: {graphs: ../varying-cnns/out/graphs, dataset: cifar10}
    diverse: {graphs: ../diverse/out/graphs, dataset: cifar10}
  views: [statistics, spectra, rows]
"""
GENERATION = """
flow:
  align: match
  condition: class
  seeds: [0, 1]
  models:
    gmn:
      reference: true
      principal: 3
      frequencies: 4
      settings: {hidden: 8, layers: 2}
      training: &recipe
        epochs: 2
        batch_size: 8
        learning_rate: 1e-3
        weight_decay: 0
        gradient_norm: 1.0
        average: 0.99
    mlp: {editor: mlp, settings: {hidden: 8, layers: 1}, training: *recipe}
sample: {count: 20, steps: 4, method: heun, seed: 0, together: 8, networks_per_shard: 16}
quality: {signals: images, grid: [8, 8], components: 4, copies: 0.05, shown: 4, seed: 0}
"""
OPTIMIZERS = """
learned_optimizer:
  seeds: [0, 1]
  horizon: 4
  training_tasks:
    - &tasks
      dataset: digits
      file: spec/nets/mlp.yaml
      variables: {width: {choice: [4, 8]}, depth: {integers: [1, 2]}, activation: tanh}
      batch_size: 8
    - dataset: digits
      file: spec/nets/mlp.yaml
      size: 5
      grey: true
      variables: {size: 5, width: 4}
      batch_size: 8
      horizon: [4, 8]
  models:
    gmn: {editor: gmn, settings: {hidden: 4, layers: 1}, step_size: 0.03, fan_in_power: 1.0}
    per_parameter: {editor: per_parameter, settings: {hidden: 8, layers: 1}, gradients: false}
    adam: {editor: none, annealed: true, nominal: true, bound: 1.0}
    alone: {editor: per_parameter, features: normalised, to_scale: true}
  meta_training:
    {epochs: 1, unrolls: 2, networks: 2, truncation: 4, last: 2, learning_rate: 4e-3,
     gradient_norm: 1.0, objective: log, second_order: true, validation: 1, curriculum: 0.5}
  baselines:
    unrolls: 2
    schedules: [constant, cosine]
    learning_rates: {adam: [1e-3, 1e-2], sgd: [1e-2, 1e-1]}
    momentum: 0.9
  evaluation: {unrolls: 1, networks: 2, images: 100, points: 4}
  test_tasks:
    new starts: *tasks
    smaller images:
      dataset: digits
      downsample: 2
      file: spec/nets/mlp.yaml
      variables: {size: 4, width: 4}
      batch_size: 8
"""
NET = spec.loads(
    "inputs: {x: [4]}\nlayers: [{linear: {out_features: 3}}, relu, {linear: {out_features: 2}}]"
).resolved()


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


DEFAULT = text_of("params.yaml")
SECTIONS: Mapping[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "zoo": (zoo.read_settings, (ZOO,)),
    "inrs": (inrs.read_settings, (INRS,)),
    "compile": (
        lambda path: read_section(path, "compile", COMPILE_SCHEMA),
        (DEFAULT, text_of("experiments/diverse/params.yaml")),
    ),
    "union": (union_settings.read_settings, (MERGE,)),
    "train": (lambda path: training.read_settings(path, NET), (DEFAULT, MODELS, EDITING)),
    "flow": (
        lambda path: read_section(path, "flow", generation.FLOW, generation.check_flow),
        (GENERATION,),
    ),
    "sample": (lambda path: read_section(path, "sample", generation.SAMPLE), (GENERATION,)),
    "quality": (
        lambda path: read_section(path, "quality", generation.QUALITY, generation.check_quality),
        (GENERATION,),
    ),
    "tasks": (read_tasks, (text_of("experiments/what-the-graph-buys/tasks.yaml"),)),
    "learned_optimizer": (learned_optimizer.read_settings, (OPTIMIZERS,)),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with the architectures that the settings name; no data set is downloaded."""
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("GMN_DATA", str(tmp_path / "data"))
    (tmp_path / "siren.yaml").write_text(SIREN)
    (tmp_path / "spec").symlink_to(ROOT / "spec")
    return tmp_path


def check(text: str, folder: Path, read: Callable[[Path], object]) -> bool:
    """Hold one reading to the rule: success, or an error with file and place; say whether it is."""
    file = folder / "params.yaml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    before = sorted(path.name for path in folder.iterdir())
    with bounded(SECONDS, MORE_BYTES), warnings.catch_warnings():
        warnings.simplefilter("ignore", spec.UnusedWarning)
        try:
            read(file)
        except spec.SpecError as error:
            check_message(error, folder)
            return False
        except PipelineError as error:
            if str(folder) in str(error):
                return False
            raise
    assert sorted(path.name for path in folder.iterdir()) == before
    return True


def check_message(error: spec.SpecError, folder: Path) -> None:
    """Let every problem name a file of the folder, and a line in it unless it is about all."""
    assert error.problems
    for problem in error.problems:
        first = str(problem).partition("\n")[0]
        assert first.startswith(f"{folder}/"), first
        whole = problem.mark is None
        assert whole or re.match(r".*\.yaml:\d+:\d+: .", first), first


def run(section: str, count: int, seed: int, folder: Path) -> int:
    """Check mutations of a section's files; give how many were read."""
    read, texts = SECTIONS[section]
    done = 0
    for number in range(count):
        rng = random.Random(f"{section}/{seed}/{number}")
        text = mutated(rng.choice(texts), rng)
        try:
            done += check(text, folder, read)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            message = f"{section}, seed {seed}, mutation {number}:\n{text[:3000]}"
            raise AssertionError(message) from error
    return done


@pytest.mark.parametrize("section", SECTIONS)
def test_mutated_settings_are_read_or_refused(section: str, folder: Path) -> None:
    assert 1 <= run(section, 40, 0, folder) < 40


@pytest.mark.long
@pytest.mark.parametrize("section", SECTIONS)
def test_mutated_settings_are_read_or_refused_long(section: str, folder: Path) -> None:
    run(section, 400, 1, folder)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_settings_themselves_are_read(section: str, folder: Path) -> None:
    read, texts = SECTIONS[section]
    assert all(check(text, folder, read) for text in texts)


def traceback(path: Path) -> Any:
    raise AttributeError("'list' object has no attribute 'items'")


def hang(path: Path) -> Any:
    while True:
        pass


def no_place(path: Path) -> Any:
    raise spec.SpecError([spec.Problem("something is wrong", None)])


def no_file(path: Path) -> Any:
    raise PipelineError("something is wrong")


@pytest.mark.parametrize(
    ("read", "error"),
    [
        (traceback, AttributeError),
        (hang, TookTooLongError),
        (no_place, AssertionError),
        (no_file, PipelineError),
    ],
)
def test_the_rule_sees_what_is_wrong(
    read: Callable[[Path], object],
    error: type[BaseException],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(check.__globals__, "SECONDS", 0.2)
    with pytest.raises(error):
        check(DEFAULT, folder, read)
