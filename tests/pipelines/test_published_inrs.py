"""The INRs of two papers: both decode, by this package's rules, to the images of their authors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from published_inrs import (
    dws_image,
    nfn_image,
    write_dws_fashion,
    write_dws_mnist,
    write_nfn,
)

import graphgen
from pipelines import signals
from pipelines.errors import PipelineError
from pipelines.inrs.decode import decode
from pipelines.published import NetworkSet, StoredNetwork, open_set

MNIST = [("training", 5, 0), ("training", 3, 59999), ("testing", 7, 0), ("testing", 1, 41)]


def decoded(one: StoredNetwork, size: int) -> np.ndarray:
    """Decode an INR as every INR of this package is decoded."""
    stack = {name: torch.from_numpy(a.copy())[None] for name, a in one.weights.items()}
    places = torch.from_numpy(signals.grid(size, size))
    return decode(one.net, stack, places, one.about["offset"])[0].numpy().reshape(size, size, -1)


def every(opened: NetworkSet) -> list[StoredNetwork]:
    return [opened.read(handle) for run in opened.networks for handle in run]


def test_those_of_dwsnets_decode_to_their_images(tmp_path: Path) -> None:
    nets = write_dws_mnist(tmp_path, MNIST)
    (tmp_path / "cifar10_png_train_airplane_1" / "checkpoints").mkdir(parents=True)
    read = every(open_set("dwsnets_inrs", tmp_path, {"signals": "mnist"}))
    assert len(read) == 4
    for one in read:
        wanted = dws_image(nets[one.source])
        assert np.abs(decoded(one, 28) - wanted).max() < 1e-4
        # Rows taken for columns, and the other paper's convention, give other images.
        assert np.abs(decoded(one, 28).swapaxes(0, 1) - wanted).max() > 1e-2
        assert np.abs(nfn_image(nets[one.source], 28) - wanted).max() > 1e-2
        assert all(array.base is not None for array in one.weights.values())  # views
        graphgen.compile(one.net, one.weights).verify()
    assert [(one.about["split"], one.about["signal"], one.labels) for one in read] == [
        ("train", 0, {"class": 5}), ("train", 59999, {"class": 3}),
        ("test", 0, {"class": 7}), ("test", 41, {"class": 1}),
    ]  # fmt: skip


def test_those_of_fashion_mnist_have_their_split(tmp_path: Path) -> None:
    nets = write_dws_fashion(tmp_path)
    read = every(open_set("dwsnets_inrs", tmp_path, {"signals": "fashion_mnist"}))
    found = [(one.about["split"], one.about["signal"], one.about["signal_split"]) for one in read]
    own = ["train", "train", "validation"] * 2
    assert found == [
        *((split, i, "train") for i, split in enumerate(own)),
        *(("test", i, "test") for i in range(6)),
    ]
    assert [one.labels for one in read] == [{"class": (i + 3) % 10} for i in range(6)] * 2
    assert np.abs(decoded(read[4], 28) - dws_image(nets[read[4].source])).max() < 1e-4


def test_a_file_of_splits_splits_mnist(tmp_path: Path) -> None:
    nets = write_dws_mnist(tmp_path / "mnist-inrs", MNIST)
    names = [f"/elsewhere/mnist-inrs/{name}" for name in sorted(nets)]
    split = {"train": names[2:], "val": names[1:2], "test": names[:1]}
    data = {key: {"path": own, "label": ["0"] * len(own)} for key, own in split.items()}
    (tmp_path / "mnist_splits.json").write_text(json.dumps(data))
    options = {"signals": "mnist", "split": str(tmp_path / "mnist_splits.json")}
    read = every(open_set("dwsnets_inrs", tmp_path / "mnist-inrs", options))
    assert {one.source: one.about["split"] for one in read} == dict(
        zip(sorted(nets), ("test", "validation", "train", "train"), strict=True)
    )
    data["val"]["path"] = names[:1]
    (tmp_path / "mnist_splits.json").write_text(json.dumps(data))
    with pytest.raises(PipelineError, match="in two splits"):
        open_set("dwsnets_inrs", tmp_path / "mnist-inrs", options)


@pytest.mark.parametrize(("name", "channels", "size"), [("mnist", 1, 28), ("cifar10", 3, 32)])
def test_those_of_nfn_decode_to_their_images(
    tmp_path: Path, name: str, channels: int, size: int
) -> None:
    images = [(0, 5, 0), (44999, 0, 0), (45000, 4, 0), (50000, 1, 0), (59999, 9, 0)]
    nets = write_nfn(tmp_path, images, channels)
    read = every(open_set("nfn_inrs", tmp_path, {"signals": name}))
    for one in read:
        wanted = nfn_image(nets[one.source], size)
        assert np.abs(decoded(one, size) - wanted).max() < 1e-4
        assert np.abs(decoded(one, size).swapaxes(0, 1) - wanted).max() > 1e-2
        graphgen.compile(one.net, one.weights).verify()
    assert [one.about["split"] for one in read] == ["train"] * 2 + ["validation"] + ["test"] * 2
    assert [one.labels for one in read] == [{"class": label} for _, label, _ in images]
    last = ("train", 59999) if name == "mnist" else ("test", 9999)
    assert (read[-1].about["signal_split"], read[-1].about["signal"]) == last


def test_copies_of_nfn_are_for_training(tmp_path: Path) -> None:
    images = [(number, 3, copy) for number in (7, 45000, 50000) for copy in (0, 1, 2, 10)]
    write_nfn(tmp_path, images)
    found = [
        (one.about["signal"], one.about["copy"])
        for one in every(open_set("nfn_inrs", tmp_path, {"signals": "mnist", "copies": 3}))
    ]
    assert found == [(7, 0), (7, 1), (7, 2), (45000, 0), (50000, 0)]


def test_an_image_of_two_classes_is_told(tmp_path: Path) -> None:
    write_nfn(tmp_path, [(7, 3, 0), (7, 4, 0)])
    with pytest.raises(PipelineError, match="image 7 is in .*randinit_smaller_3s"):
        open_set("nfn_inrs", tmp_path, {"signals": "mnist"})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({}, "no weights"),
        ([1, 2], "holds no mapping"),
        ({"seq.0.weight": torch.zeros(3, 2)}, "linear layers of a siren"),
        ({"seq.0.weight": torch.zeros(3, 2), "seq.1.weight": torch.zeros(1, 4)}, "seq"),
        ({"seq.0.weight": torch.zeros(3), "seq.1.weight": torch.zeros(1, 3)}, "linear layers"),
        ({"a.weight": torch.zeros(3, 2), "b.weight": torch.zeros(1, 3)}, "linear layers"),
        (
            {f"seq.{i}.weight": torch.zeros(*s) for i, s in enumerate([(3, 2), (5, 3), (1, 5)])},
            "all of one width",
        ),
    ],
)  # fmt: skip
def test_other_files_are_told(tmp_path: Path, content: Any, told: str) -> None:
    write_dws_mnist(tmp_path, MNIST[:1])
    (path,) = tmp_path.rglob("*.pth")
    torch.save(content, path)
    opened = open_set("dwsnets_inrs", tmp_path, {"signals": "mnist"})
    with pytest.raises((PipelineError, graphgen.GraphError), match=told) as error:
        opened.read(opened.networks[0][0])
    assert "model_final.pth" in str(error.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "not readable as JSON"),
        ("[" * 10**5, "not readable as JSON"),
        ("[]", "train: expected a list of paths"),
        ('{"train": [1], "val": [], "test": []}', "train: expected a list of paths"),
        ('{"train": {"path": "a"}, "val": [], "test": []}', "train: expected a list of paths"),
        ('{"train": ["../../../etc/passwd"], "val": [], "test": []}', "no networks"),
    ],
)
def test_damaged_splits_are_told(tmp_path: Path, content: str, told: str) -> None:
    write_dws_fashion(tmp_path, 1)
    (tmp_path / "splits.json").write_text(content)
    with pytest.raises(PipelineError, match=told):
        open_set("dwsnets_inrs", tmp_path, {"signals": "fashion_mnist"})


def test_a_class_that_is_none_is_told(tmp_path: Path) -> None:
    nets = write_dws_fashion(tmp_path, 1)
    net = nets["train/model_0.pth"]
    for label in (10, -1, "shirt", None, torch.tensor([1, 2])):
        torch.save({**net.state_dict(), "label": label}, tmp_path / "train" / "model_0.pth")
        opened = open_set("dwsnets_inrs", tmp_path, {"signals": "fashion_mnist"})
        with pytest.raises(PipelineError, match="expected 0 to 9"):
            opened.read(opened.networks[0][0])
    for label in (torch.tensor(4), np.int64(4)):
        torch.save({**net.state_dict(), "label": label}, tmp_path / "train" / "model_0.pth")
        assert opened.read(opened.networks[0][0]).labels == {"class": 4}


def test_links_that_lead_out_are_not_followed(tmp_path: Path) -> None:
    write_dws_fashion(tmp_path / "set", 1)
    path = tmp_path / "set" / "train" / "model_0.pth"
    path.rename(tmp_path / "elsewhere.pth")
    path.symlink_to(tmp_path / "elsewhere.pth")
    opened = open_set("dwsnets_inrs", tmp_path / "set", {"signals": "fashion_mnist"})
    with pytest.raises(PipelineError, match="leads out of"):
        opened.read(opened.networks[0][0])
