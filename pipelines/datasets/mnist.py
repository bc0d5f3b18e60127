"""MNIST and Fashion-MNIST, from their official gzipped IDX files."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from pipelines.datasets import idx, official
from pipelines.datasets.dataset import Pixels

_TRAIN_IMAGES = "train-images-idx3-ubyte.gz"
_TRAIN_LABELS = "train-labels-idx1-ubyte.gz"
_TEST_IMAGES = "t10k-images-idx3-ubyte.gz"
_TEST_LABELS = "t10k-labels-idx1-ubyte.gz"

MD5 = {
    "mnist": {
        _TRAIN_IMAGES: "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        _TRAIN_LABELS: "d53e105ee54ea40749a09fcbcd1e9432",
        _TEST_IMAGES: "9fb629c4189551a2d022fa330f9573f3",
        _TEST_LABELS: "ec29112dd5afa0611ce80d1b7f02629c",
    },
    "fashion-mnist": {
        _TRAIN_IMAGES: "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        _TRAIN_LABELS: "25c81989df183df01b3e8a0aad5dffbe",
        _TEST_IMAGES: "bef4ecab320f06d8554ea6380940ec79",
        _TEST_LABELS: "bb300cfdad3c16e7a12a480ee83cd310",
    },
}

# The author's own page often refuses to serve the files; the mirror has the same bytes.
_HOSTS = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://yann.lecun.com/exdb/mnist/",
    ),
    "fashion-mnist": ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
}


def load(root: Path | None = None) -> Pixels:
    """Load MNIST: 60,000 training and 10,000 test images of digits, `(1, 28, 28)`, 10 classes.

    The usual constants: mean 0.1307, standard deviation 0.3081.
    """
    return _load("mnist", "mnist", root, mean=0.1307, std=0.3081)


def load_fashion(root: Path | None = None) -> Pixels:
    """Load Fashion-MNIST: 60,000 training and 10,000 test images, `(1, 28, 28)`, 10 classes.

    The usual constants: mean 0.2860, standard deviation 0.3530.
    """
    return _load("fashion_mnist", "fashion-mnist", root, mean=0.2860, std=0.3530)


def _load(name: str, folder: str, root: Path | None, *, mean: float, std: float) -> Pixels:
    def array(file: str, dimensions: int) -> np.ndarray:
        path, md5 = f"{folder}/{file}", MD5[folder][file]
        urls = [host + file for host in _HOSTS[folder]]
        content = official.read(path, md5, root, partial(official.download, path, md5, urls))
        return idx.parse(content, path, dimensions)

    return Pixels(
        name,
        array(_TRAIN_IMAGES, 3)[:, None],
        array(_TRAIN_LABELS, 1).astype(np.int64),
        array(_TEST_IMAGES, 3)[:, None],
        array(_TEST_LABELS, 1).astype(np.int64),
        classes=10,
        peak=255,
        mean=[mean],
        std=[std],
    )
