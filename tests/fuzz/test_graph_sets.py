"""Mutated graph sets: whatever reads one keeps the rule, in Python too."""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import training_toys
from fuzz.json_mutations import sealed
from fuzz.rule import run
from fuzz.run_mutations import mutate, unkept
from zoo_toys import contents

from graphgen import GraphError, GraphSet
from graphgen.graph_set import INDEX

TASKS = ("regression", "classification", "editing", "embedding")
COMMANDS = ("open", "open", "train", "search", "evaluate", "report")


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


def read_all(arguments: Sequence[str]) -> None:
    """Read everything of a graph set, as a command would."""
    try:
        graphs = GraphSet.open(arguments[0])
        graphs.verify()
        assert len(graphs.hash) == 64
        for i in range(len(graphs)):
            assert graphs[i].weights() is not None
            assert graphs.values([i]).ndim == 2
            assert graphs.architectures[graphs.template(i).architecture].parameters
    except GraphError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None


def retrained(folder: Path, before: str, after: str) -> None:
    """Let runs and results say that they are of the graph set as it is now."""
    for path in folder.rglob("*.json"):
        data = path.read_bytes()
        if before.encode() in data and path.name != INDEX:
            path.write_bytes(sealed(data.replace(before.encode(), after.encode())))


def identity(folder: Path) -> str | None:
    """Give the hash that an index says it has, if it says one."""
    if not (folder / INDEX).is_file():
        return None
    try:
        found = json.loads((folder / INDEX).read_bytes())["hash"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if isinstance(found, str) and len(found) == 64 else None


def command_line(
    command: str, task: str, work: Path, graphs: Path
) -> tuple[list[str], list[Path], Path | None, bool]:
    """Give a command line, what it may read, where it may write, and if it resumes."""
    settings, out, runs = work / "settings", work / "out", work / "runs"
    options = ["--params", str(settings / f"{task}.yaml"), "--out", str(out)]
    if command == "open":
        return [str(graphs)], [graphs], None, False
    if command == "train":
        return ["train", str(graphs), *options], [graphs, settings], out, True
    if command == "search":
        options[1] = str(settings / "search.yaml")
        return ["search", str(graphs), *options], [graphs, settings], out, True
    if command == "evaluate":
        line = ["evaluate", str(runs), str(graphs), "--out", str(out)]
        return line, [graphs, runs], out, False
    root = work / "in" / "folder"
    line = ["report", "--root", str(root), "--params", str(root / "params.yaml"), "--replace"]
    return line, [], root, True


def fuzz(seeds: Path, tmp_path: Path, numbers: range) -> Counter[Any]:
    codes: Counter[Any] = Counter()
    for number in numbers:
        rng = random.Random(number)
        command, task = rng.choice(COMMANDS), rng.choice(TASKS)
        work = tmp_path / str(number)
        folder = work / "in" / "folder"
        report = command == "report"
        shutil.copytree(seeds / ("experiment" if report else "graphs"), folder)
        shutil.copytree(seeds / "settings", work / "settings")
        shutil.copytree(seeds / "runs" / task, work / "runs")
        graphs = folder / "out/graphs" if report else folder
        before = identity(graphs)
        done = [mutate(graphs, rng) for _ in range(rng.choice((1, 1, 2)))]
        after = identity(graphs)
        if before and after:
            retrained(folder if report else work / "runs", before, after)
        places = [work / "in" / "outside", *folder.rglob("outside")]
        outside = {str(place): contents(place) for place in places if place.is_dir()}
        line, given, place, resumes = command_line(command, task, work, graphs)
        main = {"main": read_all} if command == "open" else {}
        outcome = run(line, given, place, resumes, **main)
        told = f"{number}: {command} {' '.join(line)}, after {done}: {outcome.broken}"
        assert not unkept(outcome), told
        for name, was in outside.items():
            assert contents(Path(name)) == was, told
        codes[command, outcome.code] += 1
        shutil.rmtree(work)
    return codes


def test_mutated_graph_sets_keep_the_rule(seeds: Path, tmp_path: Path) -> None:
    codes = fuzz(seeds, tmp_path, range(150))
    # Both ends come up: else the mutations would be too weak, or too strong to reach anything.
    assert all(codes[command, 2] > 0 for command in set(COMMANDS)), codes
    assert sum(count for (_, code), count in codes.items() if code == 0) > 10, codes


def test_control_an_unchecked_reader_breaks_the_rule(
    seeds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unchecked(path: Path, kind: object) -> Any:
        return json.loads(path.read_bytes())

    monkeypatch.setattr("graphgen.graph_set.read_document", unchecked)
    monkeypatch.setattr("graphgen.graph_set.check_places", lambda path, index: None)
    with pytest.raises(AssertionError, match=r"open .* after"):
        fuzz(seeds, tmp_path, range(100))


@pytest.mark.long
def test_thousands_of_mutated_graph_sets_keep_the_rule(seeds: Path, tmp_path: Path) -> None:
    codes = fuzz(seeds, tmp_path, range(150, 4150))
    assert sum(codes.values()) == 4000
    assert all(codes[command, code] > 0 for command in COMMANDS for code in (0, 2)), codes
