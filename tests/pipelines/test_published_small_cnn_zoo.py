"""The Small CNN Zoo: its matrix is read as the CNNs that Keras would make of it."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import numpy as np
import pytest
from published_sets import KERAS, keras_cnn, write_small_cnn_zoo

import graphgen
from graphgen.evaluate import evaluate
from graphgen.testing import relative_error
from pipelines.errors import PipelineError
from pipelines.published import open_set

NAME = "small_cnn_zoo"


@pytest.fixture
def collection(tmp_path: Path) -> tuple[Path, np.ndarray]:
    return tmp_path / "cifar10", write_small_cnn_zoo(tmp_path / "cifar10")


def test_the_function_is_that_of_keras(collection: tuple[Path, np.ndarray]) -> None:
    folder, matrix = collection
    opened = open_set(NAME, folder)
    rng = np.random.default_rng(1)
    images = rng.standard_normal((2, 32, 32, 1))
    assert len(opened.networks) == 5  # run 1 did not come to its end
    for (row,) in opened.networks:
        one = opened.read(row)
        wanted = keras_cnn(matrix[row], images, one.variables["activation"])
        weights = {name: a.astype(np.float64) for name, a in one.weights.items()}
        given = evaluate(one.net, weights, images.transpose(0, 3, 1, 2))
        assert relative_error(given, wanted) < 1e-12
        # A kernel whose height and width are swapped is another CNN's.
        other = {**weights, "conv2d.weight": weights["conv2d.weight"].swapaxes(2, 3)}
        assert relative_error(evaluate(one.net, other, images.transpose(0, 3, 1, 2)), wanted) > 1e-3
    graphgen.compile(one.net, one.weights).verify()


def test_weights_are_views_of_the_mapped_matrix(collection: tuple[Path, np.ndarray]) -> None:
    folder, _ = collection
    opened = open_set(NAME, folder)
    for name, array in opened.read(opened.networks[0][0]).weights.items():
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        assert isinstance(owner, np.memmap), name


def test_records_have_what_the_table_says(collection: tuple[Path, np.ndarray]) -> None:
    folder, _ = collection
    opened = open_set(NAME, folder, {"checkpoints": "all"})
    assert [len(run) for run in opened.networks] == [3, 2, 3, 3, 3, 3]
    assert opened.networks[1] == [3, 4]
    one = opened.read(4)
    assert one.training == {
        "dataset": "cifar10", "epochs": 20, "optimizer": "adam", "w_init": "he_normal",
        "b_init": "zeros", "learning_rate": 0.005, "train_fraction": 0.5, "dropout": 0.1,
        "l2reg": 0.001, "init_std": 0.05,
    }  # fmt: skip
    assert one.variables == {"activation": "tanh", "size": 32}
    assert set(one.metrics) == {"test_accuracy", "test_loss", "train_accuracy", "train_loss"}
    assert all(0 <= value <= 1 for value in one.metrics.values() if value is not None)


def test_runs_that_cannot_be_told_apart_are_told(collection: tuple[Path, np.ndarray]) -> None:
    folder, _ = collection
    for run in range(6):
        table(folder, f"/zoo/{run},", "/zoo,")
    assert len(open_set(NAME, folder).networks) == 5
    with pytest.raises(PipelineError, match="take `checkpoints: last`"):
        open_set(NAME, folder, {"checkpoints": "all"})


def test_the_split_is_that_of_zhou(collection: tuple[Path, np.ndarray], tmp_path: Path) -> None:
    folder, matrix = collection
    order = list(range(len(matrix)))
    random.Random(3).shuffle(order)
    split = tmp_path / "cifar10_split.csv"
    # pandas wrote the header of the one column, "0", as the first line.
    split.write_text("\n".join(map(str, [0, *order])) + "\n")
    opened = open_set(NAME, folder, {"split": str(split)})
    steps = [0, 20, 86] * 6
    del steps[5]
    ended = [row for row in order if steps[row] == 86]
    first = list(range(len(ended) // 2))
    random.Random(0).shuffle(first)
    cut = int(0.8 * len(first))
    wanted = {ended[i]: "train" for i in first[:cut]}
    wanted |= {ended[i]: "validation" for i in first[cut:]}
    wanted |= dict.fromkeys(ended[len(ended) // 2 :], "test")
    assert {run[0]: opened.read(run[0]).about["split"] for run in opened.networks} == wanted
    every = open_set(NAME, folder, {"split": str(split), "checkpoints": "all"})
    assert all(
        every.read(row).about["split"] == wanted[run[-1]] for run in every.networks for row in run
    )
    split.write_text("\n".join(map(str, order[:-1])))
    with pytest.raises(PipelineError, match="each of the numbers 0 to 16 once"):
        open_set(NAME, folder, {"split": str(split)})


def test_identity_is_that_of_the_files(collection: tuple[Path, np.ndarray], tmp_path: Path) -> None:
    folder, _ = collection
    write_small_cnn_zoo(tmp_path / "again")
    source = open_set(NAME, folder).source
    for name in ("layout.csv", "metrics.csv.gz"):
        (tmp_path / "again" / name).write_bytes((folder / name).read_bytes())
    assert open_set(NAME, tmp_path / "again").source == source
    write_small_cnn_zoo(tmp_path / "other", runs=4)
    assert open_set(NAME, tmp_path / "other").source != source


def table(folder: Path, old: str, new: str) -> None:
    path = folder / "metrics.csv.gz"
    with gzip.open(path, "rt", newline="") as file:
        text = file.read()
    with gzip.open(path, "wt", newline="") as file:
        file.write(text.replace(old, new))


def layout(folder: Path, old: str, new: str) -> None:
    path = folder / "layout.csv"
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda f: (f / "weights.npy").unlink(), "has no file weights.npy"),
        (lambda f: (f / "weights.npy").write_bytes(b"\x93NUMPY\x01\x00"), "no intact .npy"),
        (lambda f: np.save(f / "weights.npy", np.zeros((17, 5), "f4")), "17 rows of 5 values"),
        (lambda f: np.save(f / "weights.npy", np.zeros((17, 4970), "i4")), "expected a matrix"),
        (
            lambda f: np.save(f / "weights.npy", np.array([print], dtype=object)),
            "no intact .npy file of numbers",
        ),
        (
            lambda f: (
                np.savez(f / "weights.npz", a=np.zeros(3))
                or (f / "weights.npz").rename(f / "weights.npy")
            ),
            "no intact .npy",
        ),
        (lambda f: np.save(f / "weights.npy", np.zeros((9, 4970), "f4")), "more than the 9 rows"),
        (lambda f: np.save(f / "weights.npy", np.zeros((99, 4970), "f4")), "17 rows, but"),
        (lambda f: table(f, "modeldir", "directory"), "no column modeldir"),
        (lambda f: table(f, ",86,", ",many,"), "`step` is 'many'"),
        (lambda f: (f / "metrics.csv.gz").write_bytes(b"\x1f\x8b\x08junk"), "damaged"),
        (lambda f: (f / "metrics.csv.gz").write_bytes(b""), "no column"),
        (lambda f: layout(f, "(16,)", "__import__('os')"), "expected as many values"),
        (lambda f: layout(f, ",16,160,", ",16,161,"), "expected as many values"),
        (lambda f: layout(f, ",16,160,", ",17,161,"), "of no tensor, or of two"),
        (lambda f: layout(f, "sequential/dense/bias", "sequential/conv2d/bias"), "of each tensor"),
    ],
)
def test_damaged_files_are_told(collection: tuple[Path, np.ndarray], damage, told: str) -> None:
    damage(collection[0])
    with pytest.raises(PipelineError, match=told) as error:
        open_set(NAME, collection[0])
    assert str(collection[0]) in str(error.value)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda f: table(f, "tanh", "eval('1')"), "no layer"),
        (lambda f: table(f, "cifar10", "imagenet"), "config.dataset is 'imagenet'"),
        (lambda f: layout(f, "sequential/dense/bias", "sequential/dense_9/bias"), "dense"),
    ],
)
def test_rows_of_another_network_are_told(
    collection: tuple[Path, np.ndarray], damage, told: str
) -> None:
    damage(collection[0])
    opened = open_set(NAME, collection[0])
    with pytest.raises((PipelineError, graphgen.GraphError), match=told):
        print([opened.read(row) for (row,) in opened.networks])


def test_keras_shapes_are_those_of_the_paper() -> None:
    assert sum(int(np.prod(shape)) for _, _, shape in KERAS) == 4970
