"""The linear maps between weight spaces that commute with permuting neurons."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Item:
    """A tensor that a layer transforms: `axes` are the layers whose neurons it has, in order."""

    name: str
    axes: tuple[int, ...]
    width: int


class WeightSpaceLayer(nn.Module):
    """A linear map of items that commutes with permuting the neurons of each layer.

        layer = WeightSpaceLayer([Item("weight1", (1, 0), 8), Item("bias1", (1,), 8)])
        states = layer(states)          # name -> (networks, *neurons, width)

    An item's new state at some neurons is a linear map of its own state there, plus, for each of
    its axes, of all items' averages onto that axis, plus of all items' averages over everything.
    With items (l, l - 1) and (l) that is the space of Zhou et al. (NeurIPS 2023), section 3, and of
    Navon et al. (ICML 2023), section 5, with averages for sums. Maps of averages are applied before
    they are broadcast.
    """

    def __init__(self, items: list[Item]) -> None:
        super().__init__()
        self.items = items
        axes = sorted({axis for item in items for axis in item.axes})
        widths = {axis: sum(i.width for i in items if axis in i.axes) for axis in axes}
        everything = sum(item.width for item in items)
        self.own = nn.ModuleDict({i.name: nn.Linear(i.width, i.width) for i in items})
        self.along = nn.ModuleDict(
            {
                f"{item.name}_{axis}": nn.Linear(widths[axis], item.width, bias=False)
                for item in items
                for axis in item.axes
            }
        )
        self.whole = nn.ModuleDict(
            {item.name: nn.Linear(everything, item.width, bias=False) for item in items}
        )

    def forward(self, states: dict[str, Tensor]) -> dict[str, Tensor]:
        """Transform all items."""
        onto: dict[int, list[Tensor]] = {}
        averages = []
        for item in self.items:
            state = states[item.name]
            pooled = [
                state if len(item.axes) == 1 else state.mean(2 - place)
                for place, _ in enumerate(item.axes)
            ]
            for axis, average in zip(item.axes, pooled, strict=True):
                onto.setdefault(axis, []).append(average)
            averages.append(pooled[0].mean(1) if pooled else state)
        joined = {axis: torch.cat(parts, dim=-1) for axis, parts in onto.items()}
        everything = torch.cat(averages, dim=-1)
        result = {}
        for item in self.items:
            state = self.own[item.name](states[item.name])
            whole = self.whole[item.name](everything)
            for place, axis in enumerate(item.axes):
                part = self.along[f"{item.name}_{axis}"](joined[axis])
                if place == 0:
                    part = part + whole.unsqueeze(1)
                if len(item.axes) == 2:
                    part = part.unsqueeze(2 - place)
                state = state + part
            result[item.name] = state if item.axes else state + whole
        return result
