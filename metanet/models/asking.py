"""Metanets that read no weight: what they are given, and what all of them check."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from metanet.models.metanet import Metanet, head
from metanet.models.probes import refuse_indices
from metanet.options import OPTIONS, WIDTH, check
from metanet.sources import Net, architecture_of
from spec import Architecture


class Asking(Metanet, options=OPTIONS):
    """A metanet that puts `learned_inputs` inputs to networks, and reads what they say.

    For networks of any architectures with the inputs and outputs of `net`. Widths are multiples of
    `hidden`, and `layers` is the depth of what reads. A subclass defines `build`, which makes its
    modules, and `embed`; `wide` says of how many times `hidden` the head's layer is.
    """

    wide: ClassVar[int] = 2

    def __init__(
        self,
        net: Net,
        learned_inputs: int = 32,
        hidden: int = 32,
        layers: int = 2,
        outputs: int = 1,
        *,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        known = askable(net, learned_inputs)
        self.shapes = shapes_of(known)
        width = self.build(known, learned_inputs, hidden, layers, dropout)
        self.head = head(width, self.wide * hidden, outputs, dropout)

    @abstractmethod
    def build(
        self, net: Architecture, learned_inputs: int, hidden: int, layers: int, dropout: float
    ) -> int:
        """Make the modules; give how many numbers `embed` has of each network."""


def askable(net: Net, learned_inputs: int) -> Architecture:
    """Give the architecture of networks that can be asked at so many learned inputs.

    Raises `MetanetError` for a number of inputs that is none, and for inputs that are indices.
    """
    check("learned_inputs", learned_inputs, {"learned_inputs": WIDTH})
    known = architecture_of(net)
    refuse_indices(known)
    return known


def shapes_of(net: Architecture) -> tuple[tuple[int, ...], ...]:
    """Give the shapes of a network's inputs and, last, of its first output."""
    return (*(tuple(shape) for shape in net.inputs.values()), tuple(net.output_shapes[0]))
