"""Mutated runs, searches, checkpoints and results: every command that reads them keeps the rule."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import training_toys
from fuzz.rule import run
from fuzz.run_mutations import mutate, unkept
from zoo_toys import contents

# What is mutated by the command that reads it.
READS = {
    "predict": ("runs/regression", "runs/classification", "runs/embedding"),
    "edit": ("runs/editing",),
    "evaluate": ("runs/regression", "runs/classification", "runs/editing", "runs/embedding"),
    "train": ("begun", "begun", "runs/regression", "runs/classification"),
    "train --search": ("search",),
    "search": ("search",),
    "report": ("experiment",),
    "report --show": ("experiment",),
}
MODELS = ("gmn-seed0", "dws-seed0", "trees-seed0")


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeds")
    training_toys.make(folder)
    return folder


@pytest.fixture(autouse=True, scope="module")
def in_this_process() -> Iterator[None]:
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        training_toys.run_here(patch)
        yield
    torch.set_num_threads(threads)


def command_line(
    command: str, work: Path, folder: Path, source: str, rng: random.Random
) -> tuple[list[str], list[Path], Path | None, bool]:
    """Give a command line, what it may read, where it may write, and if it resumes."""
    graphs, out, settings = work / "graphs", work / "out", work / "settings"
    net, weights = work / "net.yaml", work / "w.safetensors"
    replace = ["--replace"] * rng.choice((0, 1))
    file = settings / f"{Path(source).name if source.startswith('runs') else 'regression'}.yaml"
    if command in ("predict", "edit"):
        models = [name for name in MODELS if (folder / name).is_dir()]
        one = folder / rng.choice(models or ["gmn-seed0"])
        line = [command, str(one), str(net), str(weights)]
        if command == "edit":
            return [*line, "--out", str(out)], [folder, net, weights], out, False
        return line, [folder, net, weights], None, False
    if command == "evaluate":
        line = ["evaluate", str(folder), str(graphs), "--out", str(out)]
        line += ["--params", str(file)] * rng.choice((0, 1))
        return line, [folder, graphs, settings], out, False
    if command == "train":
        line = ["train", str(graphs), "--params", str(file), "--out", str(folder), *replace]
        return line, [graphs, settings], folder, True
    if command == "search":
        file = settings / "search.yaml"
        line = ["search", str(graphs), "--params", str(file), "--out", str(folder), *replace]
        return line, [graphs, settings], folder, True
    if command == "train --search":
        file = settings / "search.yaml"
        line = ["train", str(graphs), "--params", str(file), "--search", str(folder)]
        return [*line, "--out", str(out)], [folder, graphs, settings], out, False
    line = ["report", "--root", str(folder), "--params", str(folder / "params.yaml")]
    if command == "report":
        return [*line, "--replace"], [], folder, True
    return [*line, "--show"], [folder], None, False


def fuzz(seeds: Path, tmp_path: Path, numbers: range, commands: Any = tuple(READS)) -> Counter[Any]:
    codes: Counter[Any] = Counter()
    for number in numbers:
        rng = random.Random(number)
        command = rng.choice(commands)
        source = rng.choice(READS[command])
        work = tmp_path / str(number)
        folder = work / "in" / "folder"
        shutil.copytree(seeds / source, folder)
        for beside in ("settings", "graphs"):
            shutil.copytree(seeds / beside, work / beside)
        for beside in ("net.yaml", "w.safetensors"):
            shutil.copy(seeds / beside, work / beside)
        done = [mutate(folder, rng) for _ in range(rng.choice((1, 1, 2)))]
        if (folder / "params.yaml").is_symlink():
            shutil.rmtree(work)  # a file that the command line names may be a link
            continue
        places = [work / "in" / "outside", *folder.rglob("outside")]
        outside = {str(place): contents(place) for place in places if place.is_dir()}
        line, given, place, resumes = command_line(command, work, folder, source, rng)
        outcome = run(line, given, place, resumes)
        told = f"{number}: gmn {' '.join(line)}, after {done}: {outcome.broken}"
        assert not unkept(outcome), told
        for name, before in outside.items():
            assert contents(Path(name)) == before, f"{number}: {done}"
        codes[command, outcome.code] += 1
        shutil.rmtree(work)
    return codes


def test_mutated_runs_keep_the_rule(seeds: Path, tmp_path: Path) -> None:
    codes = fuzz(seeds, tmp_path, range(150))
    # Both ends come up: else the mutations would be too weak, or too strong to reach anything.
    assert all(codes[command, 2] > 0 for command in READS), codes
    assert sum(count for (_, code), count in codes.items() if code == 0) > 10, codes


@pytest.mark.long
def test_thousands_of_mutated_runs_keep_the_rule(seeds: Path, tmp_path: Path) -> None:
    codes = fuzz(seeds, tmp_path, range(150, 4150))
    assert sum(codes.values()) == 4000
    assert all(codes[command, code] > 0 for command in READS for code in (0, 2)), codes
