"""What a view is: a named family of numbers that a network's weights say without any data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor

from metanet.batch import Part
from metanet.errors import MetanetError
from metanet.options import shown
from spec import Architecture

NETWORK, NODE = "network", "node"
"""What a view describes: each network, by invariant numbers, or each node, by equivariant ones."""


class View(ABC):
    """Numbers of networks or of their nodes, from weights alone.

        view = metanet.views.make("spectra")
        view.compute(batch.parts[0])             # (networks, len(view.columns))

    One of level `network` gives (networks, columns), which permuting neurons does not change; one
    of level `node` gives (networks, num_nodes, columns), which are permuted with them. All values
    are finite, whatever the weights.
    """

    name: ClassVar[str]
    level: ClassVar[str]

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The names of its numbers."""

    @abstractmethod
    def compute(self, part: Part) -> Tensor:
        """Compute it for the networks of a part, in the dtype and on the device of their values."""

    def shape(self, part: Part) -> tuple[int, ...]:
        """Give the shape of its numbers of the networks of a part."""
        nodes = () if self.level == NETWORK else (part.template.num_nodes,)
        return (len(part.values), *nodes, len(self.columns))


def part_of(given: Part) -> Part:
    """Give a part of a batch; `MetanetError` for anything else, such as the whole batch."""
    if not isinstance(given, Part):
        raise MetanetError(
            f"`part` is {shown(given)}, expected a part of a batch: the networks of one "
            "architecture, as `batch.parts[0]`"
        )
    return given


def architecture_of_part(part: Part) -> Architecture:
    """Give the architecture of a part's networks, by which they are evaluated.

    Raises `MetanetError` where its template was made without one.
    """
    net = part_of(part).template.net
    if net is None:
        raise MetanetError(
            "the template of this batch has no architecture, by which networks could be evaluated; "
            "make it by graphgen.template(net)"
        )
    return net
