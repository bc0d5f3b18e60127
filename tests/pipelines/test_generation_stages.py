"""The stages of generation: from a graph set to samples, numbers and pictures."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generation_toys import FLOW, QUALITY, SAMPLE, TRAINING, run_of, write_graphs, write_settings

from graphgen import GraphError
from pipelines.errors import PipelineError
from pipelines.generation import quality, sample, train
from pipelines.generation import train as train_flows
from pipelines.generation.baselines import BASELINES
from pipelines.generation.population import read_population
from pipelines.generation.sampling import noise_of
from pipelines.generation.trained import TrainedFlow
from spec import SpecError
from tests.pipelines.report_page import checked


def test_from_a_graph_set_to_samples_and_measures(tmp_path: Path) -> None:
    graph_set, settings = write_graphs(tmp_path / "graphs"), write_settings(tmp_path)
    run = run_of(tmp_path, graph_set)
    run.execute()  # here, not in a process of its own, which would take seconds to begin
    before = (run.place() / "model.safetensors").stat().st_mtime_ns
    (found,) = train(settings, graph_set.folder, tmp_path / "flow", workers=1)
    assert (found.hash, found.finished()) == (run.hash, True)
    assert (run.folder / "model.safetensors").stat().st_mtime_ns == before
    sets = sample(settings, tmp_path / "flow", tmp_path / "samples")
    assert list(sets) == ["gmn-seed0", *BASELINES]
    about = sets["gmn-seed0"].index["about"]
    assert about["run"] == run.hash
    assert about["networks"]["generated"] + len(about["failed"]) == 9
    assert about["sample"] == {
        "count": 9, "seed": 0, "steps": 2, "method": "heun", "together": 4,
        "networks_per_shard": 256,
    }  # fmt: skip
    assert [r["labels"] for r in sets["gmn-seed0"].records[:3]] == [
        {"class": 0}, {"class": 1}, {"class": 0},
    ]  # fmt: skip
    assert {r["offset"] for r in sets["gmn-seed0"].records} == {0.5}
    again = sample(settings, tmp_path / "flow", tmp_path / "samples")
    assert {name: own.hash for name, own in again.items()} == {n: s.hash for n, s in sets.items()}
    more = write_settings(tmp_path, sample={**SAMPLE, "count": 5, "together": 2})
    fewer = sample(more, tmp_path / "flow", tmp_path / "fewer")["gmn-seed0"]
    assert np.allclose(fewer.values(range(5)), sets["gmn-seed0"].values(range(5)), atol=1e-5)
    report = tmp_path / "report.html"
    folders = tmp_path / "samples", graph_set.folder, tmp_path / "results"
    result = quality(settings, *folders, report)
    assert json.loads((tmp_path / "results" / "quality.json").read_text()) == result
    systems = result["systems"]
    assert list(systems) == [
        "held_out", "training_networks", *sorted(BASELINES), "gmn",
    ]  # fmt: skip
    assert systems["training_networks"]["copies"]["mean"] == 1
    assert systems["held_out"]["frechet"]["mean"] < systems["gaussian_by_tensor"]["frechet"]["mean"]
    assert "class_agreement" in systems["gmn"]
    assert "class_agreement" not in systems["gaussian_by_tensor"]
    for name in ("gmn", *BASELINES):
        picture = (tmp_path / "results" / f"samples-{name}.png").read_bytes()
        assert len(picture) > 1000
        assert base64.b64encode(picture).decode() in report.read_text()
    page = checked(re.sub(r"<img [^>]+>", "", report.read_text()))
    nearest = f"{systems['gmn']['nearest_train']['mean']:.4g}"
    assert nearest in page.text
    best = min(list(systems)[2:], key=lambda name: systems[name]["frechet"]["mean"])
    assert f"The networks of {best} are nearest to real ones" in page.text


def test_a_flow_is_read_as_it_was_written(tmp_path: Path) -> None:
    graph_set = write_graphs(tmp_path / "graphs")
    run = run_of(tmp_path, graph_set)
    run.execute()
    first, second = (TrainedFlow.load(run.place()) for _ in range(2))
    about = {k: v for k, v in first.about.items() if k not in ("made_with", "hash")}
    first.save(tmp_path / "copy", about)
    copied = TrainedFlow.load(tmp_path / "copy").flow.state_dict()
    assert all(np.array_equal(x, copied[name]) for name, x in second.flow.state_dict().items())
    assert (first.classes, first.label, first.offset) == ([0, 1], "class", 0.5)
    assert run_of(tmp_path, graph_set, seed=1).hash != run.hash
    assert not run_of(tmp_path, graph_set, alignment="match").finished()
    with pytest.raises(GraphError, match="no finished graph-metanetworks/flow"):
        TrainedFlow.load(tmp_path)


def test_the_noise_of_a_network_is_its_own() -> None:
    whole = noise_of(0, range(4), 5)
    assert np.array_equal(noise_of(0, [2], 5)[0], whole[2])
    assert not np.array_equal(whole[0], whole[1])
    assert not np.array_equal(noise_of(1, [2], 5)[0], whole[2])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"flow": {**FLOW, "align": "sort"}}, r"params\.yaml:1:\d+"),
        ({"flow": {**FLOW, "models": {"gmn": {}}}}, "training"),
        ({"flow": {**FLOW, "models": {"held_out": FLOW["models"]["gmn"]}}}, "held_out"),
        ({"flow": {**FLOW, "models": {"../gmn": FLOW["models"]["gmn"]}}}, r"\.\./gmn"),
        (
            {"flow": {**FLOW, "models": {"gmn": {**FLOW["models"]["gmn"], "editor": "scale_gmn"}}}},
            "scale_gmn",
        ),
        ({"flow": {k: v for k, v in FLOW.items() if k != "seeds"}}, "seeds"),
    ],
)
def test_settings_are_checked_with_their_place(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    graph_set, settings = write_graphs(tmp_path / "graphs"), write_settings(tmp_path, **changes)
    with pytest.raises(SpecError, match=message):
        train_flows(settings, graph_set.folder, tmp_path / "flow")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"condition": "colour"}, PipelineError, "has no label 'colour'.*it has: class"),
        (
            {"models": {"gmn": {"settings": {"hiden": 8}, "training": TRAINING}}},
            SpecError,
            r"params.yaml:1:\d+: `hiden`",
        ),
        (
            {"models": {"gmn": {"settings": {"hidden": [8]}, "training": TRAINING}}},
            SpecError,
            r"params.yaml:1:\d+: `hidden`",
        ),
    ],
)
def test_flows_that_cannot_be_made_are_refused_before_any_work(
    tmp_path: Path, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    graph_set = write_graphs(tmp_path / "graphs")
    settings = write_settings(tmp_path, flow={**FLOW, **changes})
    with pytest.raises(error, match=message):
        train_flows(settings, graph_set.folder, tmp_path / "flow")
    assert not (tmp_path / "flow").exists()


def test_graph_sets_that_are_no_inrs_are_refused(tmp_path: Path) -> None:
    graph_set = write_graphs(tmp_path / "graphs", offset=None)
    with pytest.raises(PipelineError, match=r"networks\[0\].offset: None"):
        read_population(graph_set.folder)
    with pytest.raises(PipelineError, match="networks to use for train: 0"):
        read_population(write_graphs(tmp_path / "other", split="test").folder)


def test_too_few_networks_held_out_are_refused(tmp_path: Path) -> None:
    graph_set, settings = write_graphs(tmp_path / "graphs", 8), write_settings(tmp_path)
    run_of(tmp_path, graph_set).execute()
    train(settings, graph_set.folder, tmp_path / "flow", workers=1)
    sample(settings, tmp_path / "flow", tmp_path / "samples")
    with pytest.raises(PipelineError, match="2 networks held out"):
        quality(settings, tmp_path / "samples", graph_set.folder, tmp_path / "results")
    with pytest.raises(PipelineError, match="not drawn from a flow"):
        quality(settings, graph_set.folder, graph_set.folder, tmp_path / "results")


def test_what_earlier_settings_made_does_not_count(tmp_path: Path) -> None:
    graph_set, two = write_graphs(tmp_path / "graphs"), {**FLOW, "seeds": [0, 1]}
    folders = tmp_path / "flow", tmp_path / "samples"

    def made(flow: dict[str, Any]) -> tuple[list[str], int]:
        settings = write_settings(tmp_path, flow=flow)
        train(settings, graph_set.folder, folders[0], workers=1)
        sets = sample(settings, *folders)
        out = tmp_path / "results"
        result = quality(settings, folders[1], graph_set.folder, out, replace=out.exists())
        return list(sets), len(result["systems"]["gmn"]["frechet"]["seeds"])

    for seed in (0, 1):
        run_of(tmp_path, graph_set, seed=seed).execute()
    assert made(two) == (["gmn-seed0", "gmn-seed1", *BASELINES], 2)
    assert made(FLOW) == (["gmn-seed0", *BASELINES], 1)
    assert all((folder / "gmn-seed1").exists() for folder in folders)


def test_as_many_networks_of_every_set_are_measured(tmp_path: Path) -> None:
    graph_set = write_graphs(tmp_path / "graphs")  # four of them are held out, and not the target
    run_of(tmp_path, graph_set).execute()

    def count(samples: int, folder: str) -> int:
        settings = write_settings(tmp_path, sample={**SAMPLE, "count": samples})
        train(settings, graph_set.folder, tmp_path / "flow", workers=1)
        sample(settings, tmp_path / "flow", tmp_path / folder)
        result = quality(settings, tmp_path / folder, graph_set.folder, tmp_path / f"{folder}-out")
        return int(result["samples"])

    assert count(9, "more") == 4
    larger = write_graphs(tmp_path / "graphs", 64, replace=True)
    (tmp_path / "flow").rename(tmp_path / "before")
    run_of(tmp_path, larger).execute()
    graph_set = larger
    assert count(5, "fewer") == 5


def test_signals_that_networks_do_not_encode_are_refused(tmp_path: Path) -> None:
    graph_set = write_graphs(tmp_path / "graphs")
    run_of(tmp_path, graph_set).execute()
    settings = write_settings(tmp_path, quality={**QUALITY, "signals": "solids"})
    train(settings, graph_set.folder, tmp_path / "flow", workers=1)
    sample(settings, tmp_path / "flow", tmp_path / "samples")
    folders = tmp_path / "samples", graph_set.folder, tmp_path / "results"
    with pytest.raises(SpecError, match=r"`signals` is solids, of 3 .* `grid` is \[16\]"):
        quality(settings, *folders)


def test_principal_directions_need_the_mean_network(tmp_path: Path) -> None:
    graph_set = write_graphs(tmp_path / "graphs")
    model = {**FLOW["models"]["gmn"], "reference": False, "principal": 2}
    file = write_settings(tmp_path, flow={**FLOW, "models": {"gmn": model}})
    with pytest.raises(SpecError, match=r"`principal` .* set `reference: true`"):
        train_flows(file, graph_set.folder, tmp_path / "flow")
