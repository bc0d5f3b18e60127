"""The INRs of Navon et al. 2023 (DWSNets): sirens of MNIST and of Fashion-MNIST.

A siren gives the image's value minus one half at (column, row), each from -1 to 1. Those of MNIST
are `mnist_png_<training|testing>_<class>_<i>/checkpoints/model_final.pth`, for image `i` of that
part; those of Fashion-MNIST `<train|test>/model_<i>.pth`, with the class inside, and `splits.json`
names which are for training, validation and tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.published.folders import found_file, identity, inside, matching, path_of
from pipelines.published.inrs import (
    TEST_SIGNALS,
    TRAIN_SIGNALS,
    check_label,
    read_inr,
    signals,
    swapped,
)
from pipelines.published.network_set import NetworkSet, StoredNetwork
from pipelines.published.splits import read_splits
from pipelines.published.state_dict import integer, read_mapping, tensors_of
from pipelines.zoo.fields import Field, text, word

OPTIONS: Mapping[str, Field] = {
    "signals": Field(word(["mnist", "fashion_mnist"])),
    "split": Field(text, None),
}
PAPER = "Navon et al. 2023"
OFFSET = 0.5
_MNIST = r"mnist_png_(training|testing)_([0-9])_([0-9]{1,5})", r"checkpoints", r"model_final\.pth"
_FASHION = r"(train|val|test)", r"model_([0-9]{1,5})\.pth"


@dataclass(frozen=True)
class Inr:
    """Where a siren is, and which image it encodes; the class may be in its file only."""

    path: Path
    part: str
    number: int
    label: int | None
    split: str


class DwsnetsInrs(NetworkSet):
    """One of the two sets. Without a file of splits, MNIST's sirens have its official split."""

    def __init__(self, folder: Path, options: Mapping[str, Any]) -> None:
        self.folder = folder
        self.signals = signals(options["signals"])
        self._signals = options["signals"]
        given = None if options["split"] is None else Path(options["split"])
        if self._signals == "mnist":
            every = [
                Inr(path_of(folder, parts), "test" if parts[0][1] == "testing" else "train",
                    int(parts[0][3]), int(parts[0][2]),
                    "test" if parts[0][1] == "testing" else "train")
                for parts in matching(folder, *_MNIST)
            ]  # fmt: skip
        else:
            given = given or found_file(folder, "splits.json", "the set of Fashion-MNIST")
            every = [
                Inr(path_of(folder, parts), "test" if parts[0][1] == "test" else "train",
                    int(parts[1][1]), None, "")
                for parts in matching(folder, *_FASHION)
            ]  # fmt: skip
        if given is not None:
            split = read_splits(given, 3 if self._signals == "mnist" else 2)
            every = [_within(folder, one, split) for one in every]
            every = [one for one in every if one.split]
        every.sort(key=lambda one: (one.part == "test", one.number))
        self.networks: Sequence[Sequence[Inr]] = [[one] for one in every]
        self.source = identity(
            folder, [one.path for one in every], [] if given is None else [given]
        )

    def read(self, handle: Inr) -> StoredNetwork:
        """Read a siren, whose tensors are views of its mapped file."""
        data = read_mapping(inside(self.folder, handle.path))
        net, weights, variables = read_inr(handle.path, tensors_of(handle.path, data), 1)
        label = integer(data.get("label")) if handle.label is None else handle.label
        most = TEST_SIGNALS if handle.part == "test" else TRAIN_SIGNALS[self._signals]
        return StoredNetwork(
            family="siren",
            net=net,
            weights=swapped(weights, f"{variables['names'][0]}.weight"),
            source=handle.path.relative_to(self.folder).as_posix(),
            variables=variables,
            labels={"class": check_label(handle.path, label, handle.number, most)},
            about={
                "split": handle.split,
                "signal": handle.number,
                "signal_split": handle.part,
                "copy": 0,
                "offset": OFFSET,
            },
        )


def _within(folder: Path, one: Inr, split: Mapping[tuple[str, ...], str]) -> Inr:
    own = split.get(one.path.relative_to(folder).parts, "")
    return Inr(one.path, one.part, one.number, one.label, own)
