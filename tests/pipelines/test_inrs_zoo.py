"""Zoos of INRs from end to end: the same bits on any number of workers, and after a kill."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import pipelines.cli
from graphgen.files import pack
from pipelines import PipelineError, signals
from pipelines.inrs import generate
from pipelines.inrs.decode import decode, psnr
from pipelines.inrs.members import member, stack
from pipelines.inrs.settings import InrSettings, read_settings
from pipelines.inrs.task import fit_stack
from pipelines.zoo import open_zoo, read_networks
from pipelines.zoo.record import Record, weights_hash
from pipelines.zoo.store import Store

ROOT = Path(__file__).parents[2]
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


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_one_worker_and_two_make_the_same_zoo(
    write_inrs: Callable[..., Path], inr_zoo: Path, tmp_path: Path
) -> None:
    generate(write_inrs(tmp_path), tmp_path / "zoo", workers=1)
    assert files(tmp_path / "zoo") == files(inr_zoo)
    assert len(files(inr_zoo)) == 5
    # Control: another seed makes other networks.
    other = generate(write_inrs(tmp_path / "other", seed=1), tmp_path / "other" / "zoo", workers=1)
    hashes = [{row["sha256"] for row in index["networks"]} for index in (other, open_zoo(inr_zoo))]
    assert not hashes[0] & hashes[1]


def test_the_records_say_what_the_networks_are(inr_zoo: Path) -> None:
    index, settings = open_zoo(inr_zoo), read_settings(inr_zoo.parent / "params.yaml")
    assert index["zoo"] == settings.plain()
    found = signals.load("sine_waves", points=30, amplitude=(0, 1))
    networks = list(read_networks(inr_zoo))
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
    write_inrs: Callable[..., Path], inr_zoo: Path, tmp_path: Path
) -> None:
    generate(write_inrs(tmp_path, together=11), tmp_path / "zoo", workers=1)
    pairs = list(zip(read_networks(inr_zoo), read_networks(tmp_path / "zoo"), strict=True))
    for (_, one, record), (_, two, other) in pairs:
        assert record["labels"] == other["labels"]
        for name, array in one.items():
            np.testing.assert_allclose(array, two[name], rtol=0, atol=1e-4)
    # Control: neighbours are further apart than that.
    assert np.abs(pairs[0][0][1]["2.weight"] - pairs[1][0][1]["2.weight"]).max() > 1e-2


def test_a_killed_run_goes_on_and_ends_with_the_same_bits(
    write_inrs: Callable[..., Path], inr_zoo: Path, tmp_path: Path
) -> None:
    (tmp_path / "run.py").write_text(SCRIPT)
    settings, folder = write_inrs(tmp_path), tmp_path / "zoo"
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
        # Not `communicate`, which knows nothing of what was read ahead.
        lines = run.stdout.read().splitlines()
        run.wait()
        run.stdout.close()
        added += lines.count("added")
    assert lines[-1] == open_zoo(inr_zoo)["hash"]
    assert files(folder) == files(inr_zoo)
    # Killed between the disk and the print, a network may be there without having been told of.
    assert 10 <= added <= 11


def test_of_a_stack_that_lacks_one_network_the_others_stay(inr_zoo: Path, tmp_path: Path) -> None:
    text = json.dumps(read_settings(inr_zoo.parent / "params.yaml").plain())
    encoded = [record for number in range(3) for record in fit_stack(text, number, "cpu")]
    assert [Record.decode(data).about["index"] for data in encoded] == list(range(11))
    made = open_zoo(inr_zoo)["made"]
    folder = tmp_path / "zoo"
    folder.mkdir()
    with Store(folder, InrSettings.from_plain(json.loads(text)), made, print) as store:
        for index in (0, 1, 2, 3, 4, 6, 7):
            store.add(encoded[index])
    generate(inr_zoo.parent / "params.yaml", folder, workers=1)
    assert files(folder) == files(inr_zoo)


def test_a_damaged_shard_is_made_again(
    write_inrs: Callable[..., Path],
    inr_zoo: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = shutil.copytree(inr_zoo, tmp_path / "zoo")
    (folder / "shard-00001.safetensors").write_bytes(b"")
    generate(inr_zoo.parent / "params.yaml", folder, workers=1)
    assert files(folder) == files(inr_zoo)
    assert "shard-00001.safetensors: found 0 bytes" in capsys.readouterr().err
    with pytest.raises(PipelineError, match="holds a zoo of other settings.*\n.*zoo.seed: 0 there"):
        generate(write_inrs(tmp_path, seed=5), folder, workers=1)


def test_copies_begin_apart_and_same_initial_weights_alike(
    write_inrs: Callable[..., Path], tmp_path: Path
) -> None:
    settings = read_settings(write_inrs(tmp_path, copies=2))
    members = [one for number in range(6) for one in stack(settings, number)]
    assert [(one.split, one.signal, one.copy) for one in members[14:18]] == [
        ("train", 7, 0), ("train", 7, 1), ("test", 0, 0), ("test", 0, 1),
    ]  # fmt: skip
    assert [one.index for one in members] == list(range(22))
    assert len({one.seed for one in members}) == 22
    alike = read_settings(write_inrs(tmp_path, copies=2, same_initial_weights=True))
    seeds = [member(alike, index).seed for index in range(22)]
    assert seeds == seeds[:2] * 11
    assert len(set(seeds)) == 2
    with pytest.raises(PipelineError, match="no network 22 in a zoo of 22"):
        member(settings, 22)


def test_the_command_fits_and_writes_the_card(
    write_inrs: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_inrs(tmp_path, signals={"name": "sine_waves", "train": 2, "test": 0, "points": 30})
    pipelines.cli.main(["inrs", "params.yaml", "--out", "out", "--workers", "1"])
    assert "out: 2 networks, 0 diverged, mean PSNR" in capsys.readouterr().out
    pipelines.cli.main(["card", "out", "--out", "card.md"])
    assert "gmn inrs params.yaml --out out" in Path("card.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"device": "gpu"}, "no device 'gpu'; expected one of auto, cpu"),
        ({"workers": 0}, "`workers` is 0"),
    ],
)
def test_wrong_arguments_are_refused(
    inr_zoo: Path, tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(PipelineError, match=message):
        generate(inr_zoo.parent / "params.yaml", tmp_path / "zoo", **arguments)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")
def test_a_card_that_is_not_there_is_a_mistake(inr_zoo: Path, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="finds no CUDA GPU"):
        generate(inr_zoo.parent / "params.yaml", tmp_path / "zoo", device="cuda")
    assert not (tmp_path / "zoo").exists()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_card_gives_the_same_networks_but_for_rounding(inr_zoo: Path, tmp_path: Path) -> None:
    settings = inr_zoo.parent / "params.yaml"
    index = generate(settings, tmp_path / "zoo", device="cuda")
    pairs = zip(read_networks(inr_zoo), read_networks(tmp_path / "zoo"), strict=True)
    for (_, one, record), (_, two, other) in pairs:
        assert record["labels"] == other["labels"]
        for name, array in one.items():
            np.testing.assert_allclose(array, two[name], rtol=0, atol=1e-3)
    assert generate(settings, tmp_path / "again", device="cuda")["hash"] == index["hash"]
