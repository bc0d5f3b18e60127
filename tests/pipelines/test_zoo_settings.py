"""Settings: what is read, and that each mistake is reported at its place, all at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.zoo.architectures import MAX_CORNERS, Family
from pipelines.zoo.ranges import parse
from pipelines.zoo.settings import ZooSettings, read_settings
from spec import SpecError

MLP = """\
vars: {width: 4, activation: relu}
inputs: {image: [1, 8, 8]}
layers:
  - flatten
  - linear: {out_features: $width}
  - $activation
  - linear: {out_features: 10}
"""
GOOD = """\
dataset: digits
count: 5
architectures:
  - family: mlp
    file: mlp.yaml
    variables: {width: {integers: [1, 9]}, activation: {choice: [relu, tanh]}}
training:
  learning_rate: 0.1
  epochs: 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mlp.yaml").write_text(MLP)
    return tmp_path


def read(folder: Path, text: str) -> ZooSettings:
    (folder / "zoo.yaml").write_text(text)
    return read_settings(folder / "zoo.yaml")


def test_defaults_are_spelled_out(folder: Path) -> None:
    settings = read(folder, GOOD)
    plain = settings.plain()
    assert (plain["seed"], plain["networks_per_shard"], plain["train_samples"]) == (0, 64, None)
    assert plain["training"]["momentum"] == 0.9
    assert plain["training"]["batch_size"] == 64
    assert settings.architectures[0].weight == 1.0


def test_a_section_of_a_larger_file_is_the_same(folder: Path) -> None:
    indented = "".join(f"  {line}\n" for line in GOOD.splitlines())
    nested = read(folder, f"zoo:\n{indented}compile: {{seed: 0}}\n")
    assert nested.plain() == read(folder, GOOD).plain()


def test_the_plain_form_reads_back_and_holds_no_path(folder: Path) -> None:
    settings = read(folder, GOOD.replace("mlp.yaml", str(folder / "mlp.yaml")))
    text = json.dumps(settings.plain(), sort_keys=True, allow_nan=False)
    assert ZooSettings.from_plain(json.loads(text)).plain() == settings.plain()
    assert str(folder) not in text
    assert "mlp.yaml" not in text


@pytest.mark.parametrize(
    ("right", "wrong", "place", "message"),
    [
        ("digits", "digts", "1:10", "did you mean 'digits'"),
        ("count: 5", "count: 0", "2:8", "at least 1, got 0"),
        ("count: 5", "count: many", "2:8", "expected an integer, got 'many'"),
        ("count: 5", "coutn: 5", "2:1", "did you mean 'count'"),
        ("count: 5", "coutn: 5", "1:1", "needs the field `count`"),
        ("count: 5", "count: 5\ntrain_samples: 1001", "3:16", "digits has 1000 such images"),
        ("count: 5", "count: 5\nnetworks_per_shard: 0", "3:21", "at least 1"),
        ("family: mlp", "family: ''", "4:13", "expected a word"),
        ("family: mlp", "family: mlp\n    weight: 0", "5:13", "above 0, got 0"),
        ("file: mlp", "file: mpl", "5:11", "no file .*mpl.yaml"),
        ("    file: mlp.yaml\n", "", "4:5", "needs the field `file`"),
        ("width:", "widht:", "6:17", "no variable 'widht'; did you mean 'width'"),
        ("integers", "integer", "6:24", "did you mean 'integers'"),
        ("[1, 9]", "[.nan, 9]", "6:24", "two integers"),
        ("[relu, tanh]", "[relu, .inf]", "6:56", "expected finite numbers"),
        ("epochs: 3", "epochs: {uniform: [1, 3]}", "9:11", "expected an integer, got 1.0"),
        ("epochs: 3", "epochs: 3\n  optimiser: sgd", "10:3", "did you mean 'optimizer'"),
        ("epochs: 3", "epochs: 3\n  optimizer: sdg", "10:14", "did you mean 'sgd'"),
        ("epochs: 3", "epochs: 3\n  batch_size: 1", "10:15", "at least 2, got 1"),
        ("0.1", "{log_uniform: [0, 1]}", "8:18", "two positive numbers"),
        ("learning_rate: 0.1", "momentum: 1", "8:13", "below 1, got 1"),
        ("learning_rate: 0.1", "momentum: 0", "7:1", "needs the field `learning_rate`"),
    ],
)
def test_a_mistake_is_reported_at_its_place(
    folder: Path, right: str, wrong: str, place: str, message: str
) -> None:
    read(folder, GOOD)
    with pytest.raises(SpecError, match=f"(?s)zoo.yaml:{place}: [^\n]*{message}"):
        read(folder, GOOD.replace(right, wrong))


