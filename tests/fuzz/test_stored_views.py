"""Mutated views of graph sets: what reads them keeps the rule."""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fuzz.folder_mutations import mutate
from fuzz.rule import run
from view_toys import write_set, write_view
from zoo_toys import contents

from graphgen import GraphError, GraphSet


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seed") / "set"
    graph_set = write_set(folder)
    write_view(graph_set, "spectra")
    write_view(graph_set, "rows", "node")
    made_of = {"target": "accuracy", "networks": [0, 1], "content": ["0" * 64] * 2}
    write_view(graph_set, "exam-2", state={"labels": np.arange(3)}, made_of=made_of)
    return folder


def read_all(arguments: Sequence[str]) -> None:
    """Read everything of a graph set's views, as a command would."""
    try:
        graphs = GraphSet.open(arguments[0])
        for name in graphs.views:
            view = graphs.view(name)
            view.verify()
            assert view.level in ("network", "node")
            assert all(0 <= i < len(graphs) for i in view.made_of)
            assert all(isinstance(array, np.ndarray) for array in view.state().values())
            for i in range(len(graphs)):
                assert np.isfinite(view[i]).all()
                assert view.values([i]).shape == (1, *view[i].shape)
    except GraphError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None


def fuzz(seed: Path, tmp_path: Path, numbers: range) -> Counter[Any]:
    codes: Counter[Any] = Counter()
    for number in numbers:
        rng = random.Random(number)
        folder = tmp_path / str(number) / "set"
        shutil.copytree(seed, folder)
        done = [mutate(folder / "views", rng) for _ in range(rng.choice((1, 1, 2)))]
        outside = {str(place): contents(place) for place in folder.rglob("outside")}
        outcome = run([str(folder)], [folder], None, False, main=read_all)
        assert not outcome.broken, f"{number}: after {done}: {outcome.broken}"
        for name, was in outside.items():
            assert contents(Path(name)) == was, f"{number}: after {done}"
        codes[outcome.code] += 1
        shutil.rmtree(folder.parent)
    return codes


def test_mutated_views_keep_the_rule(seed: Path, tmp_path: Path) -> None:
    codes = fuzz(seed, tmp_path, range(100))
    assert codes[2] > 30, codes
    assert codes[0] > 5, codes


def test_control_an_unchecked_view_breaks_the_rule(
    seed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unchecked(path: Path, kind: object) -> Any:
        return json.loads(path.read_bytes())

    monkeypatch.setattr("graphgen.stored_view.read_document", unchecked)
    monkeypatch.setattr("graphgen.stored_view.check_index", lambda *arguments: None)
    with pytest.raises(AssertionError, match="after"):
        fuzz(seed, tmp_path, range(100))


@pytest.mark.long
def test_thousands_of_mutated_views_keep_the_rule(seed: Path, tmp_path: Path) -> None:
    assert sum(fuzz(seed, tmp_path, range(100, 4100)).values()) == 4000
