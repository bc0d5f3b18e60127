"""Statistics of a network's weights, tensor by tensor: a table row for each network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import torch
from torch import Tensor

from graphgen import Graph, Template
from metanet.batch import Batch, Part, batch_of
from metanet.layout import layout
from metanet.views.numbers import quantiles

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
ROLES = ("weight", "bias", "scale", "mean", "variance")
PLACES = ("first", "middle", "last")
PER_TENSOR = 2 + len(QUANTILES)
COLUMNS = (
    *(
        f"{role}_{place}_{what}"
        for role in ROLES
        for place in PLACES
        for what in ("mean", "variance", *(f"q{round(100 * share)}" for share in QUANTILES))
    ),
    *("log_parameters", "depth", "blocks"),
)
NUM_STATISTICS = len(COLUMNS)


def network_statistics(batch: Batch | Graph | Sequence[Graph]) -> Tensor:
    """Compute mean, variance and quantiles of every tensor, shape (networks, NUM_STATISTICS).

    As in Unterthiner et al. (2020), by tensor; since depths differ, tensors of one role are
    told apart as the first, the last, and the mean over those between. Absent ones are 0. The
    logarithm of the number of parameters and the numbers of layers and blocks come last. Raises
    `MetanetError` for what is no batch, and for networks without weights.
    """
    batch = batch_of(batch, "`batch`")
    for part in batch.parts:
        part.check_values()
    return torch.cat([part_statistics(part) for part in batch.parts])[batch.order]


def part_statistics(part: Part) -> Tensor:
    """Compute the statistics of the networks of a part, (networks, NUM_STATISTICS)."""
    count = len(part.positions)
    cells = part.values.new_zeros(count, len(ROLES), len(PLACES), PER_TENSOR)
    for role, places in tensors_by_place(part.template).items():
        for place, together in places.items():
            statistics = [moments_and_quantiles(values_of(part, names)) for names in together]
            cells[:, ROLES.index(role), PLACES.index(place)] = torch.stack(statistics).mean(0)
    size = sum(math.prod(t.shape) for t in part.template.tensors if t.trainable)
    depth = max(group.depth for group in part.template.node_groups)
    shape = torch.tensor([math.log(max(1, size)), depth, len(part.template.blocks)])
    return torch.cat([cells.flatten(1), shape.to(cells).expand(count, -1)], dim=1)


def values_of(part: Part, names: Sequence[str]) -> Tensor:
    """Give the values of tensors side by side, (networks, size)."""
    found = [part.tensor(name) for name in names]
    return found[0] if len(found) == 1 else torch.cat(found, dim=1)


def moments_and_quantiles(values: Tensor) -> Tensor:
    """Give mean, variance and five quantiles along the last axis, (networks, PER_TENSOR)."""
    variance = values.var(1, unbiased=False, keepdim=True)
    return torch.cat([values.mean(1, keepdim=True), variance, quartiles(values, 1)], dim=1)


def quartiles(values: Tensor, axis: int) -> Tensor:
    """Give `QUANTILES` along an axis, in its place; NaN where one is NaN."""
    result = torch.stack(quantiles(values, QUANTILES, axis), dim=axis)
    return torch.where(values.isnan().any(axis, keepdim=True), torch.nan, result)


def tensors_by_place(
    template: Template, roles: Mapping[str, str] | None = None
) -> dict[str, dict[str, list[tuple[str, ...]]]]:
    """Sort tensors by role, and within a role into the first, those between, and the last.

    Tensors whose scalars a symmetry may exchange, as those of parallel branches that look alike,
    stand together. `roles` gives other roles to tensors than those of `ROLES`.
    """
    by_role: dict[str, dict[int, list[str]]] = {}
    role_of: dict[int, str] = {}
    for name, (role, own) in tensors_alike(template).items():
        if roles is not None:
            role = role_of.setdefault(own, roles[name])
        by_role.setdefault(role, {}).setdefault(own, []).append(name)
    result = {}
    for role, together in by_role.items():
        found = [tuple(each) for each in together.values()]
        places = {"first": found[:1], "middle": found[1:-1], "last": found[-1:]}
        result[role] = {place: chosen for place, chosen in places.items() if chosen}
    return result


@lru_cache(maxsize=4096)
def tensors_alike(template: Template) -> dict[str, tuple[str, int]]:
    """Give each tensor's role, and a number that it shares with those that it may exchange."""
    alike = layout(template, 0).alike
    roles: dict[str, str] = {}
    classes: dict[str, int] = {}
    for place, block in enumerate(template.blocks):
        if block.tensor is None or block.tied:
            continue
        # A tensor of several blocks joins all that look like one of them.
        own = alike[place]
        if (before := classes.get(block.tensor, own)) != own:
            classes = {name: own if one == before else one for name, one in classes.items()}
        classes[block.tensor] = own
        roles.setdefault(block.tensor, block.kind if block.kind in ROLES else "weight")
    return {name: (roles[name], own) for name, own in classes.items()}
