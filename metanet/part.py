"""Parts: the networks of one architecture in a batch, and where their tensors lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod

from torch import Tensor

from graphgen import Template
from metanet.errors import MetanetError


@dataclass(frozen=True)
class Part:
    """The networks of one architecture in a batch.

    `values` holds their floating-point tensors, flattened one after the other in the template's
    order, shape (networks, P); `positions` says where in the batch each network stands. `nodes`
    may hold features of the nodes, (networks, num_nodes, features), `extra` further numbers of each
    parameter, (networks, P, channels - 1), and `conditions` numbers of each network, (networks, n).
    `views` may hold what views found, by their names (`metanet.views`).
    """

    template: Template
    values: Tensor
    positions: tuple[int, ...]
    nodes: Tensor | None = None
    extra: Tensor | None = None
    conditions: Tensor | None = None
    views: Mapping[str, Tensor] = field(default_factory=dict)

    def check_values(self) -> None:
        """Raise `MetanetError` if the networks have no numbers."""
        if not self.values.shape[1]:
            raise MetanetError(
                f"the networks of the architecture {self.template.architecture[:12]} have no "
                "weights that could be read"
            )

    def tensor(self, name: str) -> Tensor:
        """Give one tensor of all networks, flattened: shape (networks, size), a view."""
        start, size = float_offsets(self.template)[name]
        return self.values[:, start : start + size]


@lru_cache(maxsize=4096)
def float_offsets(template: Template) -> dict[str, tuple[int, int]]:
    """Say where each floating-point tensor lies in a row of values: name -> (start, size)."""
    offsets, start = {}, 0
    for tensor in template.tensors:
        if tensor.dtype.startswith("float"):
            size = prod(tensor.shape)
            offsets[tensor.name] = (start, size)
            start += size
    return offsets


def kind_of(template: Template) -> tuple[str, str]:
    """Give what networks share whose values may be stacked: architecture and kind of graph."""
    return template.architecture, template.kind
