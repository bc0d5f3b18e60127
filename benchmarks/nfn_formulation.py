"""HNP-NFN as its paper writes it beside `metanet.HNPNFN`: the same shapes, time of a step.

The layer of Zhou et al. (NeurIPS 2023), channels first: each weight has a map of its own states (a
1 x 1 convolution), one of all averages onto its rows, one of all onto its columns, and one of all
averages over everything; they are broadcast and added, and ReLU follows. Taps, inputs and outputs
are channels, or folded as ours are; encoder and head are ours.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Mapping

import torch
from metanets import BATCH, LAYERS, architectures, graphs_of
from result import Measure, save
from torch import Tensor, nn

import metanet
from metanet.models.metanet import head
from metanet.models.nfn import WeightSpaceNetwork
from metanet.models.weight_space import Item

HIDDEN, ROUNDS = 64, 9
States = dict[str, Tensor]


class PublishedLayer(nn.Module):
    """All terms of the layer for states (networks, channels, *neurons)."""

    def __init__(self, items: list[Item]) -> None:
        super().__init__()
        self.items = items
        onto = {
            axis: sum(item.width for item in items if axis in item.axes)
            for axis in {axis for item in items for axis in item.axes}
        }
        everything = sum(item.width for item in items)
        self.own, self.rows, self.columns, self.whole = (nn.ModuleDict() for _ in range(4))
        for item in items:
            self.whole[item.name] = nn.Linear(everything, item.width)
            if item.axes:
                self.rows[item.name] = nn.Conv1d(onto[item.axes[0]], item.width, 1)
            if len(item.axes) == 2:
                self.own[item.name] = nn.Conv2d(item.width, item.width, 1)
                self.columns[item.name] = nn.Conv1d(onto[item.axes[1]], item.width, 1)

    def forward(self, states: States) -> States:
        """Transform all items."""
        onto: dict[int, list[Tensor]] = {}
        for item in self.items:
            for place, axis in enumerate(item.axes):
                state = states[item.name]
                average = state if len(item.axes) == 1 else state.mean(3 - place)
                onto.setdefault(axis, []).append(average)
        means = [
            state if not item.axes else state.flatten(2).mean(2)
            for item in self.items
            for state in [states[item.name]]
        ]
        everything = torch.cat(means, dim=1)
        joined = {axis: torch.cat(parts, dim=1) for axis, parts in onto.items()}
        result = {}
        for item in self.items:
            name = item.name
            whole = self.whole[name](everything)
            if not item.axes:
                result[name] = whole
                continue
            rows = self.rows[name](joined[item.axes[0]])
            if len(item.axes) == 1:
                result[name] = rows + whole.unsqueeze(2)
                continue
            columns = self.columns[name](joined[item.axes[1]])
            own = self.own[name](states[name])
            result[name] = own + whole[..., None, None] + rows.unsqueeze(3) + columns.unsqueeze(2)
        return result


class Published(nn.Module):
    """The paper's layers between the encoder of a model of ours and a head like its own."""

    def __init__(self, ours: WeightSpaceNetwork, layers: int) -> None:
        super().__init__()
        self.ours = ours
        items = ours.trunk.items
        self.layers = nn.ModuleList(PublishedLayer(items) for _ in range(layers))
        self.head = head(sum(item.width for item in items), 2 * ours.trunk.hidden, 1)

    def forward(self, batch: metanet.Batch) -> Tensor:
        """Predict for each network, (networks, 1)."""
        (part,) = batch.parts
        first = self.ours.trunk.first_states(part)
        states = {name: state.movedim(-1, 1).contiguous() for name, state in first.items()}
        for layer in self.layers:
            states = {name: change.relu() for name, change in layer(states).items()}
        means = [state.flatten(2).mean(2) if state.ndim > 2 else state for state in states.values()]
        result: Tensor = self.head(torch.cat(means, dim=1))
        return result


def step(model: nn.Module, batch: metanet.Batch) -> float:
    """Take the processor time of a pass forward and backward, in seconds."""
    model.zero_grad()
    start = time.process_time()
    model(batch).square().mean().backward()
    return time.process_time() - start


def compare(models: Mapping[str, nn.Module], batch: metanet.Batch) -> dict[str, float]:
    """Give each model's median time of a step, measured in turn."""
    times: dict[str, list[float]] = {label: [] for label in models}
    for number in range(ROUNDS + 2):
        for label, model in models.items():
            taken = step(model, batch)
            if number > 1:
                times[label].append(taken)
    return {label: statistics.median(own) for label, own in times.items()}


def main() -> None:
    torch.set_num_threads(1)
    hidden = int(sys.argv[1]) if len(sys.argv) > 1 else HIDDEN
    measures: dict[str, Measure] = {}
    for name in ("INR 2-32-32-1", "small CNN"):
        nets = architectures()[name][:BATCH]
        batch = metanet.Batch.from_graphs(graphs_of(nets))
        for folded in (False, True):
            label = f"{name}{', folded' if folded else ''}"
            torch.manual_seed(0)
            ours = metanet.HNPNFN(nets[0], hidden=hidden, layers=LAYERS, folded=folded)
            times = compare({"ours": ours, "published": Published(ours, LAYERS)}, batch)
            measures[f"{label}: published formulation"] = Measure(times["published"], "s")
            measures[f"{label}: HNPNFN"] = Measure(times["ours"], "s")
            ratio = times["ours"] / times["published"]
            measures[f"{label}: HNPNFN / published formulation"] = Measure(ratio, "times", 1)
    save("nfn_formulation", measures)


if __name__ == "__main__":
    main()
