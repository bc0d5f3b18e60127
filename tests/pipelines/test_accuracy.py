"""`gmn fit` makes a predictor of accuracy, and `gmn predict` asks it about somebody's network."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from predictor_toys import ATTENTION, MLP, write_settings

import graphgen
import metanet
import spec
from graphgen import GraphSet
from graphgen.files import write_weights
from graphgen.testing import random_weights
from metanet.predictor.anatomy import Anatomy
from pipelines.accuracy.fit import fit
from pipelines.accuracy.measure import kept_out, measures
from pipelines.accuracy.reading import read_networks
from pipelines.cli import main

NETS = Path(spec.__file__).parent / "nets"


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fit")
    write_settings(folder)
    fit(folder / "params.yaml", folder / "predictor", folder / "metrics.json")
    net = spec.loads(MLP)
    (folder / "net.yaml").write_text(MLP)
    weights = random_weights(net, np.random.default_rng(9), np.float32)
    write_weights(folder / "w.safetensors", weights)
    return folder


def test_a_fit_gives_a_model_its_card_and_its_scores(experiment: Path) -> None:
    found = json.loads((experiment / "metrics.json").read_text())
    assert set(found) == {"test", "held_out", "kept_out"}
    assert found["test"]["all"]["networks"] == 24
    assert found["held_out"]["others, mlp"]["networks"] == 32
    assert found["held_out"]["all"]["r2"] > 0.5
    card = (experiment / "predictor" / "README.md").read_text()
    assert "# toys" in card
    assert "toys only" in card
    assert f"{found['held_out']['all']['coverage']:.3f}" in card
    assert "gmn fit params.yaml --out predictor" in card
    predictor = metanet.load(experiment / "predictor")
    assert isinstance(predictor, metanet.AccuracyPredictor)
    assert predictor.networks == 72


def test_a_fit_is_the_same_twice(experiment: Path, tmp_path: Path) -> None:
    fit(experiment / "params.yaml", tmp_path / "again")
    folders = experiment / "predictor", tmp_path / "again"
    one, other = (folder / "model.safetensors" for folder in folders)
    assert one.read_bytes() == other.read_bytes()


def test_measures_are_those_of_the_intervals() -> None:
    true = np.array([0.1, 0.5, 0.9, 0.3])
    intervals = np.array([[0.0, 0.2], [0.6, 0.7], [0.8, 1.0], [0.3, 0.3]])
    outside = np.array([True, False, False, False])
    found = measures(true, true + 0.1, intervals, outside)
    assert found["coverage"] == 0.75
    assert found["outside"] == 0.25
    assert found["mae"] == pytest.approx(0.1)
    assert found["width"] == pytest.approx((0.2 + 0.1 + 0.2 + 0.0) / 4)


def test_a_kind_that_was_kept_out_is_unknown(experiment: Path) -> None:
    own = GraphSet.open(experiment / "graphs")
    one = read_networks("toys", own, "test_accuracy", range(len(own)))
    other = tuple(replace(each, made_of=("conv2d",)) for each in one.table.anatomies)
    half = len(one) // 2
    mixed = (*one.table.anatomies[:half], *other[half:])
    found = kept_out(replace(one, table=replace(one.table, anatomies=mixed)), 0)
    assert found["conv2d"]["networks"] == half
    assert found["conv2d"]["outside"] == 1.0
    assert found["all"]["outside"] == 1.0
    assert kept_out(one, 0) == {}, "there is one kind only"


def test_a_network_is_predicted_by_a_fitted_predictor(
    experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(experiment / name) for name in ("predictor", "net.yaml", "w.safetensors")]
    main(["predict", *arguments])
    said = capsys.readouterr().out
    assert said.startswith(f"{arguments[2]}: accuracy 0.")
    assert "90% between" in said
    main(["predict", *arguments, "--json"])
    (row,) = json.loads(capsys.readouterr().out)["predictions"]
    assert row["inside"]
    low, high = row["interval"]
    assert low <= row["estimate"] <= high
    main(["predict", arguments[0], str(experiment / "held")])
    assert len(capsys.readouterr().out.splitlines()) >= 32


def test_the_predictor_in_the_box_answers_without_a_run(
    experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net = spec.loads(MLP, width=16)
    begun = metanet.evaluate.initial_weights(net, torch.Generator().manual_seed(0))
    write_weights(tmp_path / "w.safetensors", {k: v.numpy() for k, v in begun.items()})
    place = str(experiment / "net.yaml")
    main(["predict", place, str(tmp_path / "w.safetensors"), "--set", "width=16"])
    assert ": accuracy 0." in capsys.readouterr().out
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 16), torch.nn.ReLU(),
                                 torch.nn.Linear(16, 10))  # fmt: skip
    program = torch.export.export(module.eval(), (torch.zeros(2, 1, 8, 8),))
    torch.export.save(program, tmp_path / "model.pt2")
    main(["predict", str(tmp_path / "model.pt2"), "--json"])
    (row,) = json.loads(capsys.readouterr().out)["predictions"]
    assert row["inside"], row["reasons"]
    assert row["estimate"] < 0.3, "it was not trained"
    assert any("next to nothing was learned" in words for words in row["remarks"])


def test_a_reference_network_goes_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    weights = random_weights(spec.load("mlp"), np.random.default_rng(0), np.float32)
    write_weights("w.safetensors", weights)
    main(["predict", "mlp", "w.safetensors", "--json"])
    assert json.loads(capsys.readouterr().out)
    with pytest.raises(SystemExit):  # the control: what is no such name is taken for a run
        main(["predict", "mlpp", "w.safetensors"])
    assert "mlpp" in capsys.readouterr().err


def test_random_weights_of_a_family_that_was_never_seen_get_no_prediction(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "net.yaml").write_text(ATTENTION)
    weights = random_weights(spec.loads(ATTENTION), np.random.default_rng(0), np.float32)
    write_weights(tmp_path / "w.safetensors", weights)
    main(["predict", str(tmp_path / "net.yaml"), str(tmp_path / "w.safetensors")])
    said = capsys.readouterr().out
    assert "no prediction: it is unlike the networks of the training" in said
    assert "it reads 6 x 8; the training read" in said


def test_most_reference_networks_are_unknown_to_the_predictor_in_the_box() -> None:
    """They are as they begin; none is of the kinds of the training but MLP and CNNs."""
    predictor: Any = metanet.load("accuracy")
    generator = torch.Generator().manual_seed(0)
    inside = []
    for path in sorted(NETS.glob("*.yaml")):
        net = spec.load(path)
        if Anatomy.of(net).parameters > 10**6:
            continue
        weights = metanet.evaluate.initial_weights(net, generator)
        (answer,) = predictor.explain(graphgen.compile(net, weights))
        if answer.inside:
            inside.append((path.stem, answer.estimate))
    assert {name for name, _ in inside} <= {"mlp", "cnn", "residual_cnn"}
    assert all(estimate < 0.35 for _, estimate in inside), "which learned nothing"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["out/run"], "is a run; name a network behind it"),
        (["net.yaml"], "an architecture in YAML needs WEIGHTS"),
        (["absent.yaml", "w.safetensors"], "absent.yaml"),
        (["net.yaml", "w.safetensors", "--out", "a.csv"], "--out is for a run"),
    ],
)
def test_what_is_missing_is_said(
    experiment: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(experiment)
    (experiment / "out").mkdir(exist_ok=True)
    (experiment / "out" / "run").mkdir(exist_ok=True)
    (experiment / "out" / "run" / "settings.json").write_text("{}")
    with pytest.raises(SystemExit):
        main(["predict", *arguments])
    assert words in capsys.readouterr().err
