"""What is made of a zoo of INRs: graph sets that keep the signals' split, and cards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphgen import GraphSet
from pipelines import PipelineError
from pipelines.compile import compile_zoo
from pipelines.inrs.card import card
from pipelines.training.targets import read_targets
from pipelines.zoo import open_zoo


def compile_settings(folder: Path, **changes: Any) -> Path:
    settings = {"seed": 0, "splits": {"train": 0.5, "validation": 0.5}, **changes}
    file = folder / "compile.yaml"
    file.write_text(json.dumps({"compile": settings}))
    return file


def test_a_graph_set_keeps_the_split_and_parts_signals_not_copies(
    inr_copies: Path, tmp_path: Path
) -> None:
    graphs = compile_zoo(compile_settings(tmp_path), inr_copies, tmp_path / "graphs")
    rows = open_zoo(inr_copies)["networks"]
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
    inr_zoo: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(PipelineError, match=message):
        compile_zoo(compile_settings(tmp_path, **changes), inr_zoo, tmp_path / "graphs")


def test_a_zoo_without_a_split_needs_the_share_of_test(small_zoo: Path, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="`splits` needs the share `test`"):
        compile_zoo(compile_settings(tmp_path), small_zoo, tmp_path / "graphs")


def test_the_card_says_how_well_the_signals_are_encoded(inr_zoo: Path) -> None:
    index = open_zoo(inr_zoo)
    text = card(index, "gmn inrs params.yaml --out zoo")
    values = [row["metrics"]["psnr"] for row in index["networks"]]
    assert f"mean PSNR {np.mean(values):.1f} dB ({min(values):.1f} to {max(values):.1f})" in text
    assert index["hash"] in text
    assert "add 0.5 to its outputs (convention `offset`)" in text
    assert "| train | 8 | 8 |" in text
    assert "| siren | width | 5 |" in text
    bars = text.split("```")[-2].splitlines()
    assert sum(int(line.split()[-1]) for line in bars if line) == 11
