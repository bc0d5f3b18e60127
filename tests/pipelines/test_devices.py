"""Where commands compute: names of devices, runs spread over several, the same numbers on each.

Without a GPU, a stand-in, which computes on the CPU and keeps its tensors apart, shows that every
tensor of a training, of what is drawn, and of what is measured is put on the device.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from generation_toys import FLOW, run_of, write_graphs
from lightning_fabric import Fabric
from oracles.stand_in_device import DEVICE, MixedError, stand_in

import graphgen
import spec
from graphgen import GraphSet
from graphgen.testing import random_weights
from pipelines import devices
from pipelines.cli import main
from pipelines.devices import check_bfloat16, device_of, devices_of, shared_devices
from pipelines.errors import PipelineError
from pipelines.generation.run import FlowRun
from pipelines.generation.sampling import draw_all
from pipelines.generation.systems import system_of
from pipelines.generation.trained import TrainedFlow
from pipelines.inrs.conventions import CONVENTIONS
from pipelines.inrs.fit import begin
from pipelines.inrs.fit import fit as fit_inrs
from pipelines.learned_optimizer.inner_training import (
    HandDesigned,
    train_hand_designed,
    train_learned,
)
from pipelines.learned_optimizer.meta_train import planned as planned_optimizers
from pipelines.learned_optimizer.settings import read_settings
from pipelines.learned_optimizer.tasks import InnerTasks
from pipelines.runs.job import Job
from pipelines.runs.processes import execute
from pipelines.training import Editor, Predictor
from pipelines.training.run import Run
from tests.pipelines.test_learned_optimizer import META, write

GPUS = ("cuda:0", "cuda:1")
RECIPE = {
    "epochs": 2, "batch_size": 3, "learning_rate": 1e-2, "weight_decay": 0.01, "gradient_norm": 1.0,
}  # fmt: skip
NET = "inputs: {x: [2]}\nlayers: [linear: {out_features: 4}, relu, linear: {out_features: 1}]"


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let torch say that there are so many GPUs."""
    return lambda count: monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


def test_names_stand_for_devices(gpus: Callable[[int], None]) -> None:
    gpus(2)
    for name in ("auto", "cuda"):
        assert devices_of(name) == list(GPUS)
        assert device_of(name) == torch.device("cuda:0")
    assert devices_of("cuda:1") == ["cuda:1"]
    assert devices_of("cpu") == ["cpu"]
    gpus(0)
    assert devices_of("auto") == ["cpu"]
    for name in ("cuda", "cuda:1", "gpu", "meta"):
        with pytest.raises(PipelineError, match=f"no device '{name}'.*auto, cpu.*no CUDA GPU"):
            devices_of(name)


def test_bfloat16_needs_hardware(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: False)
    for name in ("cuda", "mps"):
        with pytest.raises(PipelineError, match=f"for which {name} has no hardware: leave it out"):
            check_bfloat16(torch.device(name))


def test_a_cluster_has_cpus(gpus: Callable[[int], None]) -> None:
    gpus(1)
    assert shared_devices("cpu", "local") == ["cpu"]
    with pytest.raises(PipelineError, match="both the device 'auto' and the scheduler 'local'"):
        shared_devices("auto", "local")


def test_a_variable_names_the_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(tmp_path / "graphs"), "--out", str(tmp_path / "out")]
    for name, more in (("gpu", []), ("gpu2", ["--device", "gpu2"])):
        monkeypatch.setenv("GMN_DEVICE", "gpu")
        with pytest.raises(SystemExit):
            main(["flow", *given, *more])
        assert f"there is no device '{name}'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["inrs", *given])
    assert "device" not in capsys.readouterr().err


# Runs beside one another.


@dataclass(frozen=True)
class Telling(Job):
    """A run that notes its device."""

    name: str
    out: Path

    kind = Run.kind

    @property
    def stage(self) -> str:
        return "test"

    @property
    def folder_name(self) -> str:
        return self.name

    @property
    def hash(self) -> str:
        return self.name

    @property
    def epochs(self) -> int:
        return 1

    def finished(self) -> bool:
        return (self.out / self.name).exists()

    def execute(self, processes: int = 1, device: str = "cpu", log: Path | None = None) -> None:
        (self.out / self.name).write_text(device)

    def work(self, fabric: Fabric) -> None:
        raise NotImplementedError


