"""CIFAR-10, from the batches of its official archive for Python."""

from __future__ import annotations

import io
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from graphgen.files.atomic import write_bytes
from pipelines.datasets import official
from pipelines.datasets.dataset import Pixels
from pipelines.errors import PipelineError

FOLDER = "cifar-10-batches-py"
ARCHIVE = "cifar-10-python.tar.gz"
ARCHIVE_MD5 = "c58f30108f718f92721af3b95e74349a"
URLS = ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",)

TRAIN_MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
}
TEST_MD5 = {"test_batch": "40351d587109b95175f43aff81a1287e"}

_MEAN = (0.4914, 0.4822, 0.4465)
_STD = (0.2470, 0.2435, 0.2616)

_Split = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]


def load(root: Path | None = None) -> Pixels:
    """Load CIFAR-10: 50,000 training and 10,000 test images, `(3, 32, 32)`, 10 classes.

    The usual constants of its channels: means 0.4914, 0.4822, 0.4465, standard
    deviations 0.2470, 0.2435, 0.2616.
    """
    return Pixels(
        "cifar10",
        *(*_split(TRAIN_MD5, root), *_split(TEST_MD5, root)),
        classes=10,
        peak=255,
        mean=_MEAN,
        std=_STD,
    )


def parse(content: bytes, file: str) -> tuple[npt.NDArray[np.uint8], list[int]]:
    """Read a pickled batch as pixels uint8 `(N, 3, 32, 32)` and N labels; nothing is executed.

    Raises:
        PipelineError: the batch holds anything but the expected dict of plain values and one
            array; the message names `file`.
    """
    try:
        batch = _BatchUnpickler(io.BytesIO(content), encoding="bytes").load()
        pixels, labels = batch[b"data"], batch[b"labels"]
        if len(pixels) != len(labels):
            raise ValueError(f"{len(pixels)} images, but {len(labels)} labels")
        return pixels.reshape(-1, 3, 32, 32), labels
    # A malformed pickle raises nearly anything.
    except Exception as error:
        raise PipelineError(f"{file}: not an official CIFAR-10 batch: {error}") from error


def _split(checksums: dict[str, str], root: Path | None) -> _Split:
    pixels, labels = [], []
    for name, md5 in checksums.items():
        content = official.read(f"{FOLDER}/{name}", md5, root, _fetch)
        batch = parse(content, f"{FOLDER}/{name}")
        pixels.append(batch[0])
        labels.append(np.array(batch[1], np.int64))
    return np.concatenate(pixels), np.concatenate(labels)


def _fetch(cache: Path) -> None:
    archive = official.download(ARCHIVE, ARCHIVE_MD5, URLS, cache)
    (cache / FOLDER).mkdir(exist_ok=True)
    with tarfile.open(archive) as tar:
        for name in (*TRAIN_MD5, *TEST_MD5):
            member = tar.extractfile(f"{FOLDER}/{name}")
            if member is not None:
                write_bytes(cache / FOLDER / name, member.read())
    archive.unlink()


class _BatchUnpickler(pickle.Unpickler):
    """Builds dicts, lists, numbers, strings and arrays of bytes; refuses every other global."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a stand-in for the three globals that an array of bytes takes."""
        match module, name:
            case "numpy.core.multiarray", "_reconstruct":
                return _empty_array
            case "numpy", "ndarray":
                return None  # an argument of `_reconstruct`, nothing to call
            case "numpy", "dtype":
                return _byte_type
        raise pickle.UnpicklingError(f"{module}.{name} is refused")


def _empty_array(*_: object) -> npt.NDArray[np.uint8]:
    return np.empty(0, np.uint8)


def _byte_type(code: bytes, *_: object) -> np.dtype[Any]:
    if code != b"u1":
        raise pickle.UnpicklingError(f"arrays of type {code!r} are refused")
    return np.dtype(np.uint8)
