"""Zoos of published sets: a line in the settings, and what the stages after it make of them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from published_forms import CONFIGS, FORMS
from published_inrs import write_dws_mnist, write_nfn
from published_sets import write_cnn_wild_park, write_model_zoo, write_small_cnn_zoo
from zoo_toys import Inline

from pipelines.cli import main
from pipelines.compile import compile_zoo
from pipelines.errors import PipelineError
from pipelines.graphs import open_graphs
from pipelines.published import open_set
from pipelines.tasks.encoded import signal_of, signals_of
from pipelines.zoo import generate, open_zoo, read_networks
from spec import SpecError

SPLITS = "compile: {seed: 0, splits: {train: 0.5, validation: 0.25, test: 0.25}}\n"


@pytest.fixture(autouse=True)
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers be this process."""
    monkeypatch.setattr("pipelines.workers.crew.ProcessPool", Inline)


def settings(folder: Path, line: str, more: str = "") -> Path:
    path = folder / "params.yaml"
    path.write_text(f"zoo:\n  published: {{{line}}}\n{more}")
    return path


def test_a_line_makes_a_zoo_and_a_graph_set(tmp_path: Path, capsys: Any) -> None:
    write_small_cnn_zoo(tmp_path / "cifar10", runs=9)
    path = settings(tmp_path, "set: small_cnn_zoo, folder: cifar10", SPLITS)
    out = str(tmp_path / "zoo")
    main(["zoo", str(path), "--out", out])
    main(["compile", out, "--params", str(path), "--out", str(tmp_path / "graphs")])
    main(["card", out, "--params", str(path), "--out", str(tmp_path / "card.md")])
    said = capsys.readouterr().out
    assert "8 networks of 2 architectures, 0 diverged" in said
    assert "8 graphs (4 train, 2 validation, 2 test)" in said
    graphs = open_graphs(tmp_path / "graphs")
    opened = open_set("small_cnn_zoo", tmp_path / "cifar10")
    for number, record in enumerate(graphs.records):
        own = opened.read(int(record["source"].rpartition(" ")[2]))
        assert record["metrics"] == own.metrics
        assert record["training"] == own.training
        weights = graphs[number].weights()
        assert all(np.array_equal(weights[name], own.weights[name]) for name in own.weights)
    card = (tmp_path / "card.md").read_text()
    assert "Unterthiner et al. 2020" in card
    assert "| small_cnn_zoo | 8 | 4,970 to 4,970 | 4,970 |" in card


def test_checkpoints_are_those_of_one_network(tmp_path: Path) -> None:
    write_small_cnn_zoo(tmp_path / "cifar10", runs=4)
    line = "set: small_cnn_zoo, folder: cifar10, checkpoints: all"
    path = settings(tmp_path, line, SPLITS)
    rows = generate(path, tmp_path / "zoo")["networks"]
    assert [(row["network"], row["checkpoint"], row["checkpoints"]) for row in rows] == [
        (0, 1, 3), (0, 2, 3), (0, 3, 3), (1, 1, 2), (1, 2, 2), (2, 1, 3), (2, 2, 3), (2, 3, 3),
        (3, 1, 3), (3, 2, 3), (3, 3, 3),
    ]  # fmt: skip
    graphs = compile_zoo(path, tmp_path / "zoo", tmp_path / "graphs")
    per_split = {split: [r["network"] for r in graphs.records if r["split"] == split]
                 for split in ("train", "validation", "test")}  # fmt: skip
    assert all(len(set(rows)) == len(rows) for name, rows in per_split.items() if name != "train")
    assert not set(per_split["train"]) & {*per_split["validation"], *per_split["test"]}


