"""What the published sets of implicit neural representations share: sirens in files of PyTorch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import PipelineError
from pipelines.published.architectures import architecture
from pipelines.published.network_set import fitted
from pipelines.published.state_dict import Arrays
from spec import Architecture

FREQUENCY = 30
SIGNALS = ("mnist", "fashion_mnist", "cifar10")
TRAIN_SIGNALS: Mapping[str, int] = {"mnist": 60000, "fashion_mnist": 60000, "cifar10": 50000}
"""How many images the official split has for training; 10,000 are for tests."""
TEST_SIGNALS = 10000
_LAYER = re.compile(r"([a-z]+\.([0-9]{1,3})(?:\.linear)?)\.weight")


def read_inr(
    path: Path, arrays: Arrays, scale: float
) -> tuple[Architecture, dict[str, NDArray[Any]], dict[str, Any]]:
    """Give the siren that tensors are of, its weights, and the values of its variables.

    Layers are linear ones, in the order of their numbers, all but the last followed by a sine of
    the frequency `FREQUENCY`; all hidden widths are one. `scale` multiplies the outputs.
    """
    found = [match for name in arrays if (match := _LAYER.fullmatch(name))]
    names = [match[1] for match in sorted(found, key=lambda match: int(match[2]))]
    shapes = [arrays[f"{name}.weight"].shape for name in names]
    widths = {shape[0] for shape in shapes[:-1]}
    if len(names) < 2 or any(len(shape) != 2 for shape in shapes) or len(widths) != 1:
        shown = ", ".join(f"{name} {list(array.shape)}" for name, array in [*arrays.items()][:8])
        raise PipelineError(
            f"{path}: expected the linear layers of a siren, all of one width; got {shown:.300}"
        )
    variables: dict[str, Any] = {
        "dimensions": shapes[0][1],
        "width": widths.pop(),
        "depth": len(names) - 2,
        "channels": shapes[-1][0],
        "frequency": FREQUENCY,
        "names": names,
        "scale": scale,
    }
    net = architecture("inr", variables, path)
    own = {name: arrays[name] for name in arrays if name.endswith((".weight", ".bias"))}
    return net, fitted(net, own, path), variables


def swapped(weights: dict[str, NDArray[Any]], first: str) -> dict[str, NDArray[Any]]:
    """Let a network take (row, column) where it took (column, row): a view, nothing is copied."""
    return {**weights, first: np.flip(weights[first], axis=1)}


def signals(name: str) -> dict[str, Any]:
    """Name the signals, as zoos of INRs do."""
    return {"name": name, "train": TRAIN_SIGNALS[name], "test": TEST_SIGNALS}


def check_label(path: Path, label: int | None, number: int, most: int) -> int:
    """Give the class of a signal; `PipelineError` for one that it cannot be."""
    if label is None or not 0 <= label < 10:
        raise PipelineError(f"{path}: the class of its image is {label!r}, expected 0 to 9")
    if not 0 <= number < most:
        raise PipelineError(f"{path}: its image is number {number}, expected 0 to {most - 1}")
    return label
