"""Signals: what an implicit neural representation encodes, as values at coordinates.

`load("mnist")`, `fashion_mnist`, `cifar10` and `digits` are images, `sine_waves` are curves, and
`solids` are signed distance functions of solids in space. The last two are drawn, without end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pipelines import datasets
from pipelines.errors import PipelineError
from pipelines.signals.images import Images
from pipelines.signals.signal_set import SPLITS, Signal, SignalSet, grid
from pipelines.signals.sine_waves import SineWaves
from pipelines.signals.solids import Solid, Solids
from pipelines.zoo.fields import Field, integer, interval, number
from spec.fields import FieldError
from spec.suggestions import suggest

__all__ = ["NAMES", "OPTIONS", "SPLITS", "Signal", "SignalSet", "Solid", "grid", "load"]

MOST_POINTS = 2**24
OPTIONS: Mapping[str, Mapping[str, Field]] = {
    **{name: {} for name in datasets.NAMES},
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
"""The options of each set: how they are checked, and their defaults."""

NAMES: tuple[str, ...] = tuple(OPTIONS)


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
    if name not in OPTIONS:
        hint = suggest(name, NAMES)
        raise PipelineError(f"unknown signals {name!r}{hint}; expected one of {', '.join(NAMES)}")
    fields = OPTIONS[name]
    for option in options:
        if option not in fields:
            hint = suggest(option, fields) or f"; its options: {', '.join(fields) or 'none'}"
            raise PipelineError(f"`{name}` has no option {option!r}{hint}")
    values = {option: field.default for option, field in fields.items()}
    for option, value in options.items():
        try:
            values[option] = fields[option].convert(value)
        except FieldError as error:
            raise PipelineError(f"`{name}`: `{option}`: {error}") from None
    return _LOADERS[name](seed, **values)


def _images(name: str, seed: int) -> SignalSet:
    return Images(name)


_LOADERS: dict[str, Callable[..., SignalSet]] = {
    **{name: partial(_images, name) for name in datasets.NAMES},
    "sine_waves": SineWaves,
    "solids": Solids,
}
