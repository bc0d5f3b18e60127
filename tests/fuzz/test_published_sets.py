"""Mutated folders of published sets: `gmn zoo` keeps the rule, whatever is in them."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fuzz import json_mutations
from fuzz.folder_mutations import mutate
from fuzz.rule import run
from published_forms import CONFIGS, FORMS
from published_inrs import write_dws_fashion, write_nfn
from published_sets import write_cnn_wild_park, write_model_zoo, write_small_cnn_zoo
from zoo_toys import use_toys

from pipelines.zoo import generate

LINES = {
    "cnns": "set: small_cnn_zoo, checkpoints: all",
    "park": "set: cnn_wild_park, checkpoints: all",
    "models": "set: model_zoos, checkpoints: all",
    "fashion": "set: dwsnets_inrs, signals: fashion_mnist",
    "nfn": "set: nfn_inrs, signals: cifar10, copies: 2",
}
THREE = ", splits: {train: 0.5, validation: 0.5, test: 0}"
SHARES = {
    **dict.fromkeys(("cnns", "park", "models"), THREE),
    "fashion": "",  # which is split for all three
    "nfn": ", splits: {train: 0.5, validation: 0.5}",
}
CELLS = ("", "0", "-1", "1e400", "nan", "999999999999999999999", '"', "a,b", "\0", "(16", "(0,)",
         "(1000000, 1000000)", "__import__('os')", "tanh", "\ud7ff")  # fmt: skip


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeds")
    write_small_cnn_zoo(folder / "cnns", runs=3)
    write_cnn_wild_park(folder / "park", FORMS[:2], [10])
    write_model_zoo(folder / "models", CONFIGS[:2], [0, 1])
    write_dws_fashion(folder / "fashion", 2)
    write_nfn(folder / "nfn", [(0, 1, 0), (0, 1, 1), (59999, 2, 0)], 3)
    return folder


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    use_toys(monkeypatch)


def edit_table(path: Path, rng: random.Random) -> str:
    """Change a cell or two of a CSV file, in its head or below."""
    read: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    with read(path, "rt", newline="") as file:
        rows = [line.rstrip("\r\n").split(",") for line in file]
    done = []
    for _ in range(rng.choice((1, 2))):
        row = rng.choice(rows)
        place, cell = rng.randrange(len(row)), rng.choice(CELLS)
        row[place] = cell
        done.append(f"{cell!r} in column {place}")
    with read(path, "wt", newline="") as file:
        file.write("".join(f"{','.join(row)}\r\n" for row in rows))
    return f"{path.name}: {', '.join(done)}"


def edit_lines(path: Path, rng: random.Random) -> str:
    """Change a place in a file of JSON, or in a line of it."""
    lines = path.read_bytes().splitlines()
    number = rng.randrange(len(lines))
    done, lines[number] = json_mutations.change(json.loads(lines[number]), rng)
    path.write_bytes(b"\n".join(lines))
    return f"{path.name}: {done}"


def changed(folder: Path, rng: random.Random) -> str:
    """Change a text file by its meaning, or any file in any way."""
    texts = sorted(p for p in folder.rglob("*") if p.suffix in (".json", ".csv", ".gz"))
    if not texts or rng.random() < 0.5:
        return mutate(folder, rng)
    path = rng.choice(texts)
    try:
        return (edit_lines if path.suffix == ".json" else edit_table)(path, rng)
    except (ValueError, IndexError, EOFError, OSError, zlib.error):  # changed before
        return mutate(folder, rng)


def fuzz(seeds: Path, tmp_path: Path, numbers: range) -> Counter[Any]:
    codes: Counter[Any] = Counter()
    for number in numbers:
        rng = random.Random(number)
        kind = rng.choice(list(LINES))
        work = tmp_path / str(number)
        folder = work / "in" / "set"
        shutil.copytree(seeds / kind, folder)
        settings = work / "settings" / "zoo.yaml"
        settings.parent.mkdir()
        settings.write_text(f"published: {{{LINES[kind]}, folder: ../in/set}}\n")
        done = [changed(folder, rng) for _ in range(rng.choice((1, 1, 2)))]
        line = ["zoo", str(settings), "--out", str(work / "out")]
        outcome = run(line, [settings.parent, folder], work / "out", resumes=True)
        assert not outcome.broken, f"{number}: {kind}, after {done}: {outcome.broken}"
        codes[kind, outcome.code] += 1
    return codes


def fuzz_zoos(zoos: Path, tmp_path: Path, numbers: range) -> Counter[Any]:
    codes: Counter[Any] = Counter()
    for number in numbers:
        rng = random.Random(number)
        kind, command = rng.choice(list(LINES)), rng.choice(("card", "card", "compile"))
        work = tmp_path / str(number)
        folder = work / "in" / "zoo"
        shutil.copytree(zoos / kind, folder)
        settings = work / "settings.yaml"
        settings.write_text(f"compile: {{seed: 0{SHARES[kind]}}}\n")
        done = [mutate(folder, rng, "*.json") for _ in range(rng.choice((1, 1, 2)))]
        place = work / ("card.md" if command == "card" else "out")
        line = [command, str(folder), "--params", str(settings), "--out", str(place)]
        outcome = run(line, [settings, folder], place)
        assert not outcome.broken, f"{number}: {command} {kind}, after {done}: {outcome.broken}"
        codes[command, outcome.code] += 1
    return codes


@pytest.fixture(scope="module")
def zoos(seeds: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make zoos of the sets, as they are."""
    folder = tmp_path_factory.mktemp("zoos")
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_toys(monkeypatch)
        for kind, line in LINES.items():
            settings = folder / f"{kind}.yaml"
            settings.write_text(f"published: {{{line}, folder: '{seeds / kind}'}}\n")
            generate(settings, folder / kind)
    return folder


def test_mutated_zoos_of_sets_keep_the_rule(zoos: Path, tmp_path: Path) -> None:
    codes = fuzz_zoos(zoos, tmp_path, range(20))
    assert {code for _, code in codes} == {0, 2}


@pytest.mark.long
def test_many_mutated_zoos_of_sets_keep_the_rule(zoos: Path, tmp_path: Path) -> None:
    fuzz_zoos(zoos, tmp_path, range(1000, 2500))


def test_mutated_sets_keep_the_rule(seeds: Path, tmp_path: Path) -> None:
    codes = fuzz(seeds, tmp_path, range(16))
    assert {code for _, code in codes} == {0, 2}


@pytest.mark.long
def test_many_mutated_sets_keep_the_rule(seeds: Path, tmp_path: Path) -> None:
    codes = fuzz(seeds, tmp_path, range(1000, 1600))
    assert len(codes) == 2 * len(LINES)
