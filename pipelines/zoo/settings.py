"""The settings of a zoo: read from YAML, and checked in full before any work begins."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines import datasets
from pipelines.datasets import Dataset
from pipelines.errors import PipelineError
from pipelines.zoo.architectures import Family, check_family, read_description
from pipelines.zoo.fields import (
    AnySettings,
    Field,
    Place,
    entries,
    find_settings,
    integer,
    mapping,
    number,
    read_fields,
    read_ranges,
    text,
    word,
)
from pipelines.zoo.ranges import Range, parse
from spec import SpecError

MOST_NETWORKS, LARGEST_SEED = 10**7, 2**63 - 1
FAMILY = {
    "family": Field(text),
    "file": Field(text),
    "weight": Field(number(0, without=[0]), 1.0),
    "variables": Field(mapping, {}),
}
TRAINING = {
    "optimizer": Field(word(["adam", "sgd"]), "adam", ranged=True),
    "learning_rate": Field(number(0, without=[0]), ranged=True),
    "momentum": Field(number(0, 1, without=[1]), 0.9, ranged=True),
    "weight_decay": Field(number(0), 0.0, ranged=True),
    "label_smoothing": Field(number(0, 1), 0.0, ranged=True),
    "epochs": Field(integer(1), ranged=True),
    "batch_size": Field(integer(2), 64, ranged=True),
    "train_fraction": Field(number(0, 1, without=[0]), 1.0, ranged=True),
    "schedule": Field(word(["constant", "cosine"]), "constant", ranged=True),
}
ZOO = {
    "dataset": Field(word(datasets.NAMES)),
    "count": Field(integer(1, MOST_NETWORKS)),
    "seed": Field(integer(0, LARGEST_SEED), 0),
    "networks_per_shard": Field(integer(1), 64),
    "checkpoints": Field(integer(1), 1),
    "train_samples": Field(integer(2, optional=True), None),
    "test_samples": Field(integer(1, optional=True), None),
    "architectures": Field(entries),
    "training": Field(mapping),
}
SECTION = "zoo"


@dataclass(frozen=True)
class ZooSettings:
    """What a zoo is made of; two zoos of equal settings are equal.

    `training` has a range for each field of the training recipe. `train_samples` and
    `test_samples` cut the data set to its first images; None takes all. Each network is kept at
    `checkpoints` moments of its training, the last of them the end.
    """

    dataset: str
    count: int
    seed: int
    networks_per_shard: int
    train_samples: int | None
    test_samples: int | None
    architectures: tuple[Family, ...]
    training: Mapping[str, Range]
    checkpoints: int = 1

    @property
    def records(self) -> int:
        """The number of records: each network's checkpoints, one after the other."""
        return self.count * self.checkpoints

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> ZooSettings:
        """Read the form that `plain` gives, which has been checked before."""
        families = tuple(Family.from_plain(entry) for entry in data["architectures"])
        training = {name: parse(value) for name, value in data["training"].items()}
        return cls(**{**data, "architectures": families, "training": training})

    def plain(self) -> dict[str, Any]:
        """Give the settings as plain data: all defaults spelled out, files by their content.

        A zoo without checkpoints does not name them: its hash is that of the time before them.
        """
        names = [name for name in ZOO if name != "checkpoints" or self.checkpoints > 1]
        return {
            **{name: getattr(self, name) for name in names},
            "architectures": [family.plain() for family in self.architectures],
            "training": {name: range_.plain() for name, range_ in self.training.items()},
        }


def read_settings(path: AnySettings) -> ZooSettings:
    """Read a zoo's settings: a YAML file that holds them, alone or as its section `zoo`.

        settings = read_settings("params.yaml")

    Files of architectures are found from the folder of the settings. Raises `SpecError` with the
    place of every mistake: fields, ranges, variables that an architecture lacks, values for which
    it cannot be built, and shapes that do not fit the data set, which is loaded for this.
    """
    place = find_settings(path, SECTION, ZOO, "a zoo")
    values = read_fields(place, ZOO)
    if values.get("count", 0) * values.get("checkpoints", 1) > MOST_NETWORKS:
        (place / "count").note(
            f"`count` times `checkpoints` is more than {MOST_NETWORKS}, the most records of a zoo"
        )
    dataset = _load(values, place)
    if "training" in values:
        values["training"] = read_fields(place / "training", TRAINING)
    spot = place / "architectures"
    families = [_family(spot / i, dataset) for i in range(len(values.get("architectures", ())))]
    if not math.isfinite(sum(family.weight for family in families if family is not None)):
        spot.note(
            "the weights of the architectures have no finite sum; give smaller ones", key=True
        )
    if place.problems:
        raise SpecError(place.problems)
    values["architectures"] = tuple(family for family in families if family is not None)
    return ZooSettings(**values)


def _load(values: Mapping[str, Any], place: Place) -> Dataset | None:
    if "dataset" not in values:
        return None
    try:
        dataset = datasets.load(values["dataset"])
    except PipelineError as error:
        (place / "dataset").note(str(error))
        return None
    for part, images in (("train", dataset.train_images), ("test", dataset.test_images)):
        wanted = values.get(f"{part}_samples")
        if wanted is not None and wanted > len(images):
            (place / f"{part}_samples").note(
                f"`{part}_samples` is {wanted}, but {dataset.name} has {len(images)} such images"
            )
    return dataset


def _family(place: Place, dataset: Dataset | None) -> Family | None:
    before = len(place.problems)
    values = read_fields(place, FAMILY)
    ranges = read_ranges(place / "variables") if values.get("variables") else {}
    document = read_description(values["file"], place) if "file" in values else None
    if document is None or len(place.problems) > before:
        return None
    family = Family(values["family"], values["weight"], ranges, document.data)
    check_family(family, document, dataset, place)
    return family
