"""Signals: what an implicit neural representation encodes, as values at coordinates.

`load("mnist")`, `fashion_mnist`, `cifar10` and `digits` are images, `sine_waves` are curves, and
`solids` are signed distance functions of solids in space. The last two are drawn, without end.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pipelines import datasets
from pipelines.errors import PipelineError
from pipelines.signals.images import Images
from pipelines.signals.signal_set import SPLITS, Signal, SignalSet, grid
from pipelines.signals.sine_waves import SineWaves
from pipelines.signals.solids import Solid, Solids
from pipelines.zoo.fields import REQUIRED, Field, integer, interval, number
from spec.fields import FieldError
from spec.registry import Registry
from spec.suggestions import suggest

__all__ = [
    "NAMES", "OPTIONS", "SPLITS", "Signal", "SignalSet", "Solid", "grid", "load", "options_of",
    "register",
]  # fmt: skip

MOST_POINTS = 2**24
OPTIONS: Mapping[str, Mapping[str, Field]] = {
    **{name: {} for name in datasets.NAMES.known},
    "sine_waves": {
        "amplitude": Field(interval, (0.0, 10.0)),
        "frequency": Field(interval, (0.0, 10.0)),
        "points": Field(integer(2, MOST_POINTS), 2000),
    },
    "solids": {
        "points": Field(integer(1, MOST_POINTS), 8192),
        "near_surface": Field(number(0, 1), 0.5),
    },
}
"""The options of each of our sets: how they are checked, and their defaults."""


def _images(name: str, seed: int) -> SignalSet:
    return Images(name)


NAMES: Registry[Callable[..., SignalSet]] = Registry(
    "signals",
    {
        **{name: partial(_images, name) for name in datasets.NAMES.known},
        "sine_waves": SineWaves,
        "solids": Solids,
    },
    callable,
    "a function of a seed and of options by name that gives a pipelines.signals.SignalSet",
)
"""The sets by name, those of plugins too."""

register = NAMES.register


def options_of(name: str) -> Mapping[str, Field]:
    """Give the options of a set; of a plugin's, its arguments behind the seed, as they are."""
    if name in OPTIONS or name not in NAMES:
        return OPTIONS.get(name, {})
    _, *options = inspect.signature(NAMES[name]).parameters.values()
    missing = inspect.Parameter.empty
    return {
        each.name: Field(_as_it_is, REQUIRED if each.default is missing else each.default)
        for each in options
    }


def _as_it_is(value: object) -> object:
    return value


def load(name: str, seed: int = 0, **options: Any) -> SignalSet:
    """Load a set of signals by name, one of `NAMES`, with `OPTIONS`.

    Images are official files, found as `pipelines.datasets.load` finds them. A signal that is drawn
    depends on `seed`, its split and its number alone.

    >>> wave = load("sine_waves", frequency=(1, 2), points=100).signal("train", 3)
    >>> wave.coordinates.shape, wave.values.shape, sorted(wave.labels)
    ((100, 1), (100, 1), ['amplitude', 'frequency'])

    Raises:
        PipelineError: an unknown name or option, an option's value out of range, or a data set
            that cannot be had.
    """
    if name not in NAMES:
        hint = suggest(name, NAMES)
        raise PipelineError(f"unknown signals {name!r}{hint}; expected one of {', '.join(NAMES)}")
    fields = options_of(name)
    for option in options:
        if option not in fields:
            hint = suggest(option, fields) or f"; its options: {', '.join(fields) or 'none'}"
            raise PipelineError(f"`{name}` has no option {option!r}{hint}")
    values = {o: field.default for o, field in fields.items() if field.default is not REQUIRED}
    for option, value in options.items():
        try:
            values[option] = fields[option].convert(value)
        except FieldError as error:
            raise PipelineError(f"`{name}`: `{option}`: {error}") from None
    if missing := [option for option in fields if option not in values]:
        raise PipelineError(f"`{name}` needs the option {missing[0]!r}")
    return NAMES[name](seed, **values)
