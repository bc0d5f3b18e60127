"""Signals: raw pixels, sine waves and solids, each the same whatever else was asked for."""

from __future__ import annotations

import gzip
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from pipelines import PipelineError, datasets, signals
from pipelines.signals import Solid


def test_digits_are_their_official_values_by_row_and_column() -> None:
    from sklearn.datasets import load_digits

    found = signals.load("digits")
    assert (found.dimensions, found.channels, found.peak) == (2, 1, 1.0)
    assert found.sizes == {"train": 1000, "test": 797}
    official = {image.tobytes() for image in load_digits().images.astype(np.float32) / 16}
    labels = datasets.load("digits")
    for split in signals.SPLITS:
        for number in (0, 5, 796):
            signal = found.signal(split, number)
            assert signal.values.reshape(8, 8).tobytes() in official
            assert signal.labels == {"class": int(getattr(labels, f"{split}_labels")[number])}
    rows, columns = signal.coordinates.reshape(8, 8, 2).transpose(2, 0, 1)
    np.testing.assert_allclose(rows[:, 3], np.linspace(-1, 1, 8), atol=1e-7)
    np.testing.assert_allclose(columns[3], np.linspace(-1, 1, 8), atol=1e-7)


def test_channels_of_a_colour_image_are_the_values_of_a_point(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5)).astype(np.uint8)
    labels = np.array([3, 1])
    pixels = datasets.Pixels("tiny", images, labels, images, labels, 10, 255, [0] * 3, [1] * 3)
    monkeypatch.setattr(datasets, "load_pixels", lambda name: pixels)
    signal = signals.load("cifar10").signal("test", 1)
    assert signal.values.shape == (20, 3)
    assert signal.values.dtype == np.float32
    for row, column in ((0, 0), (2, 4), (3, 1)):
        at = row * 5 + column
        assert signal.values[at].tolist() == (images[1, :, row, column] / np.float32(255)).tolist()
        np.testing.assert_allclose(signal.coordinates[at], [2 * row / 3 - 1, column / 2 - 1])


def test_sine_waves_are_what_their_labels_say() -> None:
    waves = signals.load("sine_waves", seed=3, amplitude=(1, 2), frequency=(0, 5), points=101)
    drawn = [waves.signal("train", number) for number in range(50)]
    for signal in drawn:
        a, b = signal.labels["amplitude"], signal.labels["frequency"]
        assert 1 <= a <= 2
        assert 0 <= b <= 5
        x = np.linspace(-np.pi, np.pi, 101)
        np.testing.assert_allclose(signal.values[:, 0], a * np.sin(b * x), atol=1e-5)
        np.testing.assert_allclose(signal.coordinates[:, 0] * np.pi, x, atol=1e-6)
    assert np.std([signal.labels["frequency"] for signal in drawn]) > 1


@pytest.mark.parametrize("name", ["sine_waves", "solids"])
def test_a_drawn_signal_depends_on_seed_split_and_number_alone(name: str) -> None:
    first, again, other = (signals.load(name, seed, points=64) for seed in (0, 0, 1))
    expected = [first.signal("train", number) for number in range(5)]
    for number in (4, 0, 2):
        signal = again.signal("train", number)
        assert signal.labels == expected[number].labels
        assert signal.values.tobytes() == expected[number].values.tobytes()
        assert signal.coordinates.tobytes() == expected[number].coordinates.tobytes()
        # Control: each of the three makes a difference.
        for different in (
            again.signal("train", number + 1),
            again.signal("test", number),
            other.signal("train", number),
        ):
            assert different.labels != signal.labels


def test_solids_have_the_distances_of_their_labels_and_points_near_the_surface() -> None:
    found = signals.load("solids", points=400, near_surface=0.25)
    kinds = set()
    for number in range(40):
        signal = found.signal("train", number)
        solid = Solid.from_labels(signal.labels)
        kinds.add(solid.kind)
        assert np.abs(signal.coordinates).max() <= 1
        exact = solid.distance(signal.coordinates)
        np.testing.assert_array_equal(signal.values[:, 0], exact.astype(np.float32))
        near = np.abs(exact) < 0.15
        assert near[:100].mean() > 0.95
        assert near[100:].mean() < 0.6
        # The solid lies within the cube.
        faces = np.random.default_rng(number).uniform(-1, 1, (500, 3))
        faces[np.arange(500), np.arange(500) % 3] = np.where(np.arange(500) % 2, 1, -1)
        assert solid.distance(faces).min() > -1e-9
    assert kinds == {"sphere", "box", "torus", "cylinder", "capsule", "cone"}


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("minst", {}, "unknown signals 'minst'.*did you mean 'mnist'"),
        ("digits", {"points": 3}, "`digits` has no option 'points'; its options: none"),
        ("solids", {"point": 3}, "did you mean 'points'"),
        ("solids", {"points": 0}, "`points`: .*at least 1, got 0"),
        ("solids", {"near_surface": 2}, "`near_surface`: .*at most 1, got 2"),
        ("sine_waves", {"amplitude": [2, 1]}, r"`amplitude`: expected .* in order, got \[2, 1\]"),
        ("sine_waves", {"amplitude": 1}, "`amplitude`: expected a list of two numbers"),
    ],
)
def test_a_wrong_option_is_refused(name: str, options: dict, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        signals.load(name, **options)


def test_a_signal_that_is_not_there_is_refused() -> None:
    with pytest.raises(PipelineError, match="no signal 1000 in the split 'train'.*train 1000"):
        signals.load("digits").signal("train", 1000)
    with pytest.raises(PipelineError, match="no signal 0 in the split 'validation'"):
        signals.load("solids").signal("validation", 0)


@pytest.mark.long
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10"])
def test_values_are_the_official_bytes_over_255(name: str) -> None:
    if "GMN_DATA" not in os.environ:
        pytest.skip("the environment variable GMN_DATA names no folder")
    root, found = Path(os.environ["GMN_DATA"]), signals.load(name)
    for split, prefix in (("train", "train"), ("test", "t10k")):
        for number in (0, 1, 777, 9999):
            signal = found.signal(split, number)
            if name == "cifar10":
                batch = "test_batch" if split == "test" else "data_batch_1"
                content = (root / "cifar-10-batches-py" / batch).read_bytes()
                data = pickle.loads(content, encoding="bytes")
                image, label = data[b"data"][number], data[b"labels"][number]
                image = image.reshape(3, 1024).T
            else:
                folder = root / name.replace("_", "-")
                content = gzip.decompress((folder / f"{prefix}-images-idx3-ubyte.gz").read_bytes())
                image = np.frombuffer(content, np.uint8, 784, 16 + 784 * number).reshape(784, 1)
                labels = gzip.decompress((folder / f"{prefix}-labels-idx1-ubyte.gz").read_bytes())
                label = labels[8 + number]
            assert signal.labels == {"class": label}
            assert signal.values.tobytes() == (image / np.float32(255)).astype("f4").tobytes()
