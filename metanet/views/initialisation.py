"""The view `initialisation`: how far weights are from where training of such layers begins."""

from __future__ import annotations

import torch
from torch import Tensor

from graphgen import Template
from metanet.batch import Part
from metanet.views.numbers import LEAST, OF_A_SAMPLE, finite, moments, quantiles
from metanet.views.view import NETWORK, View, part_of
from metanet.views.weight_statistics import PLACES, ROLES, tensors_by_place

SHIFT = "shift"
"""The bias of a norm, which begins at 0."""
ROLES_HERE = (*ROLES, SHIFT)
OF_A_DISTANCE = (
    "log_root_mean_square", "log_largest", "log_wasserstein", "beyond", "far_beyond",
    "very_far_beyond", "near_bound", "log_median",
)  # fmt: skip
BOUNDS = (1.001, 1.1, 1.5)


class Initialisation(View):
    """The distance of weights from PyTorch's default initialisation, by role and place.

        Initialisation().compute(batch.parts[0])     # (networks, 396)

    Weights and biases of linear and convolution layers begin uniform within one over the root of
    the fan-in; multiplied by that root, within 1. Scales begin at 1, and shifts of norms at 0.
    Beside moments of the scaled numbers stand the logarithms of their root mean square, of the
    largest, of the median and of their Wasserstein distance to that beginning, and the shares
    beyond its bound and just within it. Running means and variances (in their logarithm) are
    described in the same way.
    """

    name = "initialisation"
    level = NETWORK
    columns = tuple(
        f"{role}_{place}_{what}"
        for role in ROLES_HERE
        for place in PLACES
        for what in (*OF_A_SAMPLE, *OF_A_DISTANCE)
    )

    def compute(self, part: Part) -> Tensor:
        count, width = len(part_of(part).values), len(OF_A_SAMPLE) + len(OF_A_DISTANCE)
        cells = part.values.new_zeros(count, len(ROLES_HERE), len(PLACES), width)
        beginnings = beginnings_of(part.template)
        roles = {name: role for name, (role, _) in beginnings.items()}
        for role, places in tensors_by_place(part.template, roles).items():
            for place, together in places.items():
                some = []
                for names in together:
                    own = [scaled(part.tensor(n), role, beginnings[names[0]][1]) for n in names]
                    found = torch.cat(own, 1)
                    some.append(torch.cat([moments(found), distance(found, role)], 1))
                cells[:, ROLES_HERE.index(role), PLACES.index(place)] = torch.stack(some).mean(0)
        return finite(cells.flatten(1))


def scaled(values: Tensor, role: str, fan_in: int) -> Tensor:
    """Scale the values of a tensor so that their beginning does not depend on its size."""
    if role in ("weight", "bias"):
        return values * fan_in**0.5
    return values.clamp_min(LEAST).log() / 4 if role == "variance" else values


def beginnings_of(template: Template) -> dict[str, tuple[str, int]]:
    """Give the role of each tensor, and the fan-in of its layer's weights."""
    owned = [block for block in template.blocks if block.tensor is not None and not block.tied]
    fans: dict[str, int] = {}
    for block in owned:
        if block.kind not in ROLES[1:]:
            fans.setdefault(block.layer, block.fan_in)
    normed = {block.layer for block in owned if block.kind == "scale"}
    found: dict[str, tuple[str, int]] = {}
    for block in owned:
        role = block.kind if block.kind in ROLES else ROLES[0]
        if role == "bias" and block.layer in normed and block.layer not in fans:
            role = SHIFT
        found.setdefault(str(block.tensor), (role, fans.get(block.layer, 1)))
    return found


def distance(values: Tensor, role: str) -> Tensor:
    """Say how far numbers are from their beginning, (networks, n): (networks, 8)."""
    centred = values - 1 if role == "scale" else values
    size = centred.abs()
    ordered = values.sort(1).values
    number = values.shape[1]
    uniform = (torch.arange(number).to(values) + 0.5) / number * 2 - 1
    begun = (
        uniform if role in ("weight", "bias") else torch.full_like(uniform, float(role == "scale"))
    )
    some = [
        (size.square().mean(1).sqrt() + 1e-4).log(),
        (size.amax(1) + 1e-4).log(),
        ((ordered - begun).abs().mean(1) + 1e-3).log(),
        *((size > bound).to(values).mean(1) for bound in BOUNDS),
        ((size > 0.9) & (size < 1)).to(values).mean(1),
        (quantiles(size, (0.5,))[0] + 1e-4).log(),
    ]
    return torch.stack(some, 1)
