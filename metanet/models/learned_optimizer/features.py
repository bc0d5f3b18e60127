"""What a learned optimizer is shown: numbers of each parameter, and of a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from metanet.models.learned_optimizer.layout import Layout
from metanet.models.learned_optimizer.state import DECAYS, OptimizerState

_SMALLEST = 1e-12


@dataclass(frozen=True)
class Shown:
    """What an editor reads.

    `values`, (networks, P), are the parameters over the root mean square of their tensors,
    `beside`, (networks, P, n), further numbers of each, and `conditions`, (networks, n), numbers of
    each network.
    """

    values: Tensor
    beside: Tensor
    conditions: Tensor


@dataclass(frozen=True)
class Features:
    """A kind of features: the decays of its momenta, its time scales, and its channels.

    `beside` gives the channels that come from gradients; the last channel of all is the logarithm
    of the scale of the tensor's weights.
    """

    decays: tuple[float, ...]
    time_scales: tuple[int, ...]
    channels: int
    beside: Callable[[Layout, Tensor, OptimizerState], list[Tensor]]

    @property
    def conditions(self) -> int:
        """The number of numbers of a network."""
        return 1 + len(self.time_scales)

    def shown(
        self,
        layout: Layout,
        values: Tensor,
        gradients: Tensor,
        state: OptimizerState,
        *,
        show: bool = True,
    ) -> Shown:
        """Give what is shown of networks; with `show` false, nothing that comes from gradients."""
        sizes = layout.roots(values)
        beside = self.beside(layout, gradients, state)
        if not show:
            beside = [torch.zeros_like(channel) for channel in beside]
        step = state.steps - 1
        times = [step / state.horizon, *(step / (step + scale) for scale in self.time_scales)]
        return Shown(
            values / sizes,
            torch.stack([*beside, sizes.log() / 2], dim=2),
            values.new_tensor(times).expand(len(values), -1),
        )


def relative(layout: Layout, gradients: Tensor, state: OptimizerState) -> list[Tensor]:
    """Give gradient and momenta over the root mean square of gradients (Metz et al., 2020).

    After them come the logarithm of that root relative to its tensor, and that of the tensor's.
    """
    momenta, roots = state.normalised()
    scales = layout.roots(roots)
    return [gradients / roots, *momenta.unbind(2), *logarithms(roots, scales)]


def normalised(layout: Layout, gradients: Tensor, state: OptimizerState) -> list[Tensor]:
    """Give gradient and momenta in three scales (Metz et al., 2022, "Practical tradeoffs").

    They come over the root mean square of themselves in their tensor, over that of the parameter's
    own gradients, and over the root of the product of the means of that along rows and columns.
    """
    momenta, roots = state.means()
    each = torch.cat([gradients.unsqueeze(2), momenta], dim=2)
    scales = layout.roots(roots)
    factored = layout.factored(roots.square()).sqrt()
    return [
        *(each / layout.roots(each)).unbind(2),
        *(each / roots.unsqueeze(2)).unbind(2),
        *(each / factored.unsqueeze(2)).unbind(2),
        *logarithms(factored, scales)[:1],
        *logarithms(roots, scales),
    ]


def logarithms(roots: Tensor, scales: Tensor) -> Sequence[Tensor]:
    """Give the logarithms of roots relative to their tensors' scales, and of these."""
    return (roots / scales).clamp_min(_SMALLEST).log() / 2, scales.log() / 4


_LONGER = (*DECAYS, 0.999)
FEATURES = {
    "relative": Features(DECAYS, (3, 10, 30, 100), 1 + 1 + len(DECAYS) + 3, relative),
    "normalised": Features(
        _LONGER,
        (3, 10, 30, 100, 300, 1000, 3000),
        1 + 3 * (1 + len(_LONGER)) + 4,
        normalised,
    ),
}
"""The kinds of features, by name."""
