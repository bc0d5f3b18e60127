"""Wrong kinds in settings: each is reported at its file, line and column, before any work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import spec
from metanet import EDITORS, METANETS
from pipelines.options import check_options
from pipelines.settings import read_section
from pipelines.training.settings import read_settings
from pipelines.zoo.fields import Place
from spec import SpecError
from spec.yaml_reader import read

TRAIN = """\
train:
  target: test_accuracy
  seeds: [0]
  models:
    it:
      metanet: METANET
      settings: {OPTION: VALUE}
      training: {epochs: 2, batch_size: 4, learning_rate: 0.1, weight_decay: 0, gradient_norm: 1}
"""
NET = spec.loads(
    "inputs: {x: [4]}\nlayers: [{linear: {out_features: 3}}, relu, {linear: {out_features: 2}}]"
).resolved()
WRONG = (
    "[1]", "a", "{a: 1}", ".nan", ".inf", "null", "-1", "1e30", "99999999999999999999999", "{}",
    "{choice: []}", "{choice: 5}", "{choice: [a, b]}", "{choice: {}}", "{uniform: [1]}",
    "{uniform: [a, b]}", "{uniform: [2, 1]}", "{uniform: [.nan, 1]}", "{log_uniform: [0, 1]}",
    "{integers: [5, 2]}", "{integers: [0, 1e30]}", "{integers: [0.5, 2]}", "{choise: [1, 2]}",
    "{choice: [{uniform: [0, 1]}]}", "{choice: [1], uniform: [0, 1]}",
)  # fmt: skip


def refused(tmp_path: Path, text: str) -> list[str]:
    """Read the section `train`, which is wrong; give the first line of every problem."""
    file = tmp_path / "params.yaml"
    file.write_text(text)
    with pytest.raises(SpecError) as caught:
        read_settings(file, NET)
    assert all(problem.mark is not None for problem in caught.value.problems)
    return [str(problem).partition("\n")[0] for problem in caught.value.problems]


OTHERS = {"statnn", "viewed", "probe_grid"}
"""Metanets of other options, and one that does not take the network of these tests."""


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize("option", ["hidden", "dropout"])
def test_a_wrong_option_of_every_metanet(option: str, value: str, tmp_path: Path) -> None:
    for name in sorted(METANETS.keys() - OTHERS):
        text = TRAIN.replace("METANET", name).replace("OPTION", option).replace("VALUE", value)
        (line,) = refused(tmp_path, text)
        assert line.startswith(f"{tmp_path}/params.yaml:7:{18 + len(option) + 2}: `{option}`"), line


@pytest.mark.parametrize("task", ["target: test_accuracy", "task: editing\n  edit: dilation"])
def test_an_option_that_there_is_not(task: str, tmp_path: Path) -> None:
    for name in EDITORS if "editing" in task else METANETS.keys() - {"viewed"}:
        text = TRAIN.replace("METANET", name).replace("target: test_accuracy", task)
        if name == "statnn":
            text = text.replace("hidden", "trees")
        lines = refused(tmp_path, text.replace("OPTION", "hiden").replace("VALUE", "8"))
        assert len(lines) == 1
        assert ":18: `hiden`" in lines[0], lines


def test_all_wrong_options_at_once(tmp_path: Path) -> None:
    text = TRAIN.replace("METANET", "gmn").replace(
        "{OPTION: VALUE}", "{hidden: a, layers: 0, dropout: 2, kernel: 3, taps: folded}"
    )
    lines = refused(tmp_path, text.replace("batch_size: 4", "batch_size: {uniform: [1, 2]}"))
    assert [line.split("`")[1] for line in lines] == [
        "hidden", "layers", "dropout", "kernel", "batch_size",
    ]  # fmt: skip


def test_right_options_are_right(tmp_path: Path) -> None:
    """The negative control: a reader that refuses everything fails here."""
    file = tmp_path / "params.yaml"
    for option, value in (("hidden", "{choice: [8, 16]}"), ("dropout", "{uniform: [0, 0.5]}")):
        for name in sorted(METANETS.keys() - OTHERS):
            text = TRAIN.replace("METANET", name).replace("OPTION", option)
            file.write_text(text.replace("VALUE", value))
            read_settings(file, NET)


@pytest.mark.parametrize(
    ("search", "place"),
    [
        ("{trees: [a]}", "`trees` is 'a'"),
        ("{trees: [5, 0]}", "`trees` is 0"),
        ("{trees: []}", "`trees`: expected a list"),
        ("{trees: 5}", "`trees`: expected a list"),
        ("{leafs: [3]}", "`leafs`"),
        ("{seed: [1]}", "`seed` is decided by the stage"),
        ("[1]", "`search`: expected a mapping"),
        (f"{{trees: {[*range(1, 200)]}, leaves: {[*range(2, 200)]}}}", "more than 10000 combin"),
    ],
)
def test_wrong_searches_of_trees(search: str, place: str, tmp_path: Path) -> None:
    models = f"{{s: {{metanet: statnn, search: {search}}}}}"
    lines = refused(tmp_path, f"target: x\nseeds: [0]\nmodels: {models}\n")
    assert len(lines) == 1
    assert ":3:" in lines[0]
    assert place in lines[0]


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("seeds: [0]", "seeds: [0, 0]", "3:14: `seeds` has 0 twice"),
        ("seeds: [0]", "seeds: [1.0]", "3:11: "),
        ("seeds: [0]", f"seeds: [{2**32}]", "3:11: "),
        ("seeds: [0]", "seeds: [0]\n  networks: [4, 4]", "4:17: `networks` has 4 twice"),
        ("    it:", "    ../it:", "5:5: `models`: expected a "),
        ("metanet: gmn", "metanet: gnm", "6:16: unknown metanet 'gnm'; did you mean 'gmn'"),
        ("epochs: 2", "epochs: 2.0", "8:26: `epochs`: expected an integer"),
        ("epochs: 2", "epochs: {choice: [1]}", "8:26: `epochs`: expected an integer"),
        ("epochs: 2", f"epochs: {10**12}", "8:26: `epochs`: expected an integer"),
        ("batch_size: 4", "batch_size: {choice: [4, x]}", "in `choice`: expected an integer"),
        ("learning_rate: 0.1", "learning_rate: .nan", "`learning_rate`: expected a number above 0"),
        ("learning_rate: 0.1", "learning_rate: {uniform: [0, 1]}", "expected a number above 0"),
        ("      training:", "      search: {hidden: [8]}\n      training:", "8:7: only `statnn`"),
        ("train:", "zoo:", "1:1: expected the settings of a stage"),
    ],
)
def test_other_wrong_kinds(right: str, wrong: str, message: str, tmp_path: Path) -> None:
    text = TRAIN.replace("METANET", "gmn").replace("OPTION", "hidden").replace("VALUE", "8")
    assert right in text
    assert any(message in line for line in refused(tmp_path, text.replace(right, wrong, 1)))


SCHEMA = {"type": "object", "properties": {"size": {"type": "integer"}}, "required": ["size", "a"]}


def test_what_is_missing_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("it: {}\n")
    with pytest.raises(SpecError) as caught:
        read_section(tmp_path / "params.yaml", "it", SCHEMA)
    assert [problem.message for problem in caught.value.problems] == [
        "`it` needs the field `size`", "`it` needs the field `a`",
    ]  # fmt: skip


def noted(options: str, make: Any) -> list[str]:
    place = Place(read(options, "params.yaml"), ())
    check_options(place, place.value, make)
    return [problem.message for problem in place.problems]


def test_an_error_without_a_name_is_that_of_the_option_without_which_it_does_not_come() -> None:
    def make(options: Any) -> None:
        if "b" in options:
            raise ValueError("no")

    assert noted("{a: 1, b: 2, c: 3}", make) == ["`b`: no"]
    assert noted("{a: 1, c: 3}", make) == []


def test_an_error_of_no_option_is_noted_once() -> None:
    def make(options: Any) -> None:
        raise ValueError("no")

    assert noted("{a: 1, b: {choice: [1, 2, 3]}}", make) == ["a zoo: no"]


def test_a_defect_in_a_model_is_not_taken_for_a_wrong_option() -> None:
    def make(options: Any) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        noted("{a: 1}", make)


def test_a_model_that_brings_tensors_of_its_own_is_judged_as_it_is_made() -> None:
    def make(options: Any) -> None:
        if torch.empty(()).is_meta:
            raise RuntimeError("Tensor on device cpu is not on the expected device meta!")
        if options.get("b", 1) > 1:
            raise ValueError("`b` is too large")

    assert noted("{b: 1}", make) == []
    assert len(noted("{b: 2}", make)) == 1  # the control: it is judged all the same
