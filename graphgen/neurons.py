"""Which items of which values the neurons of a parameter graph stand for."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from graphgen.affine import affine
from graphgen.lower.parameter import lower
from graphgen.lower.parameter.layout import Layout
from graphgen.sources import Net, architecture_from


@dataclass(frozen=True)
class NeuronValue:
    """A value of the network, and the node that each of its items lies on.

    `group` is the index of the node group in the template. `nodes`, int64 in the shape of the value
    without its batch axis, counts nodes from the group's first; the items of one node are its
    positions, such as the pixels of a channel.
    """

    value: str
    group: int
    nodes: NDArray[np.int64]


def neuron_values(net: Net) -> tuple[NeuronValue, ...]:
    """Say what the neurons of each node group compute: the last value that lies on all of them.

        for found in graphgen.neuron_values(net):
            print(template.node_groups[found.group].name, found.value)

    Groups of parameter nodes, of hubs and of fixed values compute nothing of the kind, and are left
    out: of a fixed value, each layer that reads it has a group of its own.
    """
    architecture = architecture_from(net)
    state = lower(architecture)
    last: dict[int, str] = {}
    for value, layout in state.layouts.items():
        # What the lowering computes on the way has no name in the architecture.
        if value not in architecture.shapes or value in state.fixed:
            continue
        if covers(layout, state.groups[layout.group].size):
            last[layout.group] = value
    return tuple(
        NeuronValue(value, group, nodes_of(state.layouts[value]))
        for group, value in sorted(last.items())
    )


def covers(layout: Layout, size: int) -> bool:
    """Say whether a value has items on each node of its group, and on no other."""
    whole = layout.start == 0 and prod(digit.size for digit in layout.own) == size
    return whole and not layout.carried


def nodes_of(layout: Layout) -> NDArray[np.int64]:
    """Give the node of each item of a value, counted from the group's first."""
    sizes = tuple(digit.size for digit in layout.digits)
    strides = tuple(0 if digit.group is None else digit.stride for digit in layout.digits)
    return affine(sizes, layout.start, strides).reshape(layout.shape)
