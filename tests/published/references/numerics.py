"""Splines, waves, equations and capsules, restated, with the names of public code."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from published.network import Published


class SplineLayer(nn.Module):
    """Splines by the recursion of Cox and de Boor, beside a SiLU."""

    def __init__(self, inputs: int, outputs: int, intervals: int, order: int) -> None:
        super().__init__()
        self.order = order
        knots = torch.arange(-order, intervals + order + 1).double() * 2 / intervals - 1
        self.register_buffer("grid", knots.expand(inputs, -1).contiguous())
        self.base_weight = nn.Parameter(torch.zeros(outputs, inputs))
        self.spline_weight = nn.Parameter(torch.zeros(outputs, inputs, intervals + order))

    def forward(self, x: Tensor) -> Tensor:
        t, places = self.grid, x[..., None]
        bases = ((places >= t[:, :-1]) & (places < t[:, 1:])).to(x.dtype)
        for k in range(1, self.order + 1):
            rise = (places - t[:, : -k - 1]) / (t[:, k:-1] - t[:, : -k - 1])
            fall = (t[:, k + 1 :] - places) / (t[:, k + 1 :] - t[:, 1:-k])
            bases = rise * bases[..., :-1] + fall * bases[..., 1:]
        base = nn.functional.silu(x) @ self.base_weight.T
        return base + torch.einsum("bic,oic->bo", bases, self.spline_weight)


class KAN(nn.Module):
    def __init__(self, *widths: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(SplineLayer(*pair, 3, 2) for pair in pairwise(widths)))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class NeuralODE(nn.Module):
    def __init__(self, dimensions: int, width: int, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.net = nn.Sequential(
            nn.Linear(dimensions, width), nn.Tanh(), nn.Linear(width, dimensions)
        )

    def forward(self, y: Tensor) -> Tensor:
        for _ in range(self.steps):
            y = y + self.net(y**3) / self.steps
        return y


class SpectralConv1d(nn.Module):
    """The lowest frequencies, times complex weights."""

    def __init__(self, width: int, modes: int) -> None:
        super().__init__()
        self.modes = modes
        self.weights1 = nn.Parameter(torch.zeros(width, width, modes, 2))

    def forward(self, x: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(x)
        weights = torch.view_as_complex(self.weights1)
        kept = torch.einsum("bix,iox->box", spectrum[..., : self.modes], weights)
        rest = spectrum.shape[-1] - self.modes
        return torch.fft.irfft(nn.functional.pad(kept, (0, rest)), n=x.shape[-1])


class FNO(nn.Module):
    def __init__(self, features: int, modes: int, width: int, depth: int, hidden: int) -> None:
        super().__init__()
        self.depth = depth
        self.fc0 = nn.Linear(features, width)
        for i in range(depth):
            self.add_module(f"conv{i}", SpectralConv1d(width, modes))
            self.add_module(f"w{i}", nn.Conv1d(width, width, 1))
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc0(x).mT
        for i in range(self.depth):
            x = self.get_submodule(f"conv{i}")(x) + self.get_submodule(f"w{i}")(x)
            x = x.relu() if i < self.depth - 1 else x
        return self.fc2(self.fc1(x.mT).relu())


class Capsules(nn.Module):
    """Capsules agree by routing; those that are shown make the picture again."""

    def __init__(self, types: int, inner: int, classes: int, outer: int, iterations: int) -> None:
        super().__init__()
        self.types, self.iterations = types, iterations
        self.conv1 = nn.Conv2d(1, 3, 2)
        self.primary_capsules = nn.Conv2d(3, types * inner, 2, stride=2)
        self.route_weights = nn.Parameter(torch.zeros(classes, 4 * types, inner, outer))
        self.decoder = nn.Sequential(
            nn.Linear(classes * outer, 4), nn.ReLU(), nn.Linear(4, 3), nn.ReLU(),
            nn.Linear(3, 36), nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, image: Tensor, shown: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.primary_capsules(self.conv1(image).relu()).unflatten(1, (self.types, -1))
        u = squashed(maps.movedim(2, -1).flatten(1, 3))
        votes = torch.einsum("bik,jiko->bijo", u, self.route_weights)
        logits = votes.new_zeros(votes.shape[:3])
        for i in range(self.iterations):
            v = squashed((logits.softmax(2)[..., None] * votes).sum(1))
            if i < self.iterations - 1:
                logits = logits + (votes * v[:, None]).sum(-1)
        return v.norm(dim=-1), self.decoder((v * shown[..., None]).flatten(1))


def squashed(s: Tensor) -> Tensor:
    squared = s.square().sum(-1, keepdim=True)
    return squared / (1 + squared) * s / squared.sqrt()


NETWORKS = (
    Published(
        "KAN", "Liu et al. 2024", "published/kan.yaml", "restated",
        lambda: KAN(2, 4, 3, 1), KAN.__call__,
    ),
    Published(
        "Neural ODE", "Chen et al. 2018", "published/neural_ode.yaml", "restated",
        lambda: NeuralODE(2, 6, 4), NeuralODE.__call__,
    ),
    Published(
        "FNO", "Li et al. 2021", "published/fno.yaml", "restated",
        lambda: FNO(2, 3, 4, 2, 5), FNO.__call__,
    ),
    Published(
        "Capsule network", "Sabour et al. 2017", "published/capsules.yaml", "restated",
        lambda: Capsules(2, 2, 2, 3, 3), Capsules.__call__,
    ),
)  # fmt: skip
