"""Weights that fit what an architecture declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from graphgen.checkpoint import Form, open_checkpoint, opened_weights
from graphgen.checkpoint.fits import keep, signature
from graphgen.checkpoint.reading import choose, own_arrays
from graphgen.errors import concerning
from graphgen.sources import Weights, place_of

if TYPE_CHECKING:
    from graphgen.template import Template


def in_shape(structure: Template, weights: Weights) -> dict[str, NDArray[Any]]:
    """Give arrays of any dtype in the shapes of weights; those without an edge may be left out."""
    needed = {tensor.name for tensor in structure.edge_tensors}
    optional = {tensor.name for tensor in structure.tensors} - needed
    opened, in_memory = opened_weights(structure.form, weights)
    with concerning(place_of(weights)):
        found = choose(structure.form, opened, in_memory, optional, dtypes=False)
    return own_arrays(structure.form, found, opened.arrays)


def fitting(form: Form, weights: Weights, argument: str = "weights") -> dict[str, NDArray[Any]]:
    """Give the arrays that an argument stands for, as an architecture has them, if they fit.

    Arrays with the names, shapes and dtypes of some that fitted are not compared again. Raises one
    `GraphError` for all differences, which names the file or the argument.
    """
    look = signature(weights)
    if look is None or not isinstance(weights, Mapping):
        return open_checkpoint(form, weights, argument).weights
    fit = form.fits.get(look)
    if fit is not None:
        return fit.own(weights)
    checkpoint = open_checkpoint(form, weights, argument)
    keep(form, look, checkpoint.found)
    return checkpoint.weights
