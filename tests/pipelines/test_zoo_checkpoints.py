"""Checkpoints: the way of a network's training as records of a zoo, never split apart."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from graphgen import GraphSet
from pipelines import datasets
from pipelines.compile import compile_zoo
from pipelines.datasets import Dataset
from pipelines.tasks.targets import read_targets
from pipelines.zoo import generate, read_networks
from pipelines.zoo.card import card
from pipelines.zoo.checkpoints import is_last, marks, network_of
from pipelines.zoo.fit import fit, fit_checkpoints
from pipelines.zoo.fit_stack import fit_stack_checkpoints
from pipelines.zoo.sampling import plan
from pipelines.zoo.settings import ZooSettings, read_settings

Writer = Callable[..., Path]


def digits(settings: ZooSettings) -> Dataset:
    data = datasets.load("digits")
    return Dataset(
        data.name,
        data.train_images[: settings.train_samples],
        data.train_labels[: settings.train_samples],
        data.test_images[: settings.test_samples],
        data.test_labels[: settings.test_samples],
        data.classes,
    )


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("checkpoints", [1, 3, 4])
def test_marks_are_equal_shares_and_end_with_the_training(steps: int, checkpoints: int) -> None:
    found = marks(steps, checkpoints)
    assert len(found) == checkpoints
    assert found == sorted(found)
    assert (found[0] >= 1, found[-1]) == (True, steps)
    shares = np.arange(1, checkpoints + 1) / checkpoints
    assert np.abs(np.array(found) - shares * steps).max() <= 1


@pytest.mark.parametrize("index", range(4))
def test_a_checkpoint_is_the_network_on_its_way(write_zoo: Writer, index: int) -> None:
    recipe = {"schedule": "constant", "epochs": 4, "train_fraction": 0.5}
    settings = read_settings(write_zoo(training=recipe))
    data = digits(settings)
    planned = plan(settings, index)
    *before, last = fit_checkpoints(planned, data, 4)
    alone = fit(planned, data)
    assert all(np.array_equal(last.weights[name], alone.weights[name]) for name in alone.weights)
    assert last.metrics == alone.metrics
    # At a constant rate, a quarter of four epochs is one epoch.
    shorter = read_settings(write_zoo(training={**recipe, "epochs": 1}))
    one = fit(plan(shorter, index), data)
    assert all(np.array_equal(before[0].weights[name], one.weights[name]) for name in one.weights)
    assert before[0].metrics == one.metrics
    # The control: later ones are others.
    assert any(not np.array_equal(before[1].weights[n], one.weights[n]) for n in one.weights)


def test_a_stack_keeps_the_checkpoints_of_each_of_its_networks(write_zoo: Writer) -> None:
    file = write_zoo(
        count=6,
        architectures=[{"family": "mlp", "file": "mlp.yaml"}],
        training={"optimizer": "adam", "epochs": {"integers": [1, 4]}, "learning_rate": 1e-3},
    )
    settings = read_settings(file)
    data = digits(settings)
    plans = [plan(settings, index) for index in range(settings.count)]
    for planned, together in zip(plans, fit_stack_checkpoints(plans, data, 3), strict=True):
        alone = fit_checkpoints(planned, data, 3)
        assert len(together) == len(alone) == 3
        for one, other in zip(together, alone, strict=True):
            assert one.status == other.status == "trained"
            for name, weight in other.weights.items():
                np.testing.assert_allclose(one.weights[name], weight, rtol=1e-3, atol=1e-4)
        assert any(
            not np.allclose(together[0].weights[n], together[2].weights[n], atol=1e-4)
            for n in together[0].weights
        )


def test_after_a_divergence_all_checkpoints_are_diverged(write_zoo: Writer) -> None:
    settings = read_settings(
        write_zoo(
            architectures=[{"family": "mlp", "file": "mlp.yaml"}],
            training={"optimizer": "sgd", "learning_rate": 1e30, "epochs": 3},
        )
    )
    data = digits(settings)
    planned = plan(settings, 0)
    fitted = fit_checkpoints(planned, data, 3)
    assert (len(fitted), fitted[-1].status) == (3, "diverged")
    (stacked,) = fit_stack_checkpoints([planned], data, 3)
    assert [one.status for one in stacked] == [one.status for one in fitted]


def test_splits_are_by_network_and_tests_on_last_checkpoints(
    write_zoo: Writer, tmp_path: Path, small_zoo: Path
) -> None:
    file = write_zoo(count=12, checkpoints=3, networks_per_shard=7)
    index = generate(file, tmp_path / "zoo", workers=2)
    assert [row["index"] for row in index["networks"]] == list(range(36))
    assert [network_of(row) for row in index["networks"]] == [i // 3 for i in range(36)]
    # The networks at the end are those of the zoo without checkpoints.
    plain = {row["index"]: row["sha256"] for _, _, row in read_networks(small_zoo)}
    ends = {network_of(row): row["sha256"] for row in index["networks"] if is_last(row)}
    assert {i: ends[i] for i in plain} == plain
    assert "12 networks of" in card(index, "")
    assert "each kept at 3 moments of its training" in card(index, "")
    # What is lost is made again, to the bit.
    (tmp_path / "zoo" / "shard-00001.safetensors").unlink()
    assert generate(file, tmp_path / "zoo", workers=1)["hash"] == index["hash"]

    settings = json.loads(file.read_text())
    settings["compile"] = {"seed": 0, "splits": {"train": 0.5, "validation": 0.25, "test": 0.25}}
    file.write_text(json.dumps(settings))
    graphs = compile_zoo(file, tmp_path / "zoo", tmp_path / "graphs")
    splits: dict[int, set[str]] = {}
    for record in graphs.records:
        splits.setdefault(record["network"], set()).add(record["split"])
        assert record["split"] == "train" or record["checkpoint"] == 3
    assert len(splits) == 12
    assert all(len(own) == 1 for own in splits.values())
    counts = Counter(record["split"] for record in graphs.records)
    networks = Counter(next(iter(own)) for own in splits.values())
    assert counts["train"] == 3 * networks["train"]
    assert (counts["validation"], counts["test"]) == (networks["validation"], networks["test"])
    # So many networks are so many with all their checkpoints.
    chosen = read_targets(GraphSet.open(tmp_path / "graphs"), "test_accuracy", 2).indices["train"]
    assert len(chosen) == 6
    assert len({graphs.records[i]["network"] for i in chosen}) == 2


def test_a_zoo_without_checkpoints_has_the_settings_it_had(write_zoo: Writer) -> None:
    settings = read_settings(write_zoo())
    assert "checkpoints" not in settings.plain()
    assert ZooSettings.from_plain(settings.plain()) == settings
    several = read_settings(write_zoo(checkpoints=2))
    assert several.plain()["checkpoints"] == 2
    assert ZooSettings.from_plain(several.plain()) == several
    assert (settings.records, several.records) == (8, 16)
