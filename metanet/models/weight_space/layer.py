"""The linear maps between weight spaces that commute with permuting neurons, and their step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import nn

from metanet.models.weight_space.formula import Maps, update_at_once
from metanet.models.weight_space.layout import Item, Layout, States
from metanet.models.weight_space.update import update_in_chunks


class WeightSpaceLayer(nn.Module):
    """A linear map of items that commutes with permuting the neurons of each layer, and its step.

        layer = WeightSpaceLayer([Item("weight1", (1, 0), 8), Item("bias1", (1,), 8)])
        states = layer(layer.layout.gather(items))   # name -> (networks, *neurons, width)

    An item's change at some neurons is a linear map of its own state there, plus, for each of its
    axes, of all items' averages onto that axis, plus of all items' averages over everything. With
    items (l, l - 1) and (l) that is the space of Zhou et al. (NeurIPS 2023), section 3, and of
    Navon et al. (ICML 2023), section 5, with averages for sums. SiLU and a layer norm follow, and
    the change is added to the state. All maps that read a line are one product, and so are all that
    read the whole. With `reuse`, states may be written over where no gradient needs them.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        super().__init__()
        self.layout = layout = Layout(items)
        self.own = nn.ModuleList(nn.Linear(i.width, i.width, bias=False) for i in layout.grids)
        self.along = nn.ModuleList(
            nn.Linear(line.width, line.width, bias=False) for line in layout.lines
        )
        self.whole = nn.Linear(layout.width, layout.width)
        self.scale = nn.Parameter(torch.ones(layout.width))
        self.shift = nn.Parameter(torch.zeros(layout.width))

    def maps(self) -> Maps:
        """Give the weights."""
        return Maps(
            tuple(cast(nn.Linear, linear).weight for linear in self.own),
            tuple(cast(nn.Linear, linear).weight for linear in self.along),
            self.whole.weight,
            self.whole.bias,
            self.scale,
            self.shift,
        )

    def forward(self, states: States, reuse: bool = False) -> States:
        """Transform all items."""
        maps = self.maps()
        if (
            states.whole.device.type != "cpu"
            or {states.whole.dtype, maps.whole.dtype} not in ({torch.float32}, {torch.float64})
            or torch.is_autocast_enabled("cpu")
            or torch.compiler.is_compiling()
            or torch._C._are_functorch_transforms_active()
        ):
            return update_at_once(self.layout, states, maps)
        return update_in_chunks(self.layout, states, maps, reuse)
