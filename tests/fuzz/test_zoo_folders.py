"""Mutated folders of zoos, finished and not: every command that reads one keeps the rule."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from fuzz.folder_mutations import mutate
from fuzz.rule import run
from zoo_toys import contents, fit_stack, train, use_toys

from graphgen.files.document import MAX_BYTES
from pipelines.inrs import generate as generate_inrs
from pipelines.inrs.settings import read_settings as read_inrs
from pipelines.zoo import generate
from pipelines.zoo.settings import read_settings as read_zoo
from pipelines.zoo.store import Store

NET = """
vars: {width: 3}
inputs: {image: [1, 8, 8]}
layers:
  - conv2d: {out_channels: $width, kernel_size: 3, stride: 3}
  - batch_norm
  - relu
  - flatten
  - linear: {out_features: 10}
"""
SIREN = """
inputs: {x: [1]}
layers:
  - linear: {out_features: 4}
  - sine: {frequency: 10}
  - linear: {out_features: 1}
"""
SETTINGS: dict[str, Any] = {
    "zoo": {
        "dataset": "digits",
        "count": 3,
        "networks_per_shard": 4,
        "checkpoints": 2,
        "architectures": [
            {"family": "cnn", "file": "net.yaml", "variables": {"width": {"integers": [2, 3]}}}
        ],
        "training": {"learning_rate": {"log_uniform": [1e-3, 1e-1]}, "epochs": 1},
    },
    "inrs": {
        "signals": {"name": "sine_waves", "train": 4, "test": 1, "points": 4},
        "architecture": {"family": "siren", "file": "siren.yaml"},
        "convention": "offset",
        "fit": {"steps": 1, "learning_rate": 0.01},
        "together": 2,
        "networks_per_shard": 3,
    },
}
SPLITS = {
    "zoo": {"train": 0.5, "validation": 0.3, "test": 0.2},
    "inrs": {"train": 0.5, "validation": 0.5},
}
FILES = ["progress.journal", "shard-00000.safetensors", "shard-00001.journal"]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folders that are mutated: `zoo`, `inrs`, and both as a kill leaves them."""
    folder = tmp_path_factory.mktemp("seeds")
    (folder / "net.yaml").write_text(NET)
    (folder / "siren.yaml").write_text(SIREN)
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_toys(monkeypatch)
        for kind, make in (("zoo", generate), ("inrs", generate_inrs)):
            file = folder / f"{kind}.yaml"
            section = {kind: SETTINGS[kind], "compile": {"seed": 0, "splits": SPLITS[kind]}}
            file.write_text(json.dumps(section))
            index = make(file, folder / kind)
            settings: Any = read_zoo(file) if kind == "zoo" else read_inrs(file)
            text = json.dumps(settings.plain())
            records = (
                [one for number in range(3) for one in train(text, number)]
                if kind == "zoo"
                else [one for number in range(3) for one in fit_stack(text, number, "cpu")]
            )
            begun = folder / f"begun-{kind}"
            begun.mkdir()
            with Store(begun, settings, index["made"], print) as store:
                for record in records[:-1]:
                    store.add(record)
            assert sorted(contents(begun)) == FILES
    return folder


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    use_toys(monkeypatch)


def command_line(
    command: str, kind: str, settings: Path, folder: Path, place: Path
) -> tuple[list[str], list[Path], Path, bool]:
    """Give a command line on a folder, what it may read, where it may write, and if it resumes."""
    if command == "make":
        return [kind, str(settings), "--out", str(folder)], [settings.parent], folder, True
    if command == "replace":
        line = [kind, str(settings), "--out", str(folder), "--replace"]
        return line, [settings.parent], folder, True
    line = [command, str(folder), "--params", str(settings), "--out", str(place)]
    return line, [settings.parent, folder], place, False


def fuzz(seeds: Path, tmp_path: Path, numbers: range) -> Counter[Any]:
    codes: Counter[Any] = Counter()
    for number in numbers:
        rng = random.Random(number)
        kind = rng.choice(("zoo", "inrs"))
        begun = rng.random() < 0.4
        command = rng.choice(("make", "replace") if begun else ("make", "card", "card", "compile"))
        work = tmp_path / str(number)
        (work / "in").mkdir(parents=True)
        folder = work / "in" / "zoo"
        shutil.copytree(seeds / (f"begun-{kind}" if begun else kind), folder)
        settings = work / "settings" / f"{kind}.yaml"
        settings.parent.mkdir()
        for name in ("net.yaml", "siren.yaml", settings.name):
            shutil.copy(seeds / name, settings.parent / name)
        which = "*.json" if command == "card" else "*"  # a card is of the index alone
        done = [mutate(folder, rng, which) for _ in range(rng.choice((1, 1, 2)))]
        outside = contents(work / "in" / "outside") if (work / "in" / "outside").exists() else {}
        place = work / "out" / "card.md" if command == "card" else work / "out"
        line, given, place, resumes = command_line(command, kind, settings, folder, place)
        outcome = run(line, given, place, resumes)
        assert not outcome.broken, f"{number}: gmn {' '.join(line)}, after {done}: {outcome.broken}"
        if outside:
            assert contents(work / "in" / "outside") == outside, f"{number}: {done}"
        codes[command, outcome.code] += 1
        shutil.rmtree(work)
    return codes


def test_mutated_folders_keep_the_rule(seeds: Path, tmp_path: Path) -> None:
    codes = fuzz(seeds, tmp_path, range(200))
    # Both ends come up: else the mutations would be too weak, or too strong to reach anything.
    for command in ("make", "replace", "card", "compile"):
        assert codes[command, 2] > 0
        assert codes[command, 0] > 0


@pytest.mark.parametrize("size", [MAX_BYTES, 1 << 40])
@pytest.mark.parametrize("name", ["index.json", "shard-00000.safetensors"])
def test_files_with_large_holes_keep_the_rule(
    seeds: Path, tmp_path: Path, name: str, size: int
) -> None:
    folder = shutil.copytree(seeds / "zoo", tmp_path / "in" / "zoo")
    if name != "index.json":
        size = min(size, MAX_BYTES)  # a file that is mapped takes addresses, not memory
    os.truncate(folder / name, size)
    line = ["compile", str(folder), "--params", str(seeds / "zoo.yaml")]
    outcome = run([*line, "--out", str(tmp_path / "out")], [seeds, folder], tmp_path / "out")
    assert (outcome.code, outcome.broken) == (2, [])
    assert name in outcome.error


def test_control_readers_that_check_nothing_break_the_rule(
    seeds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unchecked(path: Path, kind: object) -> Any:
        return json.loads(path.read_bytes())

    monkeypatch.setattr(import_module("pipelines.zoo.reading"), "read_document", unchecked)
    monkeypatch.setattr(import_module("pipelines.zoo.reading"), "check_zoo", lambda *_: None)
    with pytest.raises(AssertionError, match="gmn card .* after"):
        fuzz(seeds, tmp_path, range(100))


@pytest.mark.long
def test_thousands_of_mutated_folders_keep_the_rule(seeds: Path, tmp_path: Path) -> None:
    codes = fuzz(seeds, tmp_path, range(200, 4200))
    assert sum(codes.values()) == 4000
