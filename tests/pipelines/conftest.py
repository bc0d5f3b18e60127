from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from generation_toys import TWO, here, write_graphs, write_settings
from merged_toys import pretrain, write_sets

from pipelines.compile import compile_zoo
from pipelines.generation import sample
from pipelines.generation import train as train_flows
from pipelines.inrs import generate as generate_inrs
from pipelines.zoo import generate

ARCHITECTURES = {
    "mlp.yaml": {
        "vars": {"width": 4, "activation": "relu"},
        "inputs": {"image": [1, 8, 8]},
        "layers": [
            "flatten",
            {"linear": {"out_features": "$width"}},
            "$activation",
            {"linear": {"out_features": 10, "name": "head"}},
        ],
    },
    "cnn.yaml": {
        "vars": {"channels": 2, "dropout": 0.0},
        "inputs": {"image": [1, 8, 8]},
        "layers": [
            {"conv2d": {"out_channels": "$channels", "kernel_size": 3, "stride": 2}},
            "batch_norm",
            "relu",
            "flatten",
            {"dropout": {"p": "$dropout"}},
            {"linear": {"out_features": 10}},
        ],
    },
}
ZOO: dict[str, Any] = {
    "dataset": "digits",
    "count": 8,
    "seed": 0,
    "networks_per_shard": 3,
    "train_samples": 120,
    "test_samples": 60,
    "architectures": [
        {"family": "mlp", "file": "mlp.yaml", "variables": {"width": {"integers": [2, 5]}}},
        {
            "family": "cnn",
            "file": "cnn.yaml",
            "weight": 2,
            "variables": {"channels": {"choice": [2, 4]}, "dropout": {"uniform": [0, 0.3]}},
        },
    ],
    "training": {
        "optimizer": {"choice": ["adam", "sgd"]},
        "learning_rate": {"log_uniform": [1e-3, 1e-1]},
        "weight_decay": {"log_uniform": [1e-6, 1e-2]},
        "label_smoothing": {"uniform": [0, 0.2]},
        "epochs": {"integers": [1, 3]},
        "batch_size": 16,
        "train_fraction": {"uniform": [0.3, 1.0]},
        "schedule": {"choice": ["constant", "cosine"]},
    },
}


def write(folder: Path, training: dict[str, Any] | None = None, **changes: Any) -> Path:
    for name, description in ARCHITECTURES.items():
        (folder / name).write_text(json.dumps(description))
    file = folder / "params.yaml"
    recipe = {**ZOO["training"], **(training or {})}
    # JSON is YAML.
    file.write_text(json.dumps({"zoo": {**ZOO, **changes, "training": recipe}}))
    return file


@pytest.fixture
def write_zoo(tmp_path: Path) -> Callable[..., Path]:
    """Write the settings of a small zoo, with changes, and its architectures; give their file."""
    return partial(write, tmp_path)


@pytest.fixture(scope="session")
def small_zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate the small zoo; give its folder, which no test may change."""
    folder = tmp_path_factory.mktemp("small-zoo")
    generate(write(folder), folder / "zoo", workers=2)
    return folder / "zoo"


SIREN = {
    "vars": {"width": 4},
    "inputs": {"x": [1]},
    "layers": [
        {"linear": {"out_features": "$width"}},
        {"sine": {"frequency": 10}},
        {"linear": {"out_features": 1}},
    ],
}
INRS: dict[str, Any] = {
    "signals": {"name": "sine_waves", "train": 8, "test": 3, "points": 30, "amplitude": [0, 1]},
    "seed": 0,
    "architecture": {"family": "siren", "file": "siren.yaml", "variables": {"width": 5}},
    "convention": "offset",
    "fit": {"steps": 20, "learning_rate": 1e-2},
    "together": 4,
    "networks_per_shard": 3,
}


def write_inrs_to(folder: Path, **changes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "siren.yaml").write_text(json.dumps(SIREN))
    file = folder / "params.yaml"
    file.write_text(json.dumps({"inrs": {**INRS, **changes}}))
    return file


@pytest.fixture
def write_inrs() -> Callable[..., Path]:
    """Write the settings of a small zoo of INRs to a folder, with changes; give their file."""
    return write_inrs_to


@pytest.fixture(scope="session")
def inr_zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate the zoo of `INRS`, its settings next to it; no test may change it."""
    folder = tmp_path_factory.mktemp("inrs")
    generate_inrs(write_inrs_to(folder), folder / "zoo", workers=2)
    return folder / "zoo"


@pytest.fixture(scope="session")
def inr_copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate a zoo with three networks of each signal; no test may change it."""
    folder = tmp_path_factory.mktemp("copies")
    generate_inrs(write_inrs_to(folder, copies=3, together=33), folder / "zoo", workers=1)
    return folder / "zoo"


@pytest.fixture(scope="session")
def digit_graphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fit SIRENs to a few digits; give their graph set, beside which the zoo is."""
    folder = tmp_path_factory.mktemp("digits")
    net = {**SIREN, "vars": {"width": 12}, "inputs": {"x": [2]}}
    (folder / "net.yaml").write_text(json.dumps(net))
    settings = {
        "inrs": {
            "signals": {"name": "digits", "train": 40, "test": 8},
            "architecture": {"family": "siren", "file": "net.yaml"},
            "convention": "offset",
            "fit": {"steps": 60, "learning_rate": 2e-2, "schedule": "linear"},
        },
        "compile": {"seed": 0, "splits": {"train": 0.8, "validation": 0.2}},
    }
    file = folder / "params.yaml"
    file.write_text(json.dumps(settings))
    generate_inrs(file, folder / "zoo", workers=1)
    compile_zoo(file, folder / "zoo", folder / "graphs")
    return folder / "graphs"


@pytest.fixture(scope="session")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a zoo of 24 networks, of which the widest are held out; give its graph set."""
    folder = tmp_path_factory.mktemp("training")
    file = write(folder, count=24, networks_per_shard=10)
    generate(file, folder / "zoo", workers=2)
    settings = json.loads(file.read_text())
    settings["compile"] = {
        "seed": 0,
        "splits": {"train": 0.6, "validation": 0.2, "test": 0.2},
        "wider": {"mlp": {"width": 4}, "cnn": {"channels": 2}},
    }
    file.write_text(json.dumps(settings))
    compile_zoo(file, folder / "zoo", folder / "graphs")
    return folder / "graphs"


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make `graphs`, a `flow` of two models and `samples`, which no test may change."""
    folder = tmp_path_factory.mktemp("generated")
    settings = write_settings(folder, flow=TWO)
    graphs = write_graphs(folder / "graphs").folder
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("pipelines.generation.train"), "execute", here)
        train_flows(settings, graphs, folder / "flow")
    sample(settings, folder / "flow", folder / "samples")
    return folder


@pytest.fixture
def work(generated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a copy of `generated`; let flows be trained in this process, and nothing be drawn."""
    monkeypatch.setattr(import_module("pipelines.generation.train"), "execute", here)
    drawing = import_module("pipelines.generation.quality")
    monkeypatch.setattr(drawing, "picture", lambda *arguments: b"a picture")
    return Path(shutil.copytree(generated, tmp_path / "work"))


@pytest.fixture(scope="session")
def merged_sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the graph sets `one` and `two`, and `both`, merged of them; no test may change them."""
    folder = tmp_path_factory.mktemp("sets")
    write_sets(folder)
    return folder


@pytest.fixture(scope="session")
def pretrained(merged_sets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train both models of `merged_toys` on the merged set; give the folder of runs."""
    return pretrain(tmp_path_factory.mktemp("pretrained"), merged_sets / "both")
