"""The questions of an exam: inputs as they are, under noise, and warped."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

ROTATION, SCALING, SHEAR, SHIFT = 0.26, 0.12, 0.12, 0.15
"""The most at strength 1: radians, shares of the size, and halves of the width."""
NOISES, WARPS, BOTH = (0.4, 0.8, 1.3), (1.0, 2.0, 3.0), (1.5, 0.6)
"""How far the sets of questions go, the last one in both."""


def questions(inputs: Sequence[Tensor], generator: torch.Generator) -> tuple[Tensor, ...]:
    """Ask the inputs clean, with noise, warped, and both: (sets * n, ...) each."""
    return tuple(
        torch.cat(
            [
                x,
                *(noisy(x, deviation, generator) for deviation in NOISES),
                *(warped(x, strength, generator) for strength in WARPS),
                noisy(warped(x, BOTH[0], generator), BOTH[1], generator),
            ]
        )
        for x in inputs
    )


def warped(inputs: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Warp each input by a random affine map, or scale and shift the numbers of a plain vector.

    Inputs are vectors (n, D), signals (n, C, L), images (n, C, H, W) or volumes (n, C, D, H, W).
    Random numbers are drawn on the CPU, so that they are the same for every device.
    """
    axes = inputs.ndim - 2
    if axes not in (1, 2, 3):
        return scaled(inputs, strength, generator)
    if axes == 1:
        return warped_planes(inputs.unsqueeze(2), strength, generator, flat=True).squeeze(2)
    return warped_planes(inputs, strength, generator)


def warped_planes(
    inputs: Tensor, strength: float, generator: torch.Generator, flat: bool = False
) -> Tensor:
    """Warp images or volumes; `flat` leaves all axes but the last as they are."""
    count, axes = len(inputs), inputs.ndim - 2

    def drawn(*shape: int) -> Tensor:
        return strength * (2 * torch.rand(count, *shape, generator=generator) - 1)

    angles, scales = ROTATION * drawn(axes, axes), SCALING * drawn(axes)
    shears, shifts = SHEAR * drawn(axes, axes), SHIFT * drawn(axes, 1)
    turn = torch.matrix_exp(angles.triu(1) - angles.triu(1).mT)
    matrix = turn @ (torch.diag_embed(scales.exp()) + shears.triu(1))
    if flat:
        # The grid's first coordinate is the last axis.
        keep = torch.zeros(axes, axes)
        keep[0, 0] = 1
        matrix = matrix * keep + torch.eye(axes) * (1 - keep)
        shifts = shifts * keep[:, :1]
    affine = torch.cat([matrix, shifts], 2).to(inputs)
    grid = F.affine_grid(affine, list(inputs.shape), align_corners=False)
    return F.grid_sample(inputs, grid, padding_mode="border", align_corners=False)


def scaled(inputs: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Scale the numbers of each input by one factor, and shift them by one number."""
    ones = [1] * (inputs.ndim - 1)
    factors, shifts = (
        (strength * (2 * torch.rand(len(inputs), *ones, generator=generator) - 1)).to(inputs)
        for _ in range(2)
    )
    return inputs * (1 + SCALING * factors) + SHIFT * shifts


def noisy(inputs: Tensor, deviation: float, generator: torch.Generator) -> Tensor:
    """Add normal noise, drawn on the CPU."""
    return inputs + deviation * torch.randn(inputs.shape, generator=generator).to(inputs)