@pytest.mark.parametrize("text", ["3", "[a]", "compile: {seed: 0}", "zoo: 3", "zoo:\n"])
def test_what_is_no_zoo_at_all_is_refused(folder: Path, text: str) -> None:
    with pytest.raises(SpecError, match="zoo.yaml:1:.*expected"):
        read(folder, text)


def test_all_mistakes_come_at_once(folder: Path) -> None:
    with pytest.raises(SpecError) as caught:
        read(folder, GOOD.replace("digits", "x").replace("5", "0").replace("epochs", "epoch"))
    assert len(caught.value.problems) == 4


def test_a_corner_that_cannot_be_built_is_reported_in_both_files(folder: Path) -> None:
    with pytest.raises(SpecError) as caught:
        read(folder, GOOD.replace("tanh", "tahn"))
    message = str(caught.value)
    assert "mlp.yaml:6:5: " in message
    assert "did you mean 'tanh'" in message
    assert "with width=1, activation='tahn', as " in message
    assert "zoo.yaml:5:11 asks" in message
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("[1, 8, 8]", "[1, 28, 28]", r"takes image \[1, 28, 28\], but .*digits is \[1, 8, 8\]"),
        ("out_features: 10", "out_features: 9", r"gives \[9\], but digits has 10 classes"),
        ("out_features: 10", "out_features: $width", r"gives \[1\].*with width=1"),
    ],
)
def test_shapes_that_do_not_fit_the_data_are_reported(
    folder: Path, right: str, wrong: str, message: str
) -> None:
    (folder / "mlp.yaml").write_text(MLP.replace(right, wrong))
    with pytest.raises(SpecError, match=f"zoo.yaml:5:11: .*{message}"):
        read(folder, GOOD)


def test_a_variable_without_a_value_is_reported(folder: Path) -> None:
    (folder / "mlp.yaml").write_text(MLP.replace("width: 4", "width: null"))
    read(folder, GOOD)
    with pytest.raises(SpecError, match="mlp.yaml:1:15: .*'width' has no default"):
        read(folder, GOOD.replace("width: {integers: [1, 9]}, ", ""))


def test_a_broken_architecture_is_reported_with_its_place(folder: Path) -> None:
    (folder / "mlp.yaml").write_text("layers: [\n")
    with pytest.raises(SpecError, match="mlp.yaml:1:9: invalid YAML"):
        read(folder, GOOD)


def test_corners_are_all_combinations_or_cover_each_value() -> None:
    few = {name: parse({"integers": [1, 4]}) for name in "abc"}
    assert len(list(Family("f", 1.0, few, {}).corners())) == 8
    many = {name: parse({"choice": list(range(9))}) for name in "abcd"}
    corners = list(Family("f", 1.0, many, {}).corners())
    assert len(corners) == 2 * 4 * 9 < MAX_CORNERS
    assert all({corner[name] for corner in corners} == set(range(9)) for name in "abcd")


def test_the_settings_of_the_other_tests_are_good(write_zoo: Callable[..., Path]) -> None:
    assert len(read_settings(write_zoo()).architectures) == 2
