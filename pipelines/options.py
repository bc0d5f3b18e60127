"""Options of models in settings: what a model refuses is reported at its place in the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch

from graphgen import GraphError
from metanet.errors import MetanetError
from pipelines.errors import PipelineError
from pipelines.zoo.fields import Place
from pipelines.zoo.ranges import NAMES, Range, parse
from spec import SpecError
from spec.fields import FieldError

REFUSALS = (MetanetError, PipelineError, GraphError, SpecError, TypeError, ValueError, RuntimeError)
"""What making a model of wrong options raises; the last three are those of Python and torch."""

Make = Callable[[Mapping[str, Any]], object]


def is_range(value: object) -> bool:
    """Say whether a value is written as a range from which a search draws."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in NAMES


def read_range(
    place: Place, convert: Callable[[object], Any] = lambda value: value
) -> Range | None:
    """Read a range; note what is wrong with it at its place."""
    try:
        return parse(place.value, convert)
    except FieldError as error:
        place.note(f"{place.name}: {error}")
        return None


def check_options(place: Place, values: Mapping[str, Any], make: Make) -> None:
    """Make a model of the options `values`, which are at `place`; note those that it refuses.

    An option may be a range, of which the extreme values are tried, each with all others at their
    first. Models are made without memory for their parameters, so that this is quick.
    """
    tried: dict[str, tuple[Any, ...]] = {}
    for name, value in values.items():
        range_ = read_range(place / name) if is_range(value) else None
        if range_ is not None:
            tried[name] = range_.extremes()
        elif not is_range(value):
            tried[name] = (value,)
    refused: set[str] = set()
    for options in candidates(tried):
        options = {name: value for name, value in options.items() if name not in refused}
        while (error := refusal(make, options)) is not None:
            found = blamed(error, options) or needless(options, make)
            if found is None:
                # What is missing may be what was left out for being wrong.
                if not refused:
                    place.note(f"{place.name}: {error}", key=True)
                break
            (place / found).note(worded(found, error), key=not error.startswith(f"`{found}` is"))
            refused.add(found)
            del options[found]
        else:
            continue
        break


def candidates(tried: Mapping[str, tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    """Give all options with their first values, and then each other value beside these."""
    first = {name: values[0] for name, values in tried.items()}
    yield dict(first)
    for name, values in tried.items():
        for value in values[1:]:
            yield {**first, name: value}


def refusal(make: Make, options: Mapping[str, Any]) -> str | None:
    """Say why a model cannot be made of these options; None if it can."""
    # A model that brings numbers of its own cannot be made without any: it is made as it is.
    for place in ("meta", "cpu"):
        try:
            with torch.random.fork_rng(devices=[]), torch.device(place):
                make(options)
        except REFUSALS as error:
            if place == "meta" and "device meta" in str(error):
                continue
            return str(error).partition("\n")[0] or type(error).__name__
        return None
    return None


def blamed(error: str, options: Mapping[str, Any]) -> str | None:
    """Find the option that a message is about: the first that it names, in quotes if there is."""
    for before, after in (("[`'\"]", "[`'\"]"), (r"\b", r"\b")):
        places = {
            found.start(): name
            for name in options
            if (found := re.search(f"{before}{re.escape(name)}{after}", error))
        }
        if places:
            return places[min(places)]
    return None


def needless(options: Mapping[str, Any], make: Make) -> str | None:
    """Find the option without which a model can be made, where no message names it."""
    for name in options:
        others = {other: value for other, value in options.items() if other != name}
        if refusal(make, others) is None:
            return name
    return None


def worded(name: str, error: str) -> str:
    """Let a message begin with the option that it is about."""
    return error if error.startswith(f"`{name}`") else f"`{name}`: {error}"
