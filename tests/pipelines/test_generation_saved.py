"""Trained flows in their folders: with every option, refused where they are not what they say."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generation_toys import (
    FLOW,
    MODELS,
    PLAIN,
    TRAINING,
    put,
    rewrite,
    write_settings,
)

from graphgen import GraphError, GraphSet
from graphgen.files import read_weights, write_safetensors
from graphgen.files.sealed import file_hash
from metanet import Flow, GMNEditor
from pipelines.errors import PipelineError
from pipelines.generation import sample, train
from pipelines.generation.samples import INDEX, open_samples
from pipelines.generation.systems import systems_in
from pipelines.generation.trained import TrainedFlow


def test_a_changed_default_does_not_change_a_saved_flow(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = json.loads((work / "flow" / "gmn-seed0" / "settings.json").read_text())
    assert settings["settings"] == TrainedFlow.load(work / "flow" / "gmn-seed0").flow.settings
    before = sample(work / "params.yaml", work / "flow", work / "before")
    for made_, changes in (
        (Flow, {"frequencies": 2, "along": 8, "reference": True}),
        (GMNEditor, {"fan_in_power": 0.5, "norm": False, "aggregation": "sum"}),
    ):
        defaults = {**made_.__init__.__kwdefaults__, **changes}
        assert defaults != made_.__init__.__kwdefaults__
        monkeypatch.setattr(made_.__init__, "__kwdefaults__", defaults)
    after = sample(work / "params.yaml", work / "flow", work / "after")
    for name, one in before.items():
        assert np.array_equal(one.values(range(len(one))), after[name].values(range(len(one))))
    net, moments = TrainedFlow.load(work / "flow" / "gmn-seed0").net, systems_in(work / "flow")[2]
    control = Flow(net, moments.moments, settings=PLAIN["settings"])  # type: ignore[attr-defined]
    assert control.settings["frequencies"] == 2


def test_a_flow_says_what_it_is_and_was_trained_on(generated: Path) -> None:
    about = TrainedFlow.load(generated / "flow" / "gmn-seed0").about
    assert about["trained_on"]["graph_set"] == GraphSet.open(generated / "graphs").hash
    assert about["trained_on"]["networks"] == 16
    assert about["training"] == {**TRAINING, "average": 0.999}
    assert about["scores"]["validation"]["loss"] > 0
    assert {"graph-metanetworks", "torch"} <= set(about["made_with"])
    assert (about["alignment"], about["principal"], about["name"]) == ("none", 2, "gmn")


def without_label(data: dict[str, Any]) -> None:
    data["label"] = None


def huge(size: int) -> Callable[[dict[str, Any]], None]:
    layers = [{"linear": {"in_features": 1, "out_features": size}}]
    return put("net", {"inputs": {"x": [1]}, "layers": layers})


HOSTILE = {
    "version": put("version", 2),
    "format": put("format", "graph-metanetworks/run"),
    "layers": put("settings", "settings", "layers", 10**18),
    "as many layers as there may be": put("settings", "settings", "layers", 1000),
    "hidden": put("settings", "settings", "hidden", 65536),
    "kind of hidden": put("settings", "settings", "hidden", [8]),
    "unknown option": put("settings", "settings", "no_such", 1),
    "editor": put("settings", "editor", "../editor"),
    "along": put("settings", "along", 65536),
    "frequencies": put("settings", "frequencies", 10**18),
    "classes": put("settings", "classes", 65536),
    "labels": put("classes", [0, [1]]),
    "no label": without_label,
    "offset": put("offset", "0.5"),
    "infinite offset": put("offset", 10**400),
    "name": put("name", "../gmn"),
    "name of a baseline": put("name", "held_out"),
    "seed": put("seed", -1),
    "net": put("net", []),
    "empty net": put("net", {}),
    "net of other shapes": huge(7),
    "net with huge shapes": huge(10**12),
    "net of many coordinates": put("net", "inputs", {"x": [10**9]}),
    "parts": put("parts", [{"file": "../model.safetensors", "sha256": "0" * 64}]),
    "no parts": put("parts", []),
    "scores": put("scores", {"validation": {"loss": None}}),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_settings_with_a_right_hash_that_make_no_such_flow_are_refused(
    work: Path, what: str
) -> None:
    folder = work / "flow" / "gmn-seed0"
    TrainedFlow.load(folder)
    rewrite(folder / "settings.json", HOSTILE[what])
    for read in (
        lambda: TrainedFlow.load(folder),
        lambda: sample(work / "params.yaml", work / "flow", work / "out"),
    ):
        with pytest.raises((PipelineError, GraphError), match="gmn-seed0"):
            read()
    assert not (work / "out").exists()


Arrays = dict[str, np.ndarray]


def cut_one(arrays: Arrays) -> None:
    arrays["mean"] = arrays["mean"][:-1]


def lose_one(arrays: Arrays) -> None:
    del arrays["editor.scale"]


def lose_moments(arrays: Arrays) -> None:
    del arrays["deviation"]


def add_one(arrays: Arrays) -> None:
    arrays["more"] = np.zeros(3, np.float32)


def other_dtype(arrays: Arrays) -> None:
    arrays["editor.scale"] = arrays["editor.scale"].astype(np.float64)


def whole_numbers(arrays: Arrays) -> None:
    arrays["deviation"] = arrays["deviation"].astype(np.int64)


def not_a_number(arrays: Arrays) -> None:
    arrays["editor.scale"] = np.full_like(arrays["editor.scale"], np.nan)


def zero_deviation(arrays: Arrays) -> None:
    arrays["deviation"] = np.zeros_like(arrays["deviation"])


def more_directions(arrays: Arrays) -> None:
    arrays["directions"] = np.zeros((9, 13), np.float32)


CHANGES = [
    cut_one, lose_one, lose_moments, add_one, other_dtype, whole_numbers, not_a_number,
    zero_deviation, more_directions,
]  # fmt: skip


@pytest.mark.parametrize("reseal", [True, False])
@pytest.mark.parametrize("change", CHANGES)
def test_parameters_that_are_not_those_of_the_flow_are_refused(
    work: Path, change: Callable[[Arrays], None], reseal: bool
) -> None:
    folder = work / "flow" / "gmn-seed0"
    path = folder / "model.safetensors"
    arrays = {name: np.array(array) for name, array in read_weights(path).items()}
    change(arrays)
    write_safetensors(path, arrays)
    if reseal:
        digest = file_hash(path)
        rewrite(
            folder / "settings.json",
            lambda data: [
                part.update(sha256=digest) for part in data["parts"] if part["file"] == path.name
            ],
        )
    with pytest.raises((PipelineError, GraphError), match=r"model\.safetensors"):
        TrainedFlow.load(folder)


@pytest.mark.parametrize("name", ["../x", "/etc", "..", ".hidden", "a/b", "", "gmn-seed0\x00"])
def test_runs_and_sets_are_read_inside_their_folder_only(work: Path, name: str) -> None:
    for index, read in (
        (
            work / "flow" / "runs.json",
            lambda: sample(work / "params.yaml", work / "flow", work / "o"),
        ),
        (work / "samples" / INDEX, lambda: open_samples(work / "samples")),
    ):
        rewrite(index, lambda data: data["parts"][0].update(file=name))
        with pytest.raises(GraphError, match=r"json: parts\[0\]\.file"):
            read()


def test_a_run_in_the_place_of_another_is_refused(work: Path) -> None:
    flow = work / "flow"
    shutil.rmtree(flow / "plain-seed0")
    shutil.copytree(flow / "gmn-seed0", flow / "plain-seed0")
    with pytest.raises(PipelineError, match="plain-seed0: holds another run"):
        systems_in(flow)
    shutil.rmtree(flow / "plain-seed0")
    with pytest.raises(GraphError, match="plain-seed0: there is no such run"):
        systems_in(flow)


@pytest.mark.parametrize("name", ["moments.safetensors", "aligned.safetensors"])
def test_what_stands_beside_the_flows_is_sealed_with_them(work: Path, name: str) -> None:
    settings = write_settings(work, flow={**FLOW, "models": MODELS, "align": "match"})
    train(settings, work / "graphs", work / "aligned")
    data = bytearray((work / "aligned" / name).read_bytes())
    data[-1] ^= 1
    (work / "aligned" / name).write_bytes(data)
    if name.startswith("moments"):
        with pytest.raises(GraphError, match=r"moments\.safetensors: changed or damaged"):
            systems_in(work / "aligned")
    train(settings, work / "graphs", work / "aligned")  # makes it again
    assert len(systems_in(work / "aligned")) == 5
    assert (work / "aligned" / name).read_bytes() != bytes(data)