def test_the_authors_split_is_kept(tmp_path: Path) -> None:
    matrix = write_small_cnn_zoo(tmp_path / "cifar10", runs=12)
    order = list(range(len(matrix)))
    random.Random(0).shuffle(order)
    (tmp_path / "split.csv").write_text("\n".join(map(str, order)))
    line = "set: small_cnn_zoo, folder: cifar10, split: split.csv"
    path = settings(tmp_path, line, SPLITS)
    rows = generate(path, tmp_path / "zoo")["networks"]
    with pytest.raises(PipelineError, match="leave `splits` out"):
        compile_zoo(path, tmp_path / "zoo", tmp_path / "graphs")
    path = settings(tmp_path, line, "compile: {seed: 0}\n")
    graphs = compile_zoo(path, tmp_path / "zoo", tmp_path / "graphs")
    assert [r["split"] for r in graphs.records] == [row["split"] for row in rows]
    assert {r["split"] for r in graphs.records} == {"train", "validation", "test"}


def test_without_a_split_shares_are_needed(tmp_path: Path) -> None:
    write_small_cnn_zoo(tmp_path / "cifar10", runs=4)
    path = settings(tmp_path, "set: small_cnn_zoo, folder: cifar10", "compile: {seed: 0}\n")
    generate(path, tmp_path / "zoo")
    with pytest.raises(PipelineError, match="`splits` is missing"):
        compile_zoo(path, tmp_path / "zoo", tmp_path / "graphs")


def test_zoos_of_checkpoints_of_ray(tmp_path: Path) -> None:
    write_cnn_wild_park(tmp_path / "park", FORMS)
    write_model_zoo(tmp_path / "models", CONFIGS)
    path = settings(tmp_path, "set: cnn_wild_park, folder: park, checkpoints: all", SPLITS)
    assert len(generate(path, tmp_path / "zoo")["networks"]) == 8
    assert len(compile_zoo(path, tmp_path / "zoo", tmp_path / "graphs")) >= 4
    path = settings(tmp_path, "set: model_zoos, folder: models", SPLITS)
    assert len(generate(path, tmp_path / "models-zoo")["networks"]) == 5
    found = {record["family"] for _, _, record in read_networks(tmp_path / "models-zoo")}
    assert found == {"cnn", "cnn2", "cnn3"}


def test_zoos_of_inrs_know_their_signals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dws_mnist(
        tmp_path / "inrs", [(p, 3, i) for p in ("training", "testing") for i in range(4)]
    )
    shares = "compile: {seed: 0, splits: {train: 0.75, validation: 0.25}}\n"
    path = settings(tmp_path, "set: dwsnets_inrs, folder: inrs, signals: mnist", shares)
    generate(path, tmp_path / "zoo")
    graphs = compile_zoo(path, tmp_path / "zoo", tmp_path / "graphs")
    assert [r["split"] for r in graphs.records].count("test") == 4
    assert [r["split"] for r in graphs.records].count("validation") == 1
    assert all(r["labels"] == {"class": 3} and r["offset"] == 0.5 for r in graphs.records)

    write_nfn(tmp_path / "nfn", [(5, 1, 0), (45001, 2, 0), (59999, 3, 0), (60007, 4, 0)])
    path = settings(tmp_path, "set: nfn_inrs, folder: nfn, signals: mnist", "compile: {seed: 0}\n")
    generate(path, tmp_path / "nfn-zoo")
    graphs = compile_zoo(path, tmp_path / "nfn-zoo", tmp_path / "nfn-graphs")
    asked: list[tuple[str, int]] = []

    class Asked:
        def signal(self, split: str, number: int) -> None:
            asked.append((split, number))

    monkeypatch.setattr("pipelines.signals.load", lambda *_, **__: Asked())
    found = signals_of(open_graphs(tmp_path / "nfn-graphs"))
    assert found is not None
    for record in graphs.records:
        signal_of(found, record)
    # Images that were for training may encode tests, and are asked for as what they were.
    assert [r["split"] for r in graphs.records] == ["train", "validation", "test", "test"]
    assert asked == [("train", 5), ("train", 45001), ("train", 59999), ("test", 7)]


