"""The two conventions of the literature for what an implicit neural representation computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spec import Architecture
from spec.primitives import Elementwise


@dataclass(frozen=True)
class Convention:
    """How the values of a signal come from a network, and how its biases begin.

    Attributes:
        offset: what is added to the network's outputs to give the values.
        zero_biases: whether biases begin at zero, and not as the architecture says.
    """

    offset: float
    zero_biases: bool


CONVENTIONS: Mapping[str, Convention] = {
    # Sitzmann et al. 2020: the outputs are the values.
    "standard": Convention(0.0, False),
    # The public sets of DWSNets (Navon et al. 2023).
    "offset": Convention(0.5, True),
}


def biases(net: Architecture) -> list[str]:
    """List the parameters that are vectors added to a value: its biases."""
    added = {
        name
        for operation in net.operations
        if isinstance(operation.primitive, Elementwise) and operation.primitive.function == "add"
        for name in operation.parameters
    }
    return [name for name, shape in net.parameters.items() if name in added and len(shape) == 1]
