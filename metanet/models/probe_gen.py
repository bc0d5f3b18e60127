"""ProbeGen: inputs made by a deep linear generator, whose answers an MLP reads."""

from __future__ import annotations

import math
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn

from metanet.batch import Batch
from metanet.models.asking import Asking
from metanet.models.learned_inputs import answers_of, dense
from metanet.options import OPTIONS
from metanet.sources import Net
from spec import Architecture

LATENT, LEAST = 32, 4
"""Numbers of a latent code, and the size at which the generator of an image begins."""
TRANSPOSED: dict[int, type[nn.Module]] = {
    1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d
}  # fmt: skip
CONVOLUTIONS: dict[int, type[nn.Module]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}


class ProbeGen(Asking, options=OPTIONS):
    """Deep linear probe generators (Kahana, Horwitz, Shuval and Hoshen, ICLR 2025).

        model = metanet.ProbeGen(net, learned_inputs=64)
        prediction = model(batch)                # (networks, outputs)

    Each of the inputs comes from a learned code of 32 numbers by a generator of linear maps that
    all share, with no activations between them: transposed convolutions of doubling size where
    inputs have axes of space, dense maps for vectors. An MLP reads the concatenated answers. For
    networks of any architectures with the inputs and outputs of `net`.
    """

    def __init__(
        self,
        net: Net,
        learned_inputs: int = 64,
        hidden: int = 64,
        layers: int = 2,
        outputs: int = 1,
        *,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(net, learned_inputs, hidden, layers, outputs, dropout=dropout)

    def build(
        self, net: Architecture, learned_inputs: int, hidden: int, layers: int, dropout: float
    ) -> int:
        self.codes = nn.Parameter(torch.randn(learned_inputs, LATENT))
        self.generators = nn.ModuleList(
            Generator(shape, hidden, self.codes.detach()) for shape in self.shapes[:-1]
        )
        self.layers = nn.Sequential(*dense(learned_inputs * prod(self.shapes[-1]), hidden, layers))
        return hidden

    def inputs(self) -> tuple[Tensor, ...]:
        """Give the inputs that the generator makes now, (learned_inputs, ...) each."""
        return tuple(generator(self.codes) for generator in self.generators)

    def embed(self, batch: Batch) -> Tensor:
        """Give what the MLP makes of each network's answers, (networks, hidden)."""
        inputs = self.inputs()
        found = torch.cat([answers_of(part, inputs, self.shapes) for part in batch.parts])
        states: Tensor = self.layers(found.flatten(1)[batch.order])
        return states


class Generator(nn.Module):
    """A deep linear map from codes to inputs of one shape, with a deviation of 1 at first."""

    scale: Tensor

    def __init__(self, shape: tuple[int, ...], hidden: int, codes: Tensor) -> None:
        super().__init__()
        self.shape = shape
        axes = len(shape) - 1
        self.spatial = axes in TRANSPOSED
        if self.spatial:
            self.steps = convolutions(shape, hidden)
        else:
            self.steps = nn.Sequential(
                nn.Linear(LATENT, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, prod(shape))
            )
        self.register_buffer("scale", torch.ones(()))
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if name.endswith("bias"):
                    parameter.zero_()
            deviation = self(codes).square().mean().sqrt()
        self.scale = 1 / deviation.clamp_min(1e-6)

    def forward(self, codes: Tensor) -> Tensor:
        """Make an input of each code, (codes, *shape)."""
        if not self.spatial:
            found: Tensor = self.steps(codes)
            return self.scale * found.view(-1, *self.shape)
        made: Tensor = self.steps(codes.view(*codes.shape, *[1] * (len(self.shape) - 1)))
        for axis, size in enumerate(self.shape[1:], start=2):
            made = made.narrow(axis, (made.shape[axis] - size) // 2, size)
        return self.scale * made


def convolutions(shape: tuple[int, ...], hidden: int) -> nn.Sequential:
    """Make the maps of an image's generator: from one place to its least size, and by doubling."""
    channels, *sizes = shape
    doublings = max(0, math.ceil(math.log2(max(sizes) / LEAST)))
    first = tuple(math.ceil(size / 2**doublings) for size in sizes)
    widths = [max(channels, hidden >> place) for place in range(doublings + 1)]
    grow, keep = TRANSPOSED[len(sizes)], CONVOLUTIONS[len(sizes)]
    steps: list[nn.Module] = [grow(LATENT, widths[0], first)]
    for before, after in pairwise(widths):
        steps.append(grow(before, after, 4, stride=2, padding=1))
    return nn.Sequential(*steps, keep(widths[-1], channels, 3, padding=1))