def test_runs_are_spread_over_all_devices(tmp_path: Path) -> None:
    jobs = [Telling(name, tmp_path) for name in "abcdefgh"]
    execute(jobs, None, devices=GPUS)
    found = [(tmp_path / job.name).read_text() for job in jobs]
    assert set(found) == set(GPUS)


def test_a_device_is_no_part_of_what_a_run_is(tmp_path: Path) -> None:
    assert not {"device", "devices"} & {f for kind in (Run, FlowRun) for f in kind.__annotations__}


# Training and use on a device that stands in for a GPU.


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let the stand-in be there; give its name."""
    known = devices.devices_of
    name = DEVICE.type
    monkeypatch.setattr(devices, "devices_of", lambda n: [n] if n == name else known(n))
    with stand_in():
        yield name


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> GraphSet:
    """Write ten networks with an accuracy."""
    net, rng = spec.loads(NET), np.random.default_rng(0)
    splits = ["train"] * 6 + ["validation"] * 2 + ["test"] * 2
    networks = [
        (
            net,
            random_weights(net, rng, np.float32),
            {"index": i, "split": split, "metrics": {"it": i / 10}, "labels": {"kind": i % 2}},
        )
        for i, split in enumerate(splits)
    ]
    return GraphSet.write(tmp_path_factory.mktemp("devices") / "graphs", networks)


TASKS: dict[str, dict[str, Any]] = {
    "regression": {"task": "regression", "target": "metrics.it", "auxiliary": {"metrics.it": 0.5}},
    "classification": {
        "task": "classification", "target": "labels.kind", "auxiliary": {}, "label_smoothing": 0.1,
    },
    "embedding": {
        "task": "embedding", "target": ["metrics.it"], "dimensions": 3, "temperature": 0.1,
        "views": {},
    },
}  # fmt: skip


def same(one: Path, other: Path) -> None:
    """Compare what two runs learned: the same numbers, up to the order of sums in kernels."""
    first, second = (graphgen.files.read_weights(p / "model.safetensors") for p in (one, other))
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_allclose(second[name], array, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("task", TASKS)
def test_metanets_are_trained_and_used_on_a_device(
    task: str, graphs: GraphSet, tmp_path: Path, there: str
) -> None:
    model = {"metanet": "gmn", "settings": {"hidden": 4, "layers": 1}, "training": RECIPE}
    runs = [
        Run("gmn", 0, TASKS[task], model, graphs.folder, graphs.hash, tmp_path / name, "0" * 64)
        for name in ("here", "there")
    ]
    for run, device in zip(runs, ("cpu", there), strict=True):
        run.execute(device=device)
    same(*(run.work_folder for run in runs))
    about = [json.loads((run.work_folder / "settings.json").read_text()) for run in runs]
    assert [one["made_with"].get("device") for one in about] == [None, there]
    assert about[0]["run"] == about[1]["run"]
    chosen = [8, 9]
    one, other = (Predictor.load(runs[1].work_folder, device) for device in ("cpu", there))
    predicted = one.predict_set(graphs, chosen)
    np.testing.assert_allclose(other.predict_set(graphs, chosen), predicted, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        other.predict([graphs[i] for i in chosen]), predicted, rtol=1e-4, atol=1e-6
    )


def test_editors_are_trained_and_used_on_a_device(tmp_path: Path, there: str) -> None:
    net, rng = spec.loads(NET), np.random.default_rng(0)
    networks = [
        (
            net,
            random_weights(net, rng, np.float32),
            {"index": i, "split": split, "signal": i, "signal_split": "train", "offset": 0.5},
        )
        for i, split in enumerate(["train"] * 4 + ["validation"] * 2)
    ]
    about = {"signals": {"name": "digits", "train": 8, "test": 2, "seed": 0}}
    graph_set = GraphSet.write(tmp_path / "graphs", networks, about=about)
    task = {"task": "editing", "edit": "contrast", "points_per_step": 20}
    model = {"metanet": "gmn", "settings": {"hidden": 4, "layers": 1}, "training": RECIPE}
    runs = [
        Run("gmn", 0, task, model, graph_set.folder, graph_set.hash, tmp_path / name, "0" * 64)
        for name in ("here", "there")
    ]
    for run, device in zip(runs, ("cpu", there), strict=True):
        run.execute(device=device)
    same(*(run.work_folder for run in runs))
    editors = [Editor.load(runs[1].work_folder, device) for device in ("cpu", there)]
    one, other = (editor.edit([graph_set[5]])[0][0].weights() for editor in editors)
    for name, array in one.items():
        np.testing.assert_allclose(other[name], array, rtol=1e-4, atol=1e-6)


def test_flows_are_trained_and_drawn_from_on_a_device(tmp_path: Path, there: str) -> None:
    graph_set = write_graphs(tmp_path / "graphs")
    model = {**FLOW["models"]["gmn"], "settings": {"hidden": 4, "layers": 1}}
    drawn = []
    for device in ("cpu", there):
        run = run_of(tmp_path / device, graph_set, model=model)
        run.execute(device=device)
        system = system_of("gmn", TrainedFlow.load(run.work_folder))
        settings = {"count": 4, "together": 3, "seed": 0, "steps": 2, "method": "heun"}
        drawn.append(draw_all(system, settings, torch.arange(4) % 2, torch.device(device)))
    np.testing.assert_allclose(drawn[1], drawn[0], rtol=1e-4, atol=1e-5)


def test_optimizers_are_meta_trained_and_tested_on_a_device(tmp_path: Path, there: str) -> None:
    recipe = {**META, "epochs": 1, "unrolls": 1, "validation": 1, "second_order": True}
    models = {"gmn": {"editor": "gmn", "settings": {"hidden": 4, "layers": 1}}}
    settings = read_settings(write(tmp_path, meta_training=recipe, models=models))
    runs = [planned_optimizers(settings, tmp_path / name)[0] for name in ("here", "there")]
    for run, device in zip(runs, ("cpu", there), strict=True):
        run.execute(device=device)
    same(*(run.work_folder for run in runs))
    choices = [HandDesigned("adam", 0.01, "cosine"), HandDesigned("adam", 0.1, "constant")]
    results = []
    for device in map(torch.device, ("cpu", there)):
        tasks = InnerTasks(settings.training_tasks[0], 2, 4, [0], device)
        results.append(
            [
                *train_hand_designed(choices, tasks, 20),
                train_learned(runs[0].make().to(device), tasks, 20),
            ]
        )
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(other.curves, one.curves, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(other.test, one.test, rtol=1e-4, atol=1e-5)


def test_networks_are_fitted_to_signals_on_a_device(there: str) -> None:
    net, recipe = spec.loads(NET), {
        "steps": 5, "learning_rate": 1e-2, "schedule": "cosine", "points_per_step": 4,
    }  # fmt: skip
    fitted = []
    for device in ("cpu", there):
        weights = begin(net, range(3), CONVENTIONS["standard"])
        weights = {name: tensor.to(device) for name, tensor in weights.items()}
        points, values = torch.rand(6, 2, generator=torch.Generator().manual_seed(0)), torch.ones(1)
        given = points.to(device), values.expand(3, 6, 1).to(device)
        found = fit_inrs(net, weights, *given, recipe)
        fitted.append({name: tensor.cpu() for name, tensor in found.items()})
    for name, tensor in fitted[0].items():
        torch.testing.assert_close(fitted[1][name], tensor, rtol=1e-4, atol=1e-6)


def test_what_is_left_on_the_cpu_is_told() -> None:
    """The control of all of these."""
    with stand_in() as device, pytest.raises(MixedError):
        torch.nn.Linear(2, 2).to(device)(torch.ones(1, 2))
