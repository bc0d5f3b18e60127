"""Random architectures for property tests, as `hypothesis` strategies.

    @given(spec.testing.networks())
    def test_something(net: spec.Architecture) -> None: ...

`hypothesis` is imported only when a strategy is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spec.testing.examples import EXAMPLES, example_documents
from spec.testing.twins import EQUALS, TWINS

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from spec.architecture import Architecture


def architectures() -> SearchStrategy[str]:
    """Give a strategy of authored descriptions, as YAML text, that load and compile.

    Multilayer perceptrons, networks over sequences, and convolutional networks over one or two axes
    of space, small, with every layer of `spec.testing.layers.WRITERS` and every structure but
    `parallel`, values used twice, shared tensors, and several inputs or outputs.
    """
    from spec.testing.author import documents

    return documents()


def single_layers(type_: str) -> SearchStrategy[str]:
    """Give a strategy of descriptions with one layer of this type, named `layer`.

    Its fields and the shape of its input vary; raises `KeyError` for an unknown type.
    """
    from spec.testing.author import single_layer_documents

    if type_ in EXAMPLES:
        return example_documents(type_)
    return single_layer_documents(type_)


def networks() -> SearchStrategy[Architecture]:
    """Give a strategy of architectures: `architectures`, loaded."""
    from spec.load import loads

    return architectures().map(loads)


def families() -> SearchStrategy[Architecture]:
    """Give a strategy of architectures of every family: with every layer of the registry.

    Networks of tokens (attention, mixers, sets), recurrent ones, of space in up to three
    dimensions, of patches, of coordinates, equivariant to turns, of vectors with products.
    """
    from spec.load import loads
    from spec.testing.family_author import family_documents

    return family_documents().map(loads)


__all__ = ["EQUALS", "TWINS", "architectures", "families", "networks", "single_layers"]
