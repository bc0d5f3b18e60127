"""Public functions and classes name their arguments, with types: for completion, and for help."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import graphgen
import metanet
import pipelines
import spec

PACKAGES = (spec, graphgen, metanet, pipelines)
# Names that only the caller knows: variables of an architecture, and settings of what a name names.
OPEN = {"spec.load", "spec.loads", "metanet.make_metanet", "metanet.make_editor"}


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    for package in PACKAGES:
        for name in package.__all__:
            thing = getattr(package, name)
            if callable(thing) and not isinstance(thing, type(spec)):
                yield f"{package.__name__}.{name}", thing


def hidden(thing: Callable[..., Any]) -> list[str]:
    """List arguments without a name, or without a type."""
    try:
        parameters = inspect.signature(thing).parameters.values()
    except ValueError:  # one of Python's own
        return []
    every = [each for each in parameters if each.name != "self"]
    return [
        each.name
        for each in every
        if each.kind is each.VAR_KEYWORD or each.annotation is each.empty
    ]


def is_protocol(thing: type) -> bool:
    return bool(getattr(thing, "_is_protocol", False))


EVERY = dict(public())


@pytest.mark.parametrize("name", sorted(EVERY.keys() - OPEN))
def test_arguments_have_names_and_types(name: str) -> None:
    thing = EVERY[name]
    if isinstance(thing, type) and (issubclass(thing, BaseException) or is_protocol(thing)):
        return  # which nobody makes
    assert hidden(thing) == []


def test_control_stars_and_missing_types_are_found() -> None:
    def some(a: int, b, *c: int, **d: int) -> None:  # type: ignore[no-untyped-def]
        """Do nothing."""

    assert hidden(some) == ["b", "d"]
    assert all(hidden(EVERY[name]) for name in OPEN)


def test_what_is_told_of_a_model_are_its_options() -> None:
    told = str(inspect.signature(metanet.GMN))
    assert "hidden: 'int' = 64" in told
    assert "fan_in_power: 'float' = 0.5" in told
    with pytest.raises(metanet.MetanetError, match="did you mean 'hidden'"):
        metanet.GMN(hiden=3)


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_know_their_version(package: Any) -> None:
    assert package.__version__ == spec.__version__
    assert package.__version__[0].isdigit()
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        getattr(package, "nothing")  # noqa: B009
