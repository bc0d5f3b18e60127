"""Settings of INR zoos: what is read, and each mistake at its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.inrs.settings import InrSettings, read_settings
from spec import SpecError

NET = """\
vars: {width: 4, dimensions: 2, channels: 1}
inputs: {x: [$dimensions]}
layers:
  - linear: {out_features: $width}
  - sine
  - linear: {out_features: $channels}
"""
GOOD = """\
signals: {name: digits, train: 5, test: 2}
architecture:
  family: siren
  file: net.yaml
  variables: {width: 8}
convention: standard
fit:
  steps: 10
  learning_rate: 0.1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.yaml").write_text(NET)
    return tmp_path


def read(folder: Path, text: str) -> InrSettings:
    (folder / "inrs.yaml").write_text(text)
    return read_settings(folder / "inrs.yaml")


def test_defaults_are_spelled_out_and_the_plain_form_reads_back(folder: Path) -> None:
    settings = read(folder, GOOD)
    plain = settings.plain()
    assert settings.count == 7
    assert (plain["copies"], plain["seed"], plain["same_initial_weights"]) == (1, 0, False)
    assert plain["fit"]["schedule"] == "cosine"
    text = json.dumps(plain, sort_keys=True, allow_nan=False)
    assert str(folder) not in text
    again = InrSettings.from_plain(json.loads(text))
    assert again.plain() == plain
    assert again.net.hash == settings.net.hash
    assert dict(settings.net.parameters)["0.weight"] == (8, 2)
    indented = "".join(f"  {line}\n" for line in GOOD.splitlines())
    assert read(folder, f"inrs:\n{indented}compile: {{seed: 0}}\n").plain() == plain


def test_options_of_signals_are_part_of_the_settings(folder: Path) -> None:
    wave = GOOD.replace("name: digits", "name: sine_waves, frequency: [1, 2]")
    settings = read(folder, wave.replace("width: 8", "dimensions: 1"))
    assert settings.plain()["signals"] == {
        "name": "sine_waves", "train": 5, "test": 2,
        "amplitude": [0.0, 10.0], "frequency": [1.0, 2.0], "points": 2000,
    }  # fmt: skip
    again = InrSettings.from_plain(json.loads(json.dumps(settings.plain())))
    assert 1 <= again.load_signals().signal("test", 1).labels["frequency"] <= 2


@pytest.mark.parametrize(
    ("right", "wrong", "place", "message"),
    [
        ("digits", "digts", "1:17", "did you mean 'digits'"),
        ("train: 5", "train: 1001", "1:32", "digits has 1000 such signals"),
        ("train: 5, test: 2", "train: 0, test: 0", "1:10", "are both 0"),
        ("test: 2", "test: 2, points: 3", "1:44", "has no field 'points'"),
        ("digits", "solids, near_surface: 2", "1:39", "at most 1, got 2"),
        ("digits", "solids", "4:9", r"takes \[2\].*these signals take \[3\] and give \[1\]"),
        ("width: 8", "channels: 3", "4:9", r"gives \[3\].*take \[2\] and give \[1\]"),
        ("width: 8", "widht: 8", "5:15", "no variable 'widht'; did you mean 'width'"),
        ("width: 8", "width: {choice: [1, 2]}", "5:22", "one architecture"),
        (
            "width: 8",
            "width: -1",
            "4:28",
            "`out_features`.*with width=-1, as .*inrs.yaml:4:9 asks",
        ),
        ("net.yaml", "ent.yaml", "4:9", "no file .*ent.yaml"),
        ("standard", "sitzmann", "6:13", "expected one of standard, offset"),
        ("convention: standard\n", "", "1:1", "needs the field `convention`"),
        ("steps: 10", "steps: 0", "8:10", "at least 1, got 0"),
        ("steps: 10", "steps: 10\n  schedule: cosin", "9:13", "did you mean 'cosine'"),
        ("convention", "copies: 0\nconvention", "6:9", "at least 1, got 0"),
        ("convention", "same_initial_weights: 1\nconvention", "6:23", "expected true or false"),
    ],
)
def test_a_mistake_is_reported_at_its_place(
    folder: Path, right: str, wrong: str, place: str, message: str
) -> None:
    read(folder, GOOD)
    file = "net.yaml" if "out_features" in message else "inrs.yaml"
    with pytest.raises(SpecError, match=f"(?s){file}:{place}: [^\n]*{message}"):
        read(folder, GOOD.replace(right, wrong))


@pytest.mark.parametrize("text", ["3", "[a]", "zoo: {seed: 0}", "inrs: 3", "inrs:\n"])
def test_what_are_no_settings_at_all_is_refused(folder: Path, text: str) -> None:
    with pytest.raises(SpecError, match="inrs.yaml:1:.*expected"):
        read(folder, text)
