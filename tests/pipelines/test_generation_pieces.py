"""Flows, samples and their measures: of one piece, and never over one another."""

from __future__ import annotations

import shutil
from importlib import import_module
from pathlib import Path

import pytest
from generation_toys import (
    FLOW,
    MODELS,
    PLAIN,
    QUALITY,
    SAMPLE,
    TRAINING,
    TWO,
    contents,
    put,
    rewrite,
    write_graphs,
    write_settings,
)

from graphgen import GraphError, GraphSet
from pipelines.errors import PipelineError
from pipelines.generation import quality, sample, train
from pipelines.generation.samples import open_samples
from pipelines.results import read_results, result_file
from pipelines.runs.collection import listed_runs


def test_flows_of_other_settings_are_refused_or_replaced(work: Path) -> None:
    before = contents(work / "flow")
    models = {**MODELS, "plain": {**PLAIN, "training": {**TRAINING, "epochs": 1}}}
    settings = write_settings(work, flow={**FLOW, "models": models})
    with pytest.raises(PipelineError, match="plain-seed0: trained by other settings.*--replace"):
        train(settings, work / "graphs", work / "flow")
    assert contents(work / "flow") == before
    train(settings, work / "graphs", work / "flow", replace=True)
    after = contents(work / "flow")
    kept = [name for name in before if name.startswith("gmn-seed0/")]
    assert kept
    assert all(after[name] == before[name] for name in kept)
    changed = "plain-seed0/model.safetensors"
    assert after[changed] != before[changed]


def test_sets_of_other_settings_are_refused_or_replaced(work: Path) -> None:
    before = contents(work / "samples")
    again = sample(work / "params.yaml", work / "flow", work / "samples")
    assert contents(work / "samples") == before
    settings = write_settings(work, flow=TWO, sample={**SAMPLE, "seed": 1})
    with pytest.raises(PipelineError, match="drawn by other settings.*--replace"):
        sample(settings, work / "flow", work / "samples")
    assert contents(work / "samples") == before
    anew = sample(settings, work / "flow", work / "samples", replace=True)
    assert list(anew) == list(again)
    assert all(anew[name].hash != again[name].hash for name in anew)
    found = open_samples(work / "samples")
    assert {name: one.hash for name, one in found.items()} == {n: s.hash for n, s in anew.items()}


def test_other_code_draws_other_sets(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(
            import_module("pipelines.generation.sampling"), "maker_of", lambda *_: "1" * 64
        )
        with pytest.raises(PipelineError, match="drawn by other settings, other code"):
            sample(work / "params.yaml", work / "flow", work / "samples")
    sample(work / "params.yaml", work / "flow", work / "samples")


def test_a_set_that_the_flows_no_longer_have_does_not_count(work: Path) -> None:
    settings = write_settings(work, flow=FLOW)  # without `plain`
    train(settings, work / "graphs", work / "flow")
    assert "plain-seed0" not in listed_runs(work / "flow")
    assert "plain-seed0" in open_samples(work / "samples")
    sample(settings, work / "flow", work / "samples")
    assert "plain-seed0" not in open_samples(work / "samples")
    result = quality(settings, work / "samples", work / "graphs", work / "results")
    assert "plain" not in result["systems"]
    assert (work / "samples" / "plain-seed0").exists()


def test_samples_are_not_drawn_over_other_things(work: Path) -> None:
    for place in (work / "graphs", work / "flow"):
        before = contents(place)
        with pytest.raises((GraphError, PipelineError), match="holds"):
            sample(work / "params.yaml", work / "flow", place, replace=True)
        assert contents(place) == before


def test_a_damaged_shard_is_drawn_again_or_refused(work: Path) -> None:
    shard = next((work / "samples" / "gmn-seed0").glob("shard-*"))
    data = bytearray(shard.read_bytes())
    data[-1] ^= 1
    shard.write_bytes(data)
    with pytest.raises(GraphError, match="SHA-256"):
        quality(work / "params.yaml", work / "samples", work / "graphs", work / "results")
    with pytest.raises(PipelineError, match="gmn-seed0: drawn by other settings.*or damaged"):
        sample(work / "params.yaml", work / "flow", work / "samples")
    sample(work / "params.yaml", work / "flow", work / "samples", replace=True)
    assert shard.read_bytes() != bytes(data)


# What is measured.


def test_samples_of_another_graph_set_are_refused(work: Path) -> None:
    other = write_graphs(work / "other", 40)
    with pytest.raises(PipelineError, match="trained on the graph set .* but .*other is"):
        quality(work / "params.yaml", work / "samples", other.folder, work / "results")
    assert not (work / "results").exists()


def test_a_set_in_the_place_of_another_is_refused(work: Path) -> None:
    samples, settings = (
        work / "samples",
        write_settings(work, flow=TWO, sample={**SAMPLE, "seed": 1}),
    )
    sample(settings, work / "flow", work / "others")
    shutil.rmtree(samples / "gmn-seed0")
    shutil.copytree(work / "others" / "gmn-seed0", samples / "gmn-seed0")
    with pytest.raises(PipelineError, match="gmn-seed0: holds another set"):
        quality(settings, samples, work / "graphs", work / "results")


SETS = {
    "name": put("about", "name", "../gmn"),
    "name of real ones": put("about", "name", "held_out"),
    "no run": lambda data: data["about"].pop("run"),
    "count": put("about", "sample", "count", 0),
    "trained on": put("about", "trained_on", None),
}


@pytest.mark.parametrize("what", SETS)
def test_sets_that_do_not_say_what_they_are_are_refused(work: Path, what: str) -> None:
    one = work / "samples" / "gmn-seed0"
    open_samples(one)
    rewrite(one / "index.json", SETS[what])
    with pytest.raises(PipelineError, match=r"gmn-seed0/index\.json: about"):
        quality(work / "params.yaml", one, work / "graphs", work / "results")
    assert not (work / "results").exists()


def test_results_say_of_what_they_are_and_are_not_written_over(work: Path) -> None:
    folders = work / "samples", work / "graphs", work / "results"
    report = work / "report.html"
    quality(work / "params.yaml", *folders, report)
    of = read_results(folders[2])["of"]
    assert of["graph_set"] == GraphSet.open(work / "graphs").hash
    assert of["samples"] == {n: one.hash for n, one in open_samples(work / "samples").items()}
    assert of["settings"]["components"] == QUALITY["components"]
    assert of["settings"]["copies"] == 0.05
    result_file(folders[2], "quality.json")
    before, page = contents(folders[2]), report.read_bytes()
    changed = write_settings(work, flow=TWO, quality={**QUALITY, "seed": 1})
    with pytest.raises(GraphError, match="results already.*--replace"):
        quality(changed, *folders)
    with pytest.raises(GraphError, match=r"report\.html: is there already.*--replace"):
        quality(changed, *folders[:2], work / "elsewhere", report)
    assert (contents(folders[2]), report.read_bytes()) == (before, page)
    assert not (work / "elsewhere").exists()
    quality(changed, *folders, report, replace=True)
    assert contents(folders[2])["quality.json"] != before["quality.json"]
    assert report.read_bytes() != page
    (folders[2] / "quality.json").write_text("{}")
    with pytest.raises(GraphError, match=r"quality\.json: changed or damaged"):
        result_file(folders[2], "quality.json")
