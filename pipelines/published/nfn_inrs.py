"""The INRs of Zhou et al. 2023 (NFN): `randinit_smaller_<class>s/net<i>.pth` for each image.

A siren gives the image's values between -1 and 1 at (row, column), each from -1 to 1. `i` is the
image's number, those for training before those for tests. Images of the training set may have
further sirens, of other initial weights, in folders `randinit_smaller_aug<copy>_<class>s`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipelines.errors import PipelineError
from pipelines.published.folders import identity, inside, matching, path_of
from pipelines.published.inrs import SIGNALS, TRAIN_SIGNALS, check_label, read_inr, signals
from pipelines.published.network_set import NetworkSet, StoredNetwork
from pipelines.published.state_dict import read_mapping, tensors_of
from pipelines.zoo.fields import Field, integer, text, word

OPTIONS: Mapping[str, Field] = {
    "signals": Field(word(list(SIGNALS))),
    "prefix": Field(text, "randinit_smaller"),
    "copies": Field(integer(1, 1000), 1),
}
PAPER = "Zhou et al. 2023"
FIRST_OF_VALIDATION, FIRST_OF_TEST = 45000, 50000
SCALE, OFFSET = 0.5, 0.5
"""Images are (value + 1) / 2."""


@dataclass(frozen=True)
class Inr:
    """Where a siren is, and which image it encodes."""

    path: Path
    label: int
    number: int
    copy: int

    @property
    def split(self) -> str:
        """The authors' split, by the image's number."""
        if self.number < FIRST_OF_VALIDATION:
            return "train"
        return "validation" if self.number < FIRST_OF_TEST else "test"


class NfnInrs(NetworkSet):
    """One of the three sets: of MNIST, Fashion-MNIST or CIFAR-10."""

    def __init__(self, folder: Path, options: Mapping[str, Any]) -> None:
        self.folder = folder
        self._signals = options["signals"]
        self.signals = signals(self._signals)
        prefix = re.escape(options["prefix"])
        pattern = rf"{prefix}_(?:aug([0-9]{{1,3}})_)?([0-9])s"
        every = [
            Inr(
                path_of(folder, parts),
                int(parts[0][2]),
                int(parts[1][1]),
                0 if parts[0][1] is None else int(parts[0][1]) + 1,
            )
            for parts in matching(folder, pattern, r"net([0-9]{1,6})\.pth")
        ]
        kept = [
            one
            for one in every
            if one.copy == 0 or (one.copy < options["copies"] and one.split == "train")
        ]
        kept.sort(key=lambda one: (one.number, one.copy))
        for before, one in pairwise(kept):
            if (before.number, before.copy) == (one.number, one.copy):
                raise PipelineError(f"{one.path}: image {one.number} is in {before.path} too")
        self.networks: Sequence[Sequence[Inr]] = [[one] for one in kept]
        self.source = identity(folder, [one.path for one in kept])

    def read(self, handle: Inr) -> StoredNetwork:
        """Read a siren, whose tensors are views of its mapped file."""
        arrays = tensors_of(handle.path, read_mapping(inside(self.folder, handle.path)))
        net, weights, variables = read_inr(handle.path, arrays, SCALE)
        official = TRAIN_SIGNALS[self._signals]
        label = check_label(handle.path, handle.label, handle.number, official + 10000)
        tested = handle.number >= official
        return StoredNetwork(
            family="siren",
            net=net,
            weights=weights,
            source=handle.path.relative_to(self.folder).as_posix(),
            variables=variables,
            labels={"class": label},
            about={
                "split": handle.split,
                "signal": handle.number - official if tested else handle.number,
                "signal_split": "test" if tested else "train",
                "copy": handle.copy,
                "offset": OFFSET,
            },
        )
