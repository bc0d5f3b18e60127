"""Digits as they are, and the official formats on tiny files that the tests write."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import os
import pickle
import struct
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from pipelines import PipelineError, datasets
from pipelines.datasets import cifar10, idx, mnist, official

MNIST_FILES = list(mnist.MD5["mnist"])


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def idx_file(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0)


class Python2Pickler(pickle._Pickler):
    """Writes byte strings as Python 2 did, which is how the official batches are written."""

    dispatch: ClassVar[dict] = dict(pickle._Pickler.dispatch)

    def save_bytes(self, value: bytes) -> None:
        self.write(pickle.BINSTRING + struct.pack("<i", len(value)) + value)

    dispatch[bytes] = save_bytes


def python2_pickle(value: object) -> bytes:
    file = io.BytesIO()
    Python2Pickler(file, 2).dump(value)
    # The text "u1" is a byte string in Python 2.
    return (
        file.getvalue()
        .replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
        .replace(b"X\x02\x00\x00\x00u1", b"T\x02\x00\x00\x00u1")
    )


def cifar_batch(pixels: np.ndarray, labels: list[int]) -> bytes:
    return python2_pickle({b"batch_label": b"tiny", b"labels": labels, b"data": pixels})


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test its own empty cache folder and no way to the network."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(official, "cache_folder", lambda: folder)
    monkeypatch.setattr(cifar10, "URLS", ())
    monkeypatch.setattr(mnist, "_HOSTS", {"mnist": (), "fashion-mnist": ()})
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def tiny_mnist(root: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """Write four tiny IDX files to `root / "mnist"`, and their checksums into the table."""
    rng = np.random.default_rng(0)
    arrays = {
        file: rng.integers(0, 256, (n, 28, 28)) if "images" in file else rng.integers(0, 10, n)
        for file, n in zip(MNIST_FILES, (5, 5, 3, 3), strict=True)
    }
    (root / "mnist").mkdir()
    for file, array in arrays.items():
        (root / "mnist" / file).write_bytes(idx_file(array))
        monkeypatch.setitem(mnist.MD5["mnist"], file, md5(idx_file(array)))
    return arrays


@pytest.fixture
def tiny_cifar(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[np.ndarray, list[int], bytes]]:
    """Make six tiny batches, and put their checksums into the tables."""
    rng = np.random.default_rng(0)
    batches = {}
    for table in (cifar10.TRAIN_MD5, cifar10.TEST_MD5):
        for name in table:
            pixels = rng.integers(0, 256, (3, 3072)).astype(np.uint8)
            labels = rng.integers(0, 10, 3).tolist()
            content = cifar_batch(pixels, labels)
            batches[name] = (pixels, labels, content)
            monkeypatch.setitem(table, name, md5(content))
    return batches


def assert_standardised(images: np.ndarray, pixels: np.ndarray, mean: object, std: object) -> None:
    expected = (pixels / 255 - np.reshape(mean, (-1, 1, 1))) / np.reshape(std, (-1, 1, 1))
    assert images.dtype == np.float32
    np.testing.assert_allclose(images, expected, rtol=0, atol=1e-6)


# Digits


def test_digits_have_the_documented_shapes_and_scale() -> None:
    data = datasets.load("digits")
    assert (data.name, data.classes) == ("digits", 10)
    assert data.train_images.shape == (1000, 1, 8, 8)
    assert data.test_images.shape == (797, 1, 8, 8)
    assert datasets.TEST_IMAGES["digits"] == 797
    assert set(datasets.TEST_IMAGES) == set(datasets.NAMES)
    assert data.train_images.dtype == data.test_images.dtype == np.float32
    assert data.train_labels.dtype == data.test_labels.dtype == np.int64
    images = np.concatenate([data.train_images, data.test_images])
    assert abs(images.mean()) < 1e-3
    assert abs(images.std() - 1) < 1e-3


def test_digits_split_is_fixed_stratified_and_complete() -> None:
    from sklearn.datasets import load_digits

    data = datasets.load("digits")
    # Computed once: a change of the split changes every zoo that was trained on it.
    assert md5(data.train_labels.tobytes()) == "4655bee469e53aaf1d1004c9e5caffa9"
    train, test = np.bincount(data.train_labels), np.bincount(data.test_labels)
    assert np.abs(train / (train + test) - 1000 / 1797).max() < 0.005
    both = np.concatenate([data.train_images, data.test_images]).reshape(1797, 64)
    restored = np.rint((both * 0.3761 + 0.3053) * 16)
    assert sorted(restored.tolist()) == sorted(load_digits().data.tolist())


# MNIST


def test_mnist_reads_idx_files(root: Path, tiny_mnist: dict[str, np.ndarray]) -> None:
    data = datasets.load("mnist", root)
    images, labels, test_images, test_labels = (tiny_mnist[file] for file in MNIST_FILES)
    assert data.train_images.shape == (5, 1, 28, 28)
    assert_standardised(data.train_images, images[:, None], 0.1307, 0.3081)
    assert_standardised(data.test_images, test_images[:, None], 0.1307, 0.3081)
    np.testing.assert_array_equal(data.train_labels, labels)
    np.testing.assert_array_equal(data.test_labels, test_labels)
    assert data.train_labels.dtype == np.int64


def test_gmn_data_names_the_root(
    root: Path, tiny_mnist: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GMN_DATA", str(root))
    assert len(datasets.load("mnist").train_images) == 5


def test_the_cache_serves_what_the_root_lacks(
    root: Path, cache: Path, tiny_mnist: dict[str, np.ndarray]
) -> None:
    (cache / "mnist").mkdir(parents=True)
    (root / "mnist" / MNIST_FILES[0]).rename(cache / "mnist" / MNIST_FILES[0])
    assert len(datasets.load("mnist", root).train_images) == 5


def test_a_corrupted_file_is_refused(root: Path, tiny_mnist: dict[str, np.ndarray]) -> None:
    file = root / "mnist" / MNIST_FILES[2]
    content = bytearray(file.read_bytes())
    content[-9] ^= 1
    file.write_bytes(content)
    with pytest.raises(PipelineError) as caught:
        datasets.load("mnist", root)
    message = str(caught.value)
    assert str(file) in message
    assert mnist.MD5["mnist"][MNIST_FILES[2]] in message
    assert md5(content) in message
    assert "GMN_DATA" in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not gzip", "gzip"),
        (gzip.compress(b""), "magic number 00000801"),
        (gzip.compress(bytes([0, 0, 8, 1, 0, 0])), "bytes"),
        (gzip.compress(bytes([0, 0, 9, 1, 0, 0, 0, 0])), "got 00000901"),
        (idx_file(np.zeros((2, 2))), "got 00000802"),
        (gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 3, 1, 2])), r"shape \(3,\).* 11 bytes.* 10"),
        (idx_file(np.zeros(3))[:-9], "gzip"),
    ],
    # The contents hold the time at which they were compressed, so they cannot name the tests.
    ids=["no gzip", "empty", "short header", "other dtype", "other rank", "short", "cut off"],
)
def test_idx_refuses_other_content(content: bytes, message: str) -> None:
    with pytest.raises(PipelineError, match=f"labels: .*{message}"):
        idx.parse(content, "labels", 1)


def test_idx_accepts_its_valid_neighbour() -> None:
    content = gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]))
    assert idx.parse(content, "labels", 1).tolist() == [7, 9]


# CIFAR-10


def test_cifar10_reads_the_official_batches(root: Path, tiny_cifar: dict) -> None:
    (root / cifar10.FOLDER).mkdir()
    for name, (_, _, content) in tiny_cifar.items():
        (root / cifar10.FOLDER / name).write_bytes(content)
    data = datasets.load("cifar10", root)
    train = [tiny_cifar[name] for name in cifar10.TRAIN_MD5]
    pixels = np.concatenate([pixels for pixels, _, _ in train]).reshape(15, 3, 32, 32)
    assert_standardised(data.train_images, pixels, cifar10._MEAN, cifar10._STD)
    assert data.train_labels.tolist() == [label for _, labels, _ in train for label in labels]
    assert data.test_images.shape == (3, 3, 32, 32)
    assert data.test_labels.dtype == np.int64


def test_cifar10_unpacks_the_downloaded_archive(
    cache: Path, tiny_cifar: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GMN_DATA", raising=False)

    def download(file: str, _md5: str, _urls: object, folder: Path) -> Path:
        folder.mkdir(parents=True)
        with tarfile.open(folder / file, "w:gz") as tar:
            for name, (_, _, content) in tiny_cifar.items():
                member = tarfile.TarInfo(f"{cifar10.FOLDER}/{name}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        return folder / file

    monkeypatch.setattr(official, "download", download)
    assert len(datasets.load("cifar10").train_images) == 15
    assert sorted(path.name for path in cache.rglob("*")) == sorted([*tiny_cifar, cifar10.FOLDER])


class Malicious:
    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple:
        return self.call


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        (Malicious(os.system, "touch owned"), r"(posix|nt)\.system"),
        (Malicious(eval, "open('owned', 'w')"), r"__builtin__\.eval"),
        (Malicious(np.load, "owned"), r"numpy\.load"),
        (np.array([None]), "type b'O8'"),
        (np.float64(1), "scalar"),
    ],
)
def test_a_batch_with_anything_else_is_refused(
    value: object, refused: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = python2_pickle({b"data": value, b"labels": []}).replace(
        b"X\x02\x00\x00\x00O8", b"T\x02\x00\x00\x00O8"
    )
    with pytest.raises(PipelineError, match=f"batch: not an official CIFAR-10 batch: .*{refused}"):
        cifar10.parse(content, "batch")
    assert not Path("owned").exists()


def test_the_malicious_pickle_would_have_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pickle.loads(python2_pickle(Malicious(os.system, "touch owned")))
    assert Path("owned").exists()


def test_a_batch_whose_labels_do_not_match_is_refused() -> None:
    with pytest.raises(PipelineError, match="2 images, but 1 labels"):
        cifar10.parse(cifar_batch(np.zeros((2, 3072), np.uint8), [0]), "batch")


# Downloads and names


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(root: Path) -> Iterator[str]:
    """Serve `root` on this machine; yield the URL."""
    handler = partial(QuietHandler, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}/"
        httpd.shutdown()
        thread.join()


def test_files_are_downloaded_into_the_cache_once(
    root: Path,
    cache: Path,
    server: str,
    tiny_mnist: dict[str, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GMN_DATA", raising=False)
    # The first host has nothing; the second one serves.
    hosts = (f"{server}absent/", f"{server}mnist/")
    monkeypatch.setitem(mnist._HOSTS, "mnist", hosts)
    first = datasets.load("mnist")
    assert sorted(os.listdir(cache / "mnist")) == sorted(MNIST_FILES)
    monkeypatch.setitem(mnist._HOSTS, "mnist", ())
    np.testing.assert_array_equal(datasets.load("mnist").train_images, first.train_images)


def test_a_download_with_another_checksum_is_refused(
    root: Path,
    cache: Path,
    server: str,
    tiny_mnist: dict[str, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GMN_DATA", raising=False)
    (root / "mnist" / MNIST_FILES[0]).write_bytes(b"a page that says sorry")
    monkeypatch.setitem(mnist._HOSTS, "mnist", (f"{server}mnist/",))
    with pytest.raises(PipelineError) as caught:
        datasets.load("mnist")
    message = str(caught.value)
    assert f"mnist/{MNIST_FILES[0]}" in message
    assert mnist.MD5["mnist"][MNIST_FILES[0]] in message
    assert f"{server}mnist/" in message
    assert "GMN_DATA" in message
    assert os.listdir(cache / "mnist") == []


def test_a_download_without_a_network_is_reported(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = "http://127.0.0.1:9/"
    monkeypatch.setattr(cifar10, "URLS", (closed,))
    pattern = f"(?s)not in {root}, not in .*{closed}: .*refused.*MD5 c99cafc1.*GMN_DATA"
    with pytest.raises(PipelineError, match=pattern):
        datasets.load("cifar10", root)


def test_an_unknown_name_is_refused_with_a_suggestion() -> None:
    with pytest.raises(PipelineError, match="'minst'.*did you mean 'mnist'.*cifar10"):
        datasets.load("minst")


@pytest.mark.parametrize("by_environment", [True, False])
def test_a_root_that_is_no_folder_is_refused(
    by_environment: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = tmp_path / "absent"
    if by_environment:
        monkeypatch.setenv("GMN_DATA", str(absent))
    with pytest.raises(PipelineError, match="absent.* not a folder"):
        datasets.load("mnist", None if by_environment else absent)


# The real files


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "train", "shape"),
    [
        ("mnist", 60000, (1, 28, 28)),
        ("fashion_mnist", 60000, (1, 28, 28)),
        ("cifar10", 50000, (3, 32, 32)),
    ],
)
def test_the_official_files_load(name: str, train: int, shape: tuple[int, ...]) -> None:
    if "GMN_DATA" not in os.environ:
        pytest.skip("the environment variable GMN_DATA names no folder")
    data = datasets.load(name)
    assert data.train_images.shape == (train, *shape)
    assert data.test_images.shape == (datasets.TEST_IMAGES[name], *shape)
    assert len(np.unique(data.test_labels)) == data.classes
    for axis in range(shape[0]):
        assert abs(data.train_images[:, axis].mean()) < 1e-3
        assert abs(data.train_images[:, axis].std() - 1) < 1e-3
