"""The settings of a zoo of INRs: read from YAML, and checked in full before any work begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines import signals
from pipelines.errors import PipelineError
from pipelines.inrs.conventions import CONVENTIONS, Convention
from pipelines.signals import SPLITS, SignalSet
from pipelines.zoo.architectures import Family, check_family, read_description
from pipelines.zoo.fields import (
    AnySettings,
    Field,
    Place,
    find_settings,
    flag,
    integer,
    mapping,
    number,
    read_fields,
    read_ranges,
    text,
    word,
)
from pipelines.zoo.ranges import Constant
from pipelines.zoo.settings import LARGEST_SEED, MOST_NETWORKS
from spec import Architecture, SpecError

SIGNALS = {
    "name": Field(word(signals.NAMES)),
    "train": Field(integer(0)),
    "test": Field(integer(0)),
}
ARCHITECTURE = {"family": Field(text), "file": Field(text), "variables": Field(mapping, {})}
FIT = {
    "steps": Field(integer(1)),
    "learning_rate": Field(number(0, without=[0])),
    "schedule": Field(word(["constant", "linear", "cosine"]), "cosine"),
    "points_per_step": Field(integer(1, optional=True), None),
}
INRS = {
    "signals": Field(mapping),
    "copies": Field(integer(1), 1),
    "same_initial_weights": Field(flag, False),
    "seed": Field(integer(0, LARGEST_SEED), 0),
    "architecture": Field(mapping),
    "convention": Field(word(list(CONVENTIONS))),
    "fit": Field(mapping),
    "together": Field(integer(1), 32),
    "networks_per_shard": Field(integer(1), 1024),
}
SECTION = "inrs"


@dataclass(frozen=True)
class InrSettings:
    """What a zoo of INRs is made of; two zoos of equal settings are equal.

    `signals` has `name`, `train`, `test` and the options of the signals; `fit` the recipe.
    """

    signals: Mapping[str, Any]
    copies: int
    same_initial_weights: bool
    seed: int
    architecture: Family
    convention: str
    fit: Mapping[str, Any]
    together: int
    networks_per_shard: int

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> InrSettings:
        """Read the form that `plain` gives, which has been checked before."""
        values = {name: data[name] for name in INRS}
        return cls(**{**values, "architecture": Family.from_plain(data["architecture"])})

    def plain(self) -> dict[str, Any]:
        """Give the settings as plain data: all defaults spelled out, files by their content."""
        plain = {name: getattr(self, name) for name in INRS}
        return {
            **plain,
            "signals": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in self.signals.items()
            },
            "architecture": self.architecture.plain(),
            "fit": dict(self.fit),
        }

    @property
    def count(self) -> int:
        """The number of networks: copies of each signal of each split."""
        return self.copies * sum(self.signals[split] for split in SPLITS)

    @property
    def records(self) -> int:
        """The number of records, one for each network."""
        return self.count

    @property
    def offset(self) -> float:
        """What is added to the networks' outputs to give the values of the signals."""
        return self.rules.offset

    @property
    def rules(self) -> Convention:
        """The convention by its content."""
        return CONVENTIONS[self.convention]

    @property
    def net(self) -> Architecture:
        """The architecture of every network."""
        return expand_family(self.architecture)

    def load_signals(self) -> SignalSet:
        """Load the set of signals."""
        options = {k: v for k, v in self.signals.items() if k not in SIGNALS}
        return signals.load(self.signals["name"], self.seed, **options)


def read_settings(path: AnySettings) -> InrSettings:
    """Read the settings of a zoo of INRs: a YAML file, or its section `inrs`.

        settings = read_settings("params.yaml")

    The architecture's file is found from the folder of the settings. Raises `SpecError` with the
    place of every mistake, shapes that do not fit the signals among them; data sets are loaded for
    this.
    """
    place = find_settings(path, SECTION, INRS, "a zoo of INRs")
    values = read_fields(place, INRS)
    signal_set = None
    if "signals" in values:
        values["signals"], signal_set = _signals(place / "signals", values)
    if "fit" in values:
        values["fit"] = read_fields(place / "fit", FIT)
    if "architecture" in values:
        values["architecture"] = _architecture(place / "architecture", signal_set)
    if place.problems:
        raise SpecError(place.problems)
    return InrSettings(**values)


def _signals(place: Place, values: Mapping[str, Any]) -> tuple[dict[str, Any], SignalSet | None]:
    """Read which signals, and load them if that is possible."""
    before = len(place.problems)
    name = place.value.get("name")
    options = signals.options_of(name) if isinstance(name, str) else {}
    found = read_fields(place, {**SIGNALS, **options})
    if len(place.problems) > before:
        return found, None
    count = found["train"] + found["test"]
    if count == 0:
        place.note("`train` and `test` are both 0; a zoo has a network or more")
    if count * values.get("copies", 1) > MOST_NETWORKS:
        place.note(f"copies of signals are more than {MOST_NETWORKS}, the most networks of a zoo")
    try:
        chosen = {option: found[option] for option in options}
        signal_set = signals.load(name, values.get("seed", 0), **chosen)
    except PipelineError as error:
        (place / "name").note(str(error))
        return found, None
    for split in SPLITS:
        size = signal_set.sizes[split]
        if size is not None and found[split] > size:
            (place / split).note(f"`{split}` is {found[split]}, but {name} has {size} such signals")
    return found, signal_set


def _architecture(place: Place, signal_set: SignalSet | None) -> Family | None:
    """Read the architecture, and compare its shapes with the signals'."""
    before = len(place.problems)
    values = read_fields(place, ARCHITECTURE)
    variables = read_ranges(place / "variables") if values.get("variables") else {}
    for name, value in variables.items():
        if not isinstance(value, Constant):
            (place / "variables" / name).note(
                f"`{name}`: all INRs of a zoo have one architecture; expected a value, got a range"
            )
    document = read_description(values["file"], place) if "file" in values else None
    if document is None or len(place.problems) > before:
        return None
    family = Family(values["family"], 1.0, variables, document.data)
    check_family(family, document, None, place)
    if len(place.problems) > before:
        return None
    if signal_set is not None:
        net = expand_family(family)
        wanted = (signal_set.dimensions,), (signal_set.channels,)
        found = tuple(net.inputs.values()), net.output_shapes
        if found != tuple((shape,) for shape in wanted):
            (place / "file").note(
                f"the architecture takes {_shapes(found[0])} and gives {_shapes(found[1])}, but "
                f"these signals take [{wanted[0][0]}] and give [{wanted[1][0]}]: set its variables"
            )
    return family


def expand_family(family: Family) -> Architecture:
    """Give the one architecture of an entry whose variables are constants."""
    return family.expand({name: value.extremes()[0] for name, value in family.variables.items()})


def _shapes(shapes: tuple[tuple[int, ...], ...]) -> str:
    return " and ".join(str(list(shape)) for shape in shapes)
