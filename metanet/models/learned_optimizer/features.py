"""What a learned optimizer is shown: an inner training's state, and numbers of each parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from graphgen import Template
from metanet.batch import Batch, Part, float_offsets
from metanet.errors import MetanetError
from metanet.options import check, integer, shown

DECAYS = (0.5, 0.9, 0.99)
NOMINAL = DECAYS.index(0.9)
SQUARE_DECAY = 0.999
TIME_SCALES = (3, 10, 30, 100)
CHANNELS = 1 + 1 + len(DECAYS) + 3
CONDITIONS = 1 + len(TIME_SCALES)
EPS = 1e-8
COUNTS = {name: integer(0, 2**53) for name in ("steps", "horizon")}
_SMALLEST, _TINY = 1e-12, 1e-24


@dataclass(frozen=True)
class OptimizerState:
    """What an inner training has gathered after `steps` updates, of at most `horizon`.

    `momenta` holds running means of gradients at several time scales, (networks, P, decays);
    `squares` their running mean squares, (networks, P).
    """

    steps: int
    horizon: int
    momenta: Tensor
    squares: Tensor

    def __post_init__(self) -> None:
        for name in ("steps", "horizon"):
            check(name, getattr(self, name), COUNTS)
        for name in ("momenta", "squares"):
            if not isinstance(getattr(self, name), Tensor):
                raise MetanetError(f"`{name}` is {shown(getattr(self, name))}, expected a tensor")

    @classmethod
    def first(cls, values: Tensor, horizon: int) -> OptimizerState:
        """Begin with parameters (networks, P)."""
        return cls(0, horizon, values.new_zeros(*values.shape, len(DECAYS)), values.new_zeros(()))

    def updated(self, gradients: Tensor) -> OptimizerState:
        """Take in the gradients of the next step."""
        decays = gradients.new_tensor(DECAYS)
        momenta = decays * self.momenta + (1 - decays) * gradients.unsqueeze(2)
        squares = SQUARE_DECAY * self.squares + (1 - SQUARE_DECAY) * gradients.square()
        return OptimizerState(self.steps + 1, self.horizon, momenta, squares)

    def detached(self) -> OptimizerState:
        """Forget how the state came about."""
        momenta, squares = self.momenta.detach(), self.squares.detach()
        return OptimizerState(self.steps, self.horizon, momenta, squares)

    def normalised(self) -> tuple[Tensor, Tensor]:
        """Give momenta over the root mean square of gradients, and that root; both unbiased."""
        decays = self.momenta.new_tensor(DECAYS)
        # A root has no derivative where a gradient is zero, hence the tiny number.
        roots = (self.squares / (1 - SQUARE_DECAY**self.steps) + _TINY).sqrt() + EPS
        return self.momenta / (1 - decays**self.steps) / roots.unsqueeze(2), roots


def described(
    template: Template,
    values: Tensor,
    gradients: Tensor,
    state: OptimizerState,
    *,
    show: bool = True,
) -> Batch:
    """Give the batch of networks that a learned optimizer reads.

    A parameter's channels are its value over the root mean square of its tensor, its gradient and
    momenta over the root mean square of its gradients (Metz et al., 2020), the logarithm of that
    relative to its tensor, and the logarithms of both of the tensor's own roots. The network's
    conditions are the share of the horizon that has passed, and its steps on several time scales.
    With `show` false, all that comes from gradients is zero.
    """
    momenta, roots = state.normalised()
    sizes, scales = tensor_roots(template, values), tensor_roots(template, roots)
    beside = [
        gradients / roots,
        *momenta.unbind(2),
        (roots / scales).clamp_min(_SMALLEST).log() / 2,
        scales.log() / 4,
    ]
    if not show:
        beside = [torch.zeros_like(channel) for channel in beside]
    extra = torch.stack([*beside, sizes.log() / 2], dim=2)
    conditions = values.new_tensor(times(state.steps - 1, state.horizon)).expand(len(values), -1)
    places = tuple(range(len(values)))
    return Batch((Part(template, values / sizes, places, extra=extra, conditions=conditions),))


def tensor_roots(template: Template, numbers: Tensor) -> Tensor:
    """Give for each parameter the root mean square of its tensor's numbers, (networks, P)."""
    parts = numbers.detach().split([size for _, size in float_offsets(template).values()], 1)
    return torch.cat(
        [(part.square().mean(1, keepdim=True).sqrt() + EPS).expand_as(part) for part in parts],
        dim=1,
    )


def times(step: int, horizon: int) -> Sequence[float]:
    """Describe a step: its share of the horizon, and itself on several time scales."""
    return [step / horizon, *(step / (step + scale) for scale in TIME_SCALES)]
