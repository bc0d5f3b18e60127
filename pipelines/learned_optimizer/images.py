"""Images of inner tasks: a data set in torch, made smaller or grey if asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import Tensor

from pipelines import datasets
from pipelines.datasets import Dataset
from pipelines.errors import PipelineError

GREY = (0.299, 0.587, 0.114)
"""The shares of red, green and blue in a grey image (ITU-R BT.601)."""


@dataclass(frozen=True)
class Look:
    """How images are changed.

    Attributes:
        downsample: squares of so many by so many pixels are averaged.
        size: images get so many by so many pixels, each the mean of the area that it covers.
        grey: colours are made one channel.
    """

    downsample: int = 1
    size: int | None = None
    grey: bool = False


LOOK = Look()
"""Images as they are."""


@lru_cache(maxsize=8)
def changed(name: str, look: Look) -> Dataset:
    """Load a data set, with its images changed."""
    dataset = datasets.load(name)
    height, width = dataset.train_images.shape[2:]
    factor, size = look.downsample, look.size
    if height % factor or width % factor:
        raise PipelineError(
            f"`downsample` is {factor}, but images of {name} have {height} x {width} pixels; give "
            "a divisor of both, or the `size` that is wanted"
        )
    if size is not None and (factor > 1 or size > min(height, width)):
        raise PipelineError(
            f"`size` is {size}, but images of {name} have {height} x {width} pixels; give at most "
            "that, and no `downsample` beside it"
        )
    if look == LOOK:
        return dataset

    def altered(images: Tensor) -> Tensor:
        if look.grey and images.shape[1] == len(GREY):
            images = torch.einsum("nchw,c->nhw", images, images.new_tensor(GREY)).unsqueeze(1)
        if size is None:
            return torch.nn.functional.avg_pool2d(images, factor)
        rows, columns = areas(height, size).to(images), areas(width, size).to(images)
        return torch.einsum("nchw,ah,bw->ncab", images, rows, columns)

    return replace(
        dataset,
        train_images=altered(torch.from_numpy(dataset.train_images)).numpy(),
        test_images=altered(torch.from_numpy(dataset.test_images)).numpy(),
    )


def areas(pixels: int, size: int) -> Tensor:
    """Give the shares of a row of pixels in each of fewer ones, (size, pixels).

    >>> areas(3, 2).tolist()
    [[0.6666666666666666, 0.3333333333333333, 0.0], [0.0, 0.3333333333333333, 0.6666666666666666]]
    """
    wide = pixels / size
    starts = torch.arange(size, dtype=torch.float64)[:, None] * wide
    first = torch.arange(pixels, dtype=torch.float64)
    overlap = torch.minimum(first + 1, starts + wide) - torch.maximum(first, starts)
    shares = overlap.clamp_min(0)
    return shares / shares.sum(1, keepdim=True)


@dataclass(frozen=True)
class Images:
    """A data set's tensors."""

    train: Tensor
    train_labels: Tensor
    test: Tensor
    test_labels: Tensor


@lru_cache(maxsize=8)
def images(name: str, look: Look, device: torch.device) -> Images:
    """Give a data set's images and labels as tensors on a device, loaded once."""
    found = changed(name, look)
    arrays = (found.train_images, found.train_labels, found.test_images, found.test_labels)
    return Images(*(torch.from_numpy(array).to(device) for array in arrays))
