"""Zoos of INRs from end to end: the same bits on any number of workers, and after a kill."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import pipelines.cli
from graphgen import GraphSet
from graphgen.files import pack
from pipelines import PipelineError, signals
from pipelines.compile import compile_zoo
from pipelines.inrs import generate
from pipelines.inrs.card import card
from pipelines.inrs.decode import decode, psnr
from pipelines.inrs.members import member, stack
from pipelines.inrs.settings import InrSettings, read_settings
from pipelines.inrs.task import fit_stack
from pipelines.training.targets import read_targets
from pipelines.zoo import open_zoo, read_networks
from pipelines.zoo.record import Record, weights_hash
from pipelines.zoo.store import Store

ROOT = Path(__file__).parents[2]
NET = {
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
SCRIPT = """
import sys
from pipelines.inrs import generate
from pipelines.zoo.store import Store

add = Store.add
def told(self, encoded):
    add(self, encoded)
    print("added", flush=True)
Store.add = told
if __name__ == "__main__":
    print(generate(sys.argv[1], sys.argv[2], 2)["hash"])
"""


def write(folder: Path, **changes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "siren.yaml").write_text(json.dumps(NET))
    file = folder / "params.yaml"
    file.write_text(json.dumps({"inrs": {**INRS, **changes}}))
    return file


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate the zoo of `INRS`, its settings next to it; no test may change it."""
    folder = tmp_path_factory.mktemp("inrs")
    generate(write(folder), folder / "zoo", workers=2)
    return folder / "zoo"


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate a zoo with three networks of each signal."""
    folder = tmp_path_factory.mktemp("copies")
    generate(write(folder, copies=3, together=33), folder / "zoo", workers=1)
    return folder / "zoo"


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_one_worker_and_two_make_the_same_zoo(zoo: Path, tmp_path: Path) -> None:
    generate(write(tmp_path), tmp_path / "zoo", workers=1)
    assert files(tmp_path / "zoo") == files(zoo)
    assert len(files(zoo)) == 5
    # Control: another seed makes other networks.
    other = generate(write(tmp_path / "other", seed=1), tmp_path / "other" / "zoo", workers=1)
    hashes = [{row["sha256"] for row in index["networks"]} for index in (other, open_zoo(zoo))]
    assert not hashes[0] & hashes[1]


def test_the_records_say_what_the_networks_are(zoo: Path) -> None:
    index, settings = open_zoo(zoo), read_settings(zoo.parent / "params.yaml")
    assert index["zoo"] == settings.plain()
    found = signals.load("sine_waves", points=30, amplitude=(0, 1))
    networks = list(read_networks(zoo))
    assert len(networks) == 11
    for i, (net, weights, record) in enumerate(networks):
        split, number = ("train", i) if i < 8 else ("test", i - 8)
        encoded = found.signal(split, number)
        assert (record["index"], record["split"], record["signal"]) == (i, split, number)
        assert (record["labels"], record["offset"], record["copy"]) == (encoded.labels, 0.5, 0)
        assert (record["family"], record["parameters"], net.hash) == (
            ("siren", 16, record["architecture"])
        )
        assert record["sha256"] == weights_hash(pack(net.tensors.values(), weights))
        stacked = {name: torch.tensor(array)[None] for name, array in weights.items()}
        values = decode(net, stacked, torch.from_numpy(encoded.coordinates), record["offset"])
        loss = float(np.square(values[0].numpy() - encoded.values).mean())
        assert record["metrics"]["loss"] == pytest.approx(loss, rel=1e-4)
        peak = encoded.values.max() - encoded.values.min()
        assert record["metrics"]["psnr"] == pytest.approx(float(psnr(loss, peak)), abs=1e-3)
        assert record["status"] == "trained"


def test_a_network_is_what_it_is_in_another_stack_but_for_rounding(
    zoo: Path, tmp_path: Path
) -> None:
    generate(write(tmp_path, together=11), tmp_path / "zoo", workers=1)
    pairs = list(zip(read_networks(zoo), read_networks(tmp_path / "zoo"), strict=True))
    for (_, one, record), (_, two, other) in pairs:
        assert record["labels"] == other["labels"]
        for name, array in one.items():
            np.testing.assert_allclose(array, two[name], rtol=0, atol=1e-4)
    # Control: neighbours are further apart than that.
    assert np.abs(pairs[0][0][1]["2.weight"] - pairs[1][0][1]["2.weight"]).max() > 1e-2


def test_a_killed_run_goes_on_and_ends_with_the_same_bits(zoo: Path, tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(SCRIPT)
    settings, folder = write(tmp_path), tmp_path / "zoo"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(tmp_path / "run.py"), str(settings), str(folder)]
    added = 0
    for kills in (2, 0):
        run = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert run.stdout is not None
        if kills:
            for _ in range(kills):
                added += run.stdout.readline() == "added\n"
            run.send_signal(signal.SIGKILL)
        lines = run.communicate(timeout=60)[0].splitlines()
        added += lines.count("added")
    assert lines[-1] == open_zoo(zoo)["hash"]
    assert files(folder) == files(zoo)
    # Killed between the disk and the print, a network may be there without having been told of.
    assert 10 <= added <= 11


def test_of_a_stack_that_lacks_one_network_the_others_stay(zoo: Path, tmp_path: Path) -> None:
    text = json.dumps(read_settings(zoo.parent / "params.yaml").plain())
    encoded = [record for number in range(3) for record in fit_stack(text, number, "cpu")]
    assert [Record.decode(data).about["index"] for data in encoded] == list(range(11))
    folder = tmp_path / "zoo"
    folder.mkdir()
    with Store(folder, InrSettings.from_plain(json.loads(text)), print) as store:
        for index in (0, 1, 2, 3, 4, 6, 7):
            store.add(encoded[index])
    generate(zoo.parent / "params.yaml", folder, workers=1)
    assert files(folder) == files(zoo)


def test_a_damaged_shard_is_made_again(
    zoo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(zoo, tmp_path / "zoo")
    (folder / "shard-00001.safetensors").write_bytes(b"")
    generate(zoo.parent / "params.yaml", folder, workers=1)
    assert files(folder) == files(zoo)
    assert "shard-00001.safetensors: found 0 bytes" in capsys.readouterr().err
    with pytest.raises(PipelineError, match="holds a zoo of other settings.*\n.*zoo.seed: 0 there"):
        generate(write(tmp_path, seed=5), folder, workers=1)


def test_copies_begin_apart_and_same_initial_weights_alike(tmp_path: Path) -> None:
    settings = read_settings(write(tmp_path, copies=2))
    members = [one for number in range(6) for one in stack(settings, number)]
    assert [(one.split, one.signal, one.copy) for one in members[14:18]] == [
        ("train", 7, 0), ("train", 7, 1), ("test", 0, 0), ("test", 0, 1),
    ]  # fmt: skip
    assert [one.index for one in members] == list(range(22))
    assert len({one.seed for one in members}) == 22
    alike = read_settings(write(tmp_path, copies=2, same_initial_weights=True))
    seeds = [member(alike, index).seed for index in range(22)]
    assert seeds == seeds[:2] * 11
    assert len(set(seeds)) == 2
    with pytest.raises(PipelineError, match="no network 22 in a zoo of 22"):
        member(settings, 22)


def compile_settings(folder: Path, **changes: Any) -> Path:
    settings = {"seed": 0, "splits": {"train": 0.5, "validation": 0.5}, **changes}
    file = folder / "compile.yaml"
    file.write_text(json.dumps({"compile": settings}))
    return file


def test_a_graph_set_keeps_the_split_and_parts_signals_not_copies(
    copies: Path, tmp_path: Path
) -> None:
    graphs = compile_zoo(compile_settings(tmp_path), copies, tmp_path / "graphs")
    rows = open_zoo(copies)["networks"]
    by_signal: dict[tuple[str, int], set[str]] = {}
    for record, row in zip(GraphSet.open(graphs.folder).records, rows, strict=True):
        for name in ("index", "labels", "metrics", "signal", "copy", "offset", "family"):
            assert record[name] == row[name]
        assert (record["split"] == "test") == (row["split"] == "test")
        by_signal.setdefault((row["split"], row["signal"]), set()).add(record["split"])
    assert all(len(found) == 1 for found in by_signal.values())
    assert graphs.index["about"]["networks"] == {"train": 12, "validation": 12, "test": 9}
    targets = read_targets(graphs, "psnr")
    assert {split: len(chosen) for split, chosen in targets.indices.items()} == {
        "train": 12, "validation": 12, "test": 9,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"splits": {"train": 0.5, "validation": 0.2, "test": 0.3}}, "has a split of its own"),
        ({"splits": {"train": 0, "validation": 0}}, "at least one share must be positive"),
        ({"wider": {"siren": {"width": 3}}}, "`width` of network 0 is None, expected a number"),
    ],
)
def test_shares_that_do_not_fit_are_a_mistake(
    zoo: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(PipelineError, match=message):
        compile_zoo(compile_settings(tmp_path, **changes), zoo, tmp_path / "graphs")


def test_a_zoo_without_a_split_needs_the_share_of_test(small_zoo: Path, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="`splits` needs the share `test`"):
        compile_zoo(compile_settings(tmp_path), small_zoo, tmp_path / "graphs")


def test_the_card_says_how_well_the_signals_are_encoded(zoo: Path) -> None:
    index = open_zoo(zoo)
    text = card(index, "gmn inrs params.yaml --out zoo")
    values = [row["metrics"]["psnr"] for row in index["networks"]]
    assert f"mean PSNR {np.mean(values):.1f} dB ({min(values):.1f} to {max(values):.1f})" in text
    assert index["hash"] in text
    assert "add 0.5 to its outputs (convention `offset`)" in text
    assert "| train | 8 | 8 |" in text
    assert "| siren | width | 5 |" in text
    bars = text.split("```")[-2].splitlines()
    assert sum(int(line.split()[-1]) for line in bars if line) == 11


def test_the_command_fits_and_writes_the_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, signals={**INRS["signals"], "train": 2, "test": 0})
    pipelines.cli.main(["inrs", "params.yaml", "--out", "out", "--workers", "1"])
    assert "out: 2 networks, 0 diverged, mean PSNR" in capsys.readouterr().out
    pipelines.cli.main(["card", "out", "--out", "card.md"])
    assert "gmn inrs params.yaml --out out" in Path("card.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"device": "gpu"}, "'gpu'; expected cpu or cuda"), ({"workers": 0}, "`workers` is 0")],
)
def test_wrong_arguments_are_refused(
    zoo: Path, tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(PipelineError, match=message):
        generate(zoo.parent / "params.yaml", tmp_path / "zoo", **arguments)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")
def test_a_card_that_is_not_there_is_a_mistake(zoo: Path, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="finds no such card"):
        generate(zoo.parent / "params.yaml", tmp_path / "zoo", device="cuda")
    assert not (tmp_path / "zoo").exists()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_card_gives_the_same_networks_but_for_rounding(zoo: Path, tmp_path: Path) -> None:
    settings = zoo.parent / "params.yaml"
    index = generate(settings, tmp_path / "zoo", device="cuda")
    pairs = zip(read_networks(zoo), read_networks(tmp_path / "zoo"), strict=True)
    for (_, one, record), (_, two, other) in pairs:
        assert record["labels"] == other["labels"]
        for name, array in one.items():
            np.testing.assert_allclose(array, two[name], rtol=0, atol=1e-3)
    assert generate(settings, tmp_path / "again", device="cuda")["hash"] == index["hash"]
