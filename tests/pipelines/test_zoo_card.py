from __future__ import annotations

import re
from pathlib import Path

from pipelines.cards import card
from pipelines.zoo import open_zoo
from pipelines.zoo.card import histogram


def test_a_card_counts_what_the_zoo_holds(small_zoo: Path, tmp_path: Path) -> None:
    index = open_zoo(small_zoo)
    text = card(small_zoo, tmp_path / "results" / "zoo.md", settings="a.yaml")
    assert (tmp_path / "results" / "zoo.md").read_text() == text
    assert index["hash"] in text
    assert f"gmn zoo a.yaml --out {small_zoo}" in text
    assert "the first 120 train images and the first 60 test images" in text
    for family in ("cnn", "mlp"):
        own = [row for row in index["networks"] if row["family"] == family]
        assert f"| {family} | {len(own)} | 0 |" in text
    for name, entry in index["zoo"]["training"].items():
        values = re.escape(str(entry)) if not isinstance(entry, dict) else next(iter(entry))
        assert re.search(rf"\\| training \\| {name} \\| {values}", text)
    counts = [int(line.split()[-1]) for line in text.split("```")[-2].splitlines() if line]
    assert sum(counts) == len(index["networks"])


def test_the_longest_bar_is_that_of_the_fullest_bin() -> None:
    lines = histogram([0.11, 0.12, 0.13, 0.31]).splitlines()[1:-1]
    assert [line.count("#") for line in lines] == [40, 0, 0, 0, 13]
    assert "No network" in histogram([])
