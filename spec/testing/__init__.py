"""Random networks for property tests: from a seed, or as `hypothesis` strategies.

    @given(spec.testing.networks())
    def test_something(net: spec.Architecture) -> None: ...

    from random import Random
    net = spec.loads(spec.testing.description(Random(0)))

`hypothesis` is imported only when a strategy is asked for.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from spec.testing.edits import edited, neutral
from spec.testing.network import description, single_layer
from spec.testing.spellings import respelled
from spec.testing.twins import EQUALS, TWINS

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from spec.architecture import Architecture


def architectures() -> SearchStrategy[str]:
    """Give a strategy of authored descriptions, as YAML text, that load and compile.

    Small networks with every layer, every structure, several inputs and outputs, shared tensors,
    and what networks of every family have: see `spec.testing.motifs`.
    """
    from hypothesis import strategies

    return strategies.randoms(use_true_random=False).map(description)


def networks() -> SearchStrategy[Architecture]:
    """Give a strategy of architectures: `architectures`, loaded."""
    from spec.load import loads

    return architectures().map(loads)


def single_layers(type_: str) -> SearchStrategy[str]:
    """Give a strategy of descriptions with one layer of this type, named `layer`.

    Its fields and the shape of its input vary; raises `KeyError` for an unknown type.
    """
    from hypothesis import strategies

    return strategies.randoms(use_true_random=False).map(partial(single_layer, type_=type_))


__all__ = [
    "EQUALS",
    "TWINS",
    "architectures",
    "description",
    "edited",
    "networks",
    "neutral",
    "respelled",
    "single_layer",
    "single_layers",
]
