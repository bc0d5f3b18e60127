"""Images of inner tasks: a data set in torch, made smaller if asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import Tensor

from pipelines import datasets
from pipelines.datasets import Dataset
from pipelines.errors import PipelineError


@lru_cache(maxsize=8)
def downsampled(name: str, factor: int) -> Dataset:
    """Load a data set, with each square of `factor` by `factor` pixels averaged."""
    dataset = datasets.load(name)
    if factor == 1:
        return dataset
    height, width = dataset.train_images.shape[2:]
    if height % factor or width % factor:
        raise PipelineError(
            f"`downsample` is {factor}, but images of {name} have {height} x {width} pixels; give "
            "a divisor of both"
        )

    def smaller(images: Tensor) -> Tensor:
        return torch.nn.functional.avg_pool2d(images, factor)

    return replace(
        dataset,
        train_images=smaller(torch.from_numpy(dataset.train_images)).numpy(),
        test_images=smaller(torch.from_numpy(dataset.test_images)).numpy(),
    )


@dataclass(frozen=True)
class Images:
    """A data set's tensors."""

    train: Tensor
    train_labels: Tensor
    test: Tensor
    test_labels: Tensor


@lru_cache(maxsize=8)
def images(name: str, factor: int, device: torch.device) -> Images:
    """Give a data set's images and labels as tensors on a device, loaded once."""
    found = downsampled(name, factor)
    arrays = (found.train_images, found.train_labels, found.test_images, found.test_labels)
    return Images(*(torch.from_numpy(array).to(device) for array in arrays))
