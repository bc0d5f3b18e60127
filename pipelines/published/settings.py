"""The settings of a zoo that is a published set: read from YAML, and checked with the set."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.errors import PipelineError
from pipelines.published.network_set import NetworkSet
from pipelines.published.sets import SETS, open_set
from pipelines.zoo.fields import (
    AnySettings,
    Field,
    Place,
    find_settings,
    integer,
    mapping,
    read_fields,
    text,
    word,
)
from spec import SpecError

MOST_NETWORKS, LARGEST_SEED = 10**7, 2**63 - 1
ZOO = {
    "published": Field(mapping),
    "count": Field(integer(1, MOST_NETWORKS, optional=True), None),
    "seed": Field(integer(0, LARGEST_SEED), 0),
    "networks_per_shard": Field(integer(1), 256),
}
SECTION, FILES = "zoo", ("split", "table")
"""The options that are files."""


@dataclass(frozen=True)
class PublishedSettings:
    """Which published set a zoo is; two zoos of equal settings are equal, wherever the set lies.

    `count` networks are drawn by `seed`, or all taken; `options` are those of the set; `source`
    identifies what is in the `folder`, and `records` how many networks are read from it.
    """

    name: str
    folder: str
    options: Mapping[str, Any]
    count: int | None
    seed: int
    networks_per_shard: int
    source: str = ""
    records: int = 0
    signals: Mapping[str, Any] | None = None

    def open(self) -> NetworkSet:
        """Open the set."""
        return open_set(self.name, self.folder, self.options)

    def located(self) -> dict[str, Any]:
        """Give what a worker needs to read the set."""
        names = ("name", "folder", "options", "count", "seed", "networks_per_shard")
        return {name: getattr(self, name) for name in names}

    def plain(self) -> dict[str, Any]:
        """Give the settings as plain data, files by their names: `source` has their content."""
        options = {
            name: os.path.basename(value) if name in FILES and value is not None else value
            for name, value in self.options.items()
        }
        plain = {
            "published": {"set": self.name, **options},
            "count": self.count,
            "seed": self.seed,
            "networks_per_shard": self.networks_per_shard,
            "records": self.records,
            "source": self.source,
        }
        return plain if self.signals is None else {**plain, "signals": dict(self.signals)}


def asks_for_published(path: AnySettings) -> bool:
    """Say whether the settings in a file are those of a published set."""
    value = find_settings(path, SECTION, {**ZOO, "dataset": ZOO["published"]}, "a zoo").value
    return isinstance(value, dict) and "published" in value


def read_settings(path: AnySettings) -> PublishedSettings:
    """Read which published set a zoo is: a YAML file, or its section `zoo`.

        settings = read_settings("params.yaml")

    Paths are found from the folder of the settings. Raises `SpecError` with the place of every
    mistake; the set is looked through for this.
    """
    place = find_settings(path, SECTION, ZOO, "a zoo")
    values = read_fields(place, ZOO)
    spot = place / "published"
    own = _options(spot) if "published" in values else None
    if own is None or place.problems:
        raise SpecError(place.problems)
    name, folder, options = own
    settings = PublishedSettings(
        name, folder, options, values["count"], values["seed"], values["networks_per_shard"]
    )
    try:
        opened = settings.open()
    except PipelineError as error:
        spot.note(str(error))
        raise SpecError(place.problems) from None
    if settings.count is not None and settings.count > len(opened.networks):
        (place / "count").note(
            f"`count` is {settings.count}, but the set has {len(opened.networks)} networks"
        )
        raise SpecError(place.problems)
    records = sum(len(opened.networks[i]) for i in chosen(settings, opened))
    return replace(settings, source=opened.source, records=records, signals=opened.signals)


def chosen(settings: PublishedSettings, opened: NetworkSet) -> list[int]:
    """List the numbers of the networks that are read, in the set's order."""
    total = len(opened.networks)
    if settings.count is None:
        return list(range(total))
    drawn = np.random.default_rng(settings.seed).choice(total, settings.count, replace=False)
    return sorted(drawn.tolist())


def _options(place: Place) -> tuple[str, str, dict[str, Any]] | None:
    """Read the line `published`: the set, its folder, its options."""
    before = len(place.problems)
    named = place.value.get("set")
    known = isinstance(named, str) and named in SETS
    own = SETS[named].options if known else {}
    table = {"set": Field(word(list(SETS))), "folder": Field(text), **own}
    if not known:  # nor are its options
        table |= {key: Field(lambda value: value) for key in place.value if key not in table}
    values = read_fields(place, table)
    if len(place.problems) > before:
        return None
    root = Path(place.document.file).parent
    options = {name: values[name] for name in own}
    for name in FILES:
        if options.get(name) is not None:
            options[name] = str((root / options[name]).resolve())
    return values["set"], str((root / values["folder"]).resolve()), options
