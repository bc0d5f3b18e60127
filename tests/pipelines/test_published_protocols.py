"""The protocols on published sets, run on made files of the same format."""

from __future__ import annotations

import json
import random
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from published_forms import FORMS
from published_sets import write_cnn_wild_park, write_small_cnn_zoo

from graphgen import GraphSet
from pipelines.cli import main

FOLDER = Path(__file__).parents[2] / "experiments" / "published"
NAMES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())


def write_cnns(data: Path) -> None:
    """Write the last checkpoints of forty CNNs, and the order that Zhou et al. split them by."""
    matrix = write_small_cnn_zoo(data, runs=40, steps=(20, 86))
    order = list(range(len(matrix)))
    random.Random(3).shuffle(order)
    (data / "cifar10_split.csv").write_text("\n".join(map(str, [0, *order])) + "\n")


def write_park(data: Path) -> None:
    """Write forty CNNs of several forms, and the file of their split."""
    forms = [FORMS[run % len(FORMS)] for run in range(40)]
    write_cnn_wild_park(data, forms, [10])
    parts = {"train": range(24), "val": range(24, 32), "test": range(32, 40)}
    split = {
        part: {"path": [f"x/NN_tune_{run:05d}/checkpoint_000010/checkpoint.pt" for run in runs]}
        for part, runs in parts.items()
    }
    (data / "cnn_wild_park_splits.json").write_text(json.dumps(split))


WRITERS: dict[str, Callable[[Path], None]] = {
    "small-cnn-zoo": write_cnns,
    "cnn-wild-park": write_park,
}


def small(settings: dict[str, Any]) -> dict[str, Any]:
    """Make the settings of an experiment small: one seed, one epoch, few steps and trees."""
    settings["compile"]["views"] = [
        {"exam": {"steps": 3, "panel": 4, "at_once": 2}} if view == "exam" else view
        for view in settings["compile"]["views"]
    ]
    settings["train"]["seeds"] = [0]
    for model in settings["train"]["models"].values():
        if "training" in model:
            model["training"] |= {"epochs": 1, "batch_size": 8}
        own = {"gmn": {"hidden": 8, "layers": 1}, "stat_mlp": {"hidden": 8}}
        trees = {"trees": 3, "min_samples_leaf": 2}
        model["settings"] |= own.get(model["metanet"], trees)
    return settings


@pytest.mark.parametrize(
    "name", [NAMES[-1], *(pytest.param(name, marks=pytest.mark.long) for name in NAMES[:-1])]
)
def test_every_stage_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data" / name
    data.mkdir(parents=True)
    WRITERS[name](data)
    folder = tmp_path / "experiments" / "published" / name
    shutil.copytree(FOLDER / name, folder)
    settings = small(yaml.safe_load((folder / "params.yaml").read_text()))
    (folder / "params.yaml").write_text(yaml.safe_dump(settings))
    monkeypatch.chdir(folder)
    for stage in yaml.safe_load((folder / "dvc.yaml").read_text())["stages"].values():
        main(shlex.split(stage["cmd"])[1:])
        for out in stage["outs"]:
            assert (folder / (out if isinstance(out, str) else next(iter(out)))).exists()
    metrics = json.loads((folder / "out" / "results" / "metrics.json").read_text())
    assert set(metrics) == set(settings["train"]["models"])
    assert {"train", "validation", "test"} == {
        record["split"] for record in GraphSet.open(folder / "out" / "graphs").records
    }
    # The control: without the files there is nothing to read.
    shutil.rmtree(data)
    with pytest.raises(SystemExit):
        main(["zoo", "params.yaml", "--out", "out/again"])


def test_every_protocol_has_made_files() -> None:
    assert list(WRITERS) == ["small-cnn-zoo", "cnn-wild-park"]
    assert sorted(WRITERS) == NAMES
