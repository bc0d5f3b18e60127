"""Image data sets as arrays: `load("digits")` needs no download, the others read official files."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from pathlib import Path

from pipelines.datasets import cifar10, digits, mnist
from pipelines.datasets.dataset import Dataset, Pixels
from pipelines.errors import PipelineError
from spec.registry import Registry

__all__ = [
    "NAMES", "TEST_IMAGES", "Dataset", "Pixels", "load", "load_pixels", "register", "test_images",
]  # fmt: skip

NAMES: Registry[Callable[[Path | None], Pixels]] = Registry(
    "datasets",
    {
        "digits": digits.load,
        "mnist": mnist.load,
        "fashion_mnist": mnist.load_fashion,
        "cifar10": cifar10.load,
    },
    callable,
    "a function of a folder or None that gives pipelines.datasets.Pixels",
)
"""The data sets by name, those of plugins too."""

register = NAMES.register

TEST_IMAGES = {"digits": 797, "mnist": 10_000, "fashion_mnist": 10_000, "cifar10": 10_000}
"""The number of test images of each of our data sets, for whom need not load it."""


def test_images(name: str) -> int:
    """Give the number of test images of a data set."""
    known = TEST_IMAGES.get(name)
    return len(load_pixels(name).test_images) if known is None else known


def load(name: str, root: str | os.PathLike[str] | None = None) -> Dataset:
    """Load a data set by name, one of `NAMES`.

    Official files are read from `root` (default: the folder that the environment variable
    `GMN_DATA` names), else from the user's cache folder, else downloaded into that; each is
    checked against its published MD5.

    >>> data = load("digits")
    >>> data.train_images.shape, data.classes
    ((1000, 1, 8, 8), 10)

    Raises:
        PipelineError: `name` is unknown, `root` is no folder, or a file is missing and cannot be
            downloaded, or has another checksum than the published one.
    """
    return load_pixels(name, root).standardised()


def load_pixels(name: str, root: str | os.PathLike[str] | None = None) -> Pixels:
    """Load a data set as `load` does, with its images as the official bytes.

    >>> load_pixels("digits").train_images.max()
    np.uint8(16)
    """
    if name not in NAMES:
        close = difflib.get_close_matches(name, NAMES, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise PipelineError(f"unknown data set {name!r}{hint}; expected one of {', '.join(NAMES)}")
    return NAMES[name](_folder(root))


def _folder(root: str | os.PathLike[str] | None) -> Path | None:
    origin = "`root`" if root is not None else "GMN_DATA"
    place = root if root is not None else os.environ.get("GMN_DATA", "")
    if place == "":
        return None
    folder = Path(place).expanduser()
    if not folder.is_dir():
        raise PipelineError(
            f"{origin} is {str(place)!r}, which is not a folder; "
            "name the folder that holds mnist/, fashion-mnist/ or cifar-10-batches-py/"
        )
    return folder