def test_some_networks_are_drawn(tmp_path: Path) -> None:
    write_small_cnn_zoo(tmp_path / "cifar10", runs=12)
    line = "set: small_cnn_zoo, folder: cifar10"
    found = []
    for seed in (0, 0, 1):
        path = settings(tmp_path, line, f"  count: 5\n  seed: {seed}\n")
        index = generate(path, tmp_path / f"zoo-{len(found)}")
        found.append([row["source"] for row in index["networks"]])
    assert found[0] == found[1] != found[2]
    assert len(found[2]) == 5
    hashes = [open_zoo(tmp_path / f"zoo-{i}")["hash"] for i in range(3)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_zoo_is_that_of_its_files_wherever_they_lie(tmp_path: Path) -> None:
    write_small_cnn_zoo(tmp_path / "cifar10", runs=4)
    path = settings(tmp_path, "set: small_cnn_zoo, folder: cifar10")
    index = generate(path, tmp_path / "zoo")
    (tmp_path / "cifar10").rename(tmp_path / "moved")
    path = settings(tmp_path, "set: small_cnn_zoo, folder: moved")
    assert generate(path, tmp_path / "zoo") == index
    with (tmp_path / "moved" / "layout.csv").open("a") as file:
        file.write("\n")
    with pytest.raises(PipelineError, match=r"of other settings:\n  zoo\.source"):
        generate(path, tmp_path / "zoo")


def test_what_is_not_finite_is_said_to_have_diverged(tmp_path: Path) -> None:
    matrix = write_small_cnn_zoo(tmp_path / "cifar10", runs=4)
    matrix[2, 100] = np.nan
    np.save(tmp_path / "cifar10" / "weights.npy", matrix)
    path = settings(tmp_path, "set: small_cnn_zoo, folder: cifar10", SPLITS)
    rows = generate(path, tmp_path / "zoo")["networks"]
    assert [row["status"] for row in rows] == ["diverged", "trained", "trained"]
    assert len(compile_zoo(path, tmp_path / "zoo", tmp_path / "graphs")) == 2


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("set: small_cnn_zo, folder: cifar10", "did you mean 'small_cnn_zoo'"),
        ("set: small_cnn_zoo", "needs the field `folder`"),
        ("set: small_cnn_zoo, folder: nowhere", "is no folder"),
        ("set: small_cnn_zoo, folder: cifar10, checkpoint: all", "did you mean 'checkpoints'"),
        ("set: small_cnn_zoo, folder: cifar10, checkpoints: some", "expected one of last, all"),
        ("set: small_cnn_zoo, folder: cifar10, split: none.csv", "none.csv"),
        ("set: dwsnets_inrs, folder: cifar10", "needs the field `signals`"),
        ("set: dwsnets_inrs, folder: cifar10, signals: mnist", "has no networks of dwsnets_inrs"),
        ("set: model_zoos, folder: cifar10", "has no networks of model_zoos"),
        ("set: [small_cnn_zoo], folder: 3", "expected one of"),
    ],
)
def test_mistakes_have_their_place(tmp_path: Path, line: str, told: str) -> None:
    write_small_cnn_zoo(tmp_path / "cifar10", runs=4)
    path = settings(tmp_path, line)
    with pytest.raises(SpecError, match=told) as error:
        generate(path, tmp_path / "zoo")
    assert "params.yaml:2:" in str(error.value)
    assert not (tmp_path / "zoo").exists()


def test_there_is_nothing_to_train(tmp_path: Path) -> None:
    write_small_cnn_zoo(tmp_path / "cifar10", runs=4)
    path = settings(tmp_path, "set: small_cnn_zoo, folder: cifar10")
    with pytest.raises(PipelineError, match="leave `device` out"):
        generate(path, tmp_path / "zoo", device="cpu")
    path = settings(tmp_path, "set: small_cnn_zoo, folder: cifar10", "  dataset: digits\n")
    with pytest.raises(SpecError, match="no field 'dataset'"):
        generate(path, tmp_path / "zoo")
    path = settings(tmp_path, "set: small_cnn_zoo, folder: cifar10", "  count: 4\n")
    with pytest.raises(SpecError, match="`count` is 4, but the set has 3 networks"):
        generate(path, tmp_path / "zoo")
