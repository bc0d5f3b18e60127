"""Zoos made in stacks: which networks share one, and that an interruption changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines import PipelineError
from pipelines.cli import main
from pipelines.zoo import generate, open_zoo, read_networks
from pipelines.zoo.sampling import NetworkPlan, plan
from pipelines.zoo.settings import read_settings
from pipelines.zoo.stack import stack_key, stacks
from pipelines.zoo.store import Store

Writer = Callable[..., Path]


@pytest.fixture
def plans(write_zoo: Writer) -> list[NetworkPlan]:
    settings = read_settings(write_zoo(count=60))
    return [plan(settings, index) for index in range(60)]


def test_stacks_hold_every_network_once_and_the_longest_first(plans: list[NetworkPlan]) -> None:
    grouped = stacks(plans, limit=4)
    assert sorted(index for stack in grouped for index in stack) == list(range(60))
    assert max(map(len, grouped)) == 4
    for stack in grouped:
        assert len({stack_key(plans[i]) for i in stack}) == 1
        recipes = [plans[i].training for i in stack]
        lengths = [recipe["epochs"] * recipe["train_fraction"] for recipe in recipes]
        assert lengths == sorted(lengths, reverse=True)
    keys = {stack_key(p) for p in plans}
    assert len(keys) == (4 + 2) * 2  # widths and channels, with two optimizers
    assert len(stacks(plans)) == len(keys)


def test_networks_that_differ_in_dropout_and_the_recipe_share_a_stack(
    plans: list[NetworkPlan],
) -> None:
    cnns = [p for p in plans if p.family == "cnn" and p.variables["channels"] == 2]
    same = [p for p in cnns if p.training["optimizer"] == "adam"]
    assert len({p.net.hash for p in same}) == len(same) > 3
    assert len({stack_key(p) for p in same}) == 1


@pytest.mark.parametrize("field", ["batch_size", "optimizer", "channels"])
def test_control_networks_that_differ_otherwise_do_not(
    plans: list[NetworkPlan], field: str
) -> None:
    first = next(p for p in plans if p.family == "cnn" and p.variables["channels"] == 2)
    if field == "channels":
        other = next(p for p in plans if p.family == "cnn" and p.variables["channels"] == 4)
        other = replace(first, net=other.net)
    else:
        other = replace(first, training={**first.training, field: "another"})
    assert stack_key(first) != stack_key(other)


def test_a_zoo_of_stacks_is_that_of_one_by_one_but_for_dropout(
    write_zoo: Writer, small_zoo: Path, tmp_path: Path
) -> None:
    made = generate(write_zoo(), tmp_path / "zoo", device="cpu")
    alone = open_zoo(small_zoo)
    rows = zip(made["networks"], alone["networks"], strict=True)
    dropped = 0
    for (one, other), mine, theirs in zip(
        rows, read_networks(tmp_path / "zoo"), read_networks(small_zoo), strict=True
    ):
        measured = ("metrics", "sha256")
        assert {k: v for k, v in one.items() if k not in measured} == {
            k: v for k, v in other.items() if k not in measured
        }
        loss, expected = one["metrics"]["test_loss"], other["metrics"]["test_loss"]
        if one["family"] == "mlp":
            assert loss == pytest.approx(expected, rel=1e-5)
            for name, array in theirs[1].items():
                np.testing.assert_allclose(mine[1][name], array, rtol=1e-3, atol=1e-4)
        else:
            dropped += loss != pytest.approx(expected, rel=1e-5)
    assert dropped > 0


def test_an_interrupted_zoo_goes_on_with_the_same_bits(
    write_zoo: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = generate(write_zoo(), tmp_path / "undisturbed", device="cpu", stack=3)
    real, added = Store.add, []

    def add(store: Store, encoded: bytes) -> None:
        if len(added) == 4:
            raise KeyboardInterrupt
        added.append(encoded)
        real(store, encoded)

    monkeypatch.setattr(Store, "add", add)
    with pytest.raises(KeyboardInterrupt):
        generate(write_zoo(), tmp_path / "zoo", device="cpu", stack=3)
    monkeypatch.setattr(Store, "add", real)
    assert generate(write_zoo(), tmp_path / "zoo", device="cpu", stack=3, workers=2) == expected
    (tmp_path / "zoo" / "shard-00001.safetensors").write_bytes(b"")
    assert generate(write_zoo(), tmp_path / "zoo", device="cpu", stack=3) == expected


def test_control_other_stacks_give_other_masks(write_zoo: Writer, tmp_path: Path) -> None:
    one = generate(write_zoo(), tmp_path / "one", device="cpu", stack=1)
    many = generate(write_zoo(), tmp_path / "many", device="cpu")
    assert one["hash"] != many["hash"]


def test_a_network_that_diverges_in_a_stack_stays_in_the_zoo(
    write_zoo: Writer, tmp_path: Path
) -> None:
    training = {"optimizer": "sgd", "learning_rate": {"choice": [1e-3, 1e30]}, "epochs": 3}
    index = generate(write_zoo(training=training), tmp_path / "zoo", device="cpu")
    for network in index["networks"]:
        lost = network["training"]["learning_rate"] > 1
        assert network["status"] == ("diverged" if lost else "trained")
    assert {network["status"] for network in index["networks"]} == {"trained", "diverged"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"device": "cpu", "scheduler": "local"},
            "both the device 'cpu' and the scheduler 'local'; expected one",
        ),
        (
            {"device": "gpu"},
            "no device 'gpu'; expected one of auto, cpu, cuda, cuda:0, cuda:1$",
        ),
        (
            {"device": "cuda:2"},
            "no device 'cuda:2'; expected one of .* cuda:0, cuda:1$",
        ),
        ({"device": "cpu", "stack": 0}, "`stack` is 0; expected 1 or more"),
        ({"stack": 8}, "`stack` is 8, but there is no `device`"),
    ],
)
def test_mistakes_are_named(
    write_zoo: Writer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    message: str,
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    with pytest.raises(PipelineError, match=message):
        generate(write_zoo(), tmp_path / "zoo", **options)
    assert not (tmp_path / "zoo").exists()


def test_a_machine_without_a_gpu_is_said_to_have_none(
    write_zoo: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    message = r"no device 'cuda'; expected one of auto, cpu: PyTorch \S+ finds no CUDA GPU"
    with pytest.raises(PipelineError, match=message):
        generate(write_zoo(), tmp_path / "zoo", device="cuda")


def test_a_device_that_is_too_small_is_said_to_be(
    write_zoo: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    import torch

    from pipelines.zoo.task import train_stack

    def fail(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(import_module("pipelines.zoo.fit_stack"), "fit_stack_checkpoints", fail)
    text = json.dumps(read_settings(write_zoo()).plain())
    with pytest.raises(PipelineError, match="a stack of 2 networks .network 3 and .*`--stack`"):
        train_stack(text, (3, 4), (3,), "cuda")


def test_the_command_makes_zoos_in_stacks(
    write_zoo: Writer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, out = write_zoo(count=4), tmp_path / "zoo"
    main(["zoo", str(settings), "--out", str(out), "--device", "cpu", "--stack", "3"])
    assert "4 networks" in capsys.readouterr().out
    assert open_zoo(out) == generate(settings, tmp_path / "again", device="cpu", stack=3)
    shutil.rmtree(out)
    with pytest.raises(SystemExit, match="2"):
        main(["zoo", str(settings), "--out", str(out), "--device", "gpu"])
    assert "there is no device 'gpu'" in capsys.readouterr().err
