"""A grid of probes: what networks of coordinates say on a learned grid, read by convolutions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from metanet.batch import Batch, Part
from metanet.errors import MetanetError
from metanet.evaluate import run_stack
from metanet.models.asking import Asking
from metanet.models.probes import MOST_OF_GRIDS, spread, stacked
from metanet.options import OPTIONS
from metanet.sources import Net
from spec import Architecture

CONVOLUTIONS: dict[int, type[nn.Module]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
POOLS: dict[int, type[nn.Module]] = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}


class ProbeGrid(Asking, options=OPTIONS):
    """A small convolutional network over answers at learned coordinates; no weight is read.

        inr = spec.loads("{inputs: {x: [2]}, layers: [sine, {linear: {out_features: 1}}]}")
        model = metanet.ProbeGrid(inr, learned_inputs=64)         # 8 by 8 points

    For INRs, networks from 1 to 3 coordinates to channels, of any architectures that share these
    with `net`. `learned_inputs` is the number of points, a square or a cube, which begin as a grid
    and keep its order; `layers` convolutions read all of it, one what is left after pooling. It
    sees signals, and is what methods that read weights of INRs are to be compared with.
    """

    wide = 4

    def __init__(
        self,
        net: Net,
        learned_inputs: int = 64,
        hidden: int = 24,
        layers: int = 2,
        outputs: int = 1,
        *,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(net, learned_inputs, hidden, layers, outputs, dropout=dropout)

    def build(
        self, net: Architecture, learned_inputs: int, hidden: int, layers: int, dropout: float
    ) -> int:
        self.ends = ends_of(net)
        dimensions, channels = self.ends
        if not 1 <= dimensions <= MOST_OF_GRIDS or not channels:
            raise MetanetError(
                f"a grid of probes is for networks from one input of 1 to {MOST_OF_GRIDS} "
                f"coordinates to one output of channels; {net.name!r} goes from "
                f"{[list(shape) for shape in net.inputs.values()]} to "
                f"{[list(shape) for shape in net.output_shapes]}"
            )
        self.side = round(learned_inputs ** (1 / dimensions))
        if self.side**dimensions != learned_inputs:
            raise MetanetError(
                f"`learned_inputs` is {learned_inputs}, expected a grid over {dimensions} "
                f"coordinates, such as {self.side**dimensions} or {(self.side + 1) ** dimensions}"
            )
        self.points = nn.Parameter(spread(learned_inputs, (dimensions,)))
        convolution, pool = CONVOLUTIONS[dimensions], POOLS[dimensions]
        half = self.side // 2 if self.side > 1 else 1
        steps: list[nn.Module] = []
        for place in range(layers):
            steps += [convolution(hidden if place else channels, hidden, 3, padding=1), nn.SiLU()]
        self.steps = nn.Sequential(
            *steps,
            pool(2) if self.side > 1 else nn.Identity(),
            convolution(hidden, 2 * hidden, 3, padding=1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(2 * hidden * half**dimensions, 4 * hidden),
            nn.SiLU(),
        )
        return 4 * hidden

    def embed(self, batch: Batch) -> Tensor:
        """Give what was read of each network's answers, (networks, width)."""
        found = torch.cat([self.answers(part) for part in batch.parts])[batch.order]
        grid = found.transpose(1, 2).unflatten(2, (self.side,) * self.ends[0])
        states: Tensor = self.steps(grid)
        return states

    def answers(self, part: Part) -> Tensor:
        """Give the answers of a part's networks at the points, (networks, points, channels)."""
        net = part.template.net
        if net is None or ends_of(net) != self.ends:
            raise MetanetError(
                f"this grid of probes was made for networks from {self.ends[0]} coordinates to "
                f"{self.ends[1]} channels; the batch has others"
            )
        answered = run_stack(net, stacked(part, net), self.points.to(part.values))
        return answered.asinh()


def ends_of(net: Architecture) -> tuple[int, int]:
    """Give the numbers of coordinates and channels of an INR; 0 for what has none."""
    return only_axis(list(net.inputs.values())), only_axis(list(net.output_shapes))


def only_axis(shapes: Sequence[tuple[int, ...]]) -> int:
    """Give the size of one vector; 0 for anything else."""
    return shapes[0][0] if len(shapes) == 1 and len(shapes[0]) == 1 else 0
