"""A saved predictor: it outlives defaults, says what it is, and is refused when it was changed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graphgen import GraphError, GraphSet
from graphgen.files import read_weights, write_json
from graphgen.files.document import canonical
from metanet import GMN
from pipelines.cli import main
from pipelines.errors import PipelineError
from pipelines.runs import loop
from pipelines.training import Predictor, planning, train
from pipelines.training.trained import RUN, Trained
from tests.pipelines.test_of_one_piece import SMALL_GMN, write


def resealed(run: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change settings as an enemy does, who knows how the hash is made."""
    content = json.loads((run / "settings.json").read_text())
    change(content)
    content.pop("hash")
    text = canonical(run, content)
    write_json(
        run / "settings.json", {**content, "hash": hashlib.sha256(text.encode()).hexdigest()}
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.update(version=3), "got version 3"),
        (lambda s: s.pop("version"), "got version None"),
        (lambda s: s["settings"].update(hidden=10**18), "hidden"),
        (lambda s: s["settings"].update(layers=10**18), "layers"),
        (lambda s: s["settings"].update(layers=-1), "layers"),
        (lambda s: s["settings"].update(unheard_of=1), "unheard_of"),
        (lambda s: s.update(model="no such"), "no such"),
        (lambda s: s.update(model=5), "model: got 5"),
        (lambda s: s["learned"].update(deviation=0), r"learned\.deviation"),
        (lambda s: s["learned"].pop("target"), "target"),
        (lambda s: s["task"].update(task="no such"), "task"),
        (lambda s: s.pop("trained_on"), "trained_on"),
        (lambda s: s["parts"][0].update(file="../model.safetensors"), "file"),
        (lambda s: s["settings"].update(hidden=16), r"model\.safetensors"),
        (lambda s: s.update(parts=[]), "no part"),
    ],
)  # fmt: skip
def test_hostile_settings_of_a_run_are_refused(
    small_gmn: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    run = tmp_path / "run"
    shutil.copytree(small_gmn, run)
    Trained.load(run)
    resealed(run, change)
    with pytest.raises((GraphError, PipelineError), match=message):
        Trained.load(run)


@pytest.fixture(scope="module")
def small_gmn(graphs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a small GMN; give the run's folder."""
    folder = tmp_path_factory.mktemp("gmn")
    (run,) = train(write(folder, {"g": SMALL_GMN}, seeds=[0]), graphs, folder / "train", workers=1)
    return run.folder


def test_a_saved_predictor_outlives_the_defaults(
    small_gmn: Path, graphs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph_set = GraphSet.open(graphs)
    before = Predictor.load(small_gmn).predict_set(graph_set, [0, 1, 2])
    changed = {**GMN.__init__.__kwdefaults__, "norm": False, "activation": "relu"}
    with monkeypatch.context() as patch:
        patch.setattr(GMN.__init__, "__kwdefaults__", changed)
        assert GMN(8, 1).settings["activation"] == "relu"
        after = Predictor.load(small_gmn).predict_set(graph_set, [0, 1, 2])
    assert np.array_equal(before, after)


def test_a_saved_predictor_says_what_it_is(small_gmn: Path, graphs: Path) -> None:
    about = Trained.load(small_gmn).about
    graph_set = GraphSet.open(graphs)
    chosen = [i for i, row in enumerate(graph_set.records) if row["split"] == "train"]
    values = np.concatenate([graph_set.values([i])[0] for i in chosen])
    seen = about["trained_on"]
    assert seen["graph_set"] == graph_set.hash
    assert seen["networks"] == len(chosen)
    assert seen["families"] == ["cnn", "mlp"]
    assert seen["weights"] == [float(values.min()), float(values.max())]
    assert about["made_with"].keys() >= {"graph-metanetworks", "torch", "numpy"}
    assert set(about["scores"]["validation"]) == {"r2", "tau", "mae"}


def test_a_damaged_checkpoint_is_told_of_and_not_used(
    graphs: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, {"g": SMALL_GMN}, seeds=[0])
    (whole,) = train(file, graphs, tmp_path / "whole", workers=1)
    expected = read_weights(whole.folder / "model.safetensors")
    _, (run,) = planning.planned(file, graphs, tmp_path / "train")
    real = loop.save_checkpoint
    with pytest.MonkeyPatch.context() as patch:

        def save_and_stop(*arguments: Any) -> None:
            real(*arguments)
            raise KeyboardInterrupt

        patch.setattr(loop, "save_checkpoint", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            run.execute()
    path = run.work_folder / "checkpoint.safetensors"
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)
    run.execute()
    assert "does not match its hash; the run begins anew" in capfd.readouterr().err
    found = read_weights(run.place() / "model.safetensors")
    assert all(np.array_equal(found[name], array) for name, array in expected.items())


def test_the_schema_is_that_of_what_is_written(small_gmn: Path) -> None:
    content = json.loads((small_gmn / "settings.json").read_text())
    assert set(RUN.schema["required"]) <= content.keys()


def test_a_model_is_predicted_with_its_own_weights(
    small_gmn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    path = tmp_path / "model.pt2"
    torch.export.save(torch.export.export(module.eval(), (torch.zeros(2, 4),)), path)
    main(["import", str(path), "-o", str(tmp_path / "net.yaml")])
    capsys.readouterr()
    main(["predict", str(small_gmn), str(path)])
    own = capsys.readouterr().out
    assert own.startswith(f"{path}: ")
    main(["predict", str(small_gmn), str(tmp_path / "net.yaml"), str(path)])
    assert capsys.readouterr().out == own
    with pytest.raises(SystemExit):
        main(["predict", str(small_gmn), str(tmp_path / "net.yaml")])
    assert "needs WEIGHTS" in capsys.readouterr().err
