"""Units against the groups of torch-pruning, an independent library, and who is right where not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from oracles.imported_modules import flat, made_random
from oracles.masked import masked_outputs
from oracles.popular_attentive import ATTENTIVE, numbers
from oracles.popular_convolutional import CONVOLUTIONAL
from oracles.torch_pruning_groups import (
    first_of,
    graph_of,
    group_of,
    numbered,
    roots,
    scalars_of,
    without,
)
from torch import nn
from torch.nn import functional as F

import graphgen
from graphgen.importers import from_torch
from graphgen.surgery.prune import prune
from graphgen.testing import relative_error
from graphgen.units.derivation import Unit, units


class Gated(nn.Module):
    """Halves of channels, one of which gates the other, beside themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.inner = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(4, 6, 1)
        self.norm, self.hidden, self.head = nn.BatchNorm2d(10), nn.Linear(10, 7), nn.Linear(7, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a, b = self.stem(x).chunk(2, dim=1)
        y = self.inner(a * b.sigmoid())
        y = F.adaptive_avg_pool2d(self.norm(torch.cat([y, a], dim=1)), 1)
        return self.head(self.hidden(y.flatten(1)).relu())


class Shared(nn.Module):
    """A layer that is applied twice, so that what it reads is what it gives."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.again = nn.Linear(4, 6), nn.Linear(6, 6)
        self.scale, self.head = nn.Parameter(torch.ones(6)), nn.Linear(6, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x).relu()
        x = self.again(x).relu()
        return self.head(self.again(x).relu() * self.scale)


MODULES: dict[str, tuple[Callable[[], nn.Module], tuple[torch.Tensor, ...]]] = {
    **{n: (make, (numbers(*shape),)) for n, (make, shape) in CONVOLUTIONAL.items()},
    **ATTENTIVE,
    "gated": (Gated, (numbers(2, 3, 6, 6),)),
    "shared": (Shared, (numbers(5, 4),)),
}
LOST = "does not run"
"""A group that is no unit: what is left does not fit together."""

OUTPUT = "gives another output"
"""Outputs may not go: others read them by their number."""

DIFFERENT: Mapping[str, Mapping[str, str]] = {
    "resnet": {"fc": OUTPUT},
    "mobilenet": {"classifier.1": OUTPUT},
    "densenet": {"classifier": OUTPUT},
    "unet": {"out": OUTPUT},
    "efficientnet": {"classifier": OUTPUT},
    "convnext": {"head": OUTPUT},
    # Of a concat that is flattened it takes too many columns.
    "inception": {"one": LOST, "three": LOST, "asymmetric.1": LOST, "pooled": LOST, "head": OUTPUT},
    # Of packed queries, keys and values it takes a query's row, and the column of a value.
    "vit": {"blocks.0.attn.qkv": LOST, "blocks.1.attn.qkv": LOST, "head": OUTPUT},
    "gpt": {"c_attn": LOST, "lm_head": OUTPUT},
    # Halves of a chunk that meet again are not tied.
    "gated": {"stem": LOST, "inner": LOST, "head": OUTPUT},
    "shared": {"head": OUTPUT},
}
"""Where it takes out others than we do, and what its module does then."""
SHORT = ("gpt", "gated", "shared")


@pytest.mark.parametrize(
    "name", [n if n in SHORT else pytest.param(n, marks=pytest.mark.long) for n in DIFFERENT]
)
def test_units_are_the_groups_of_torch_pruning(name: str) -> None:
    make, inputs = MODULES[name]
    module = made_random(make())
    counted = numbered(module)
    own = units_by_scalars(counted, inputs)
    graph = graph_of(counted, inputs)
    different, alike = {}, []
    for layer, target in roots(counted):
        theirs = scalars_of(counted, group_of(graph, target))
        mine = [unit for unit, scalars in own.items() if first_of(target) <= scalars]
        if any(own[unit] == theirs for unit in mine):
            alike.append((layer, next(unit for unit in mine if own[unit] == theirs)))
        else:
            different[layer] = mine
    assert different.keys() == DIFFERENT[name].keys()
    assert alike
    for layer, unit in alike[:1]:
        theirs_gives = without(module, inputs, layer)
        if not isinstance(theirs_gives, Exception):
            assert (
                relative_error(flat(theirs_gives)[0].numpy(), pruned(module, inputs, unit)) < 1e-9
            )
    for layer, mine in different.items():
        found = without(module, inputs, layer)
        if DIFFERENT[name][layer] == OUTPUT:
            assert not mine
            assert not isinstance(found, Exception)
            assert flat(found)[0].shape != flat(module(*inputs))[0].shape
        else:
            assert isinstance(found, Exception)
            assert mine
            for unit in mine:  # what is left of ours is what it is masked by
                pruned(module, inputs, unit)


def units_by_scalars(counted: nn.Module, inputs: tuple[torch.Tensor, ...]) -> dict[Unit, set[int]]:
    """Say of each unit which scalars of a module whose scalars are numbered it has."""
    found = from_torch(counted, inputs, check=False)
    trained = found.net.parameters
    return {
        unit: {
            int(number)
            for own in unit.slices
            if own.tensor in trained
            for number in found.weights[own.tensor][own.index].ravel()
        }
        for unit in units(found.net)
    }


def pruned(module: nn.Module, inputs: tuple[torch.Tensor, ...], unit: Unit) -> Any:
    """Give what is left of a module without a unit, which is what it gives if the unit is masked.

    Where a layer counts the family together with others, as many of these go with it.
    """
    found = from_torch(module, inputs, check=False)
    families = units(found.net)
    gone = [
        families[f"{unit.family.name.rsplit('/', 1)[0]}/{kind}"][(*copy, unit.item)]
        for kind in kinds(unit)
        for copy in np.ndindex(*unit.family.copies)
    ]
    x = found.inputs_of(*(each.numpy() for each in inputs))
    smaller, left = prune(found.net, found.weights, gone)
    result = graphgen.evaluate(smaller, left, *x)
    (expected,) = masked_outputs(found.net, found.weights, x, gone)
    assert relative_error(result, expected) < 1e-12
    return result


def kinds(unit: Unit) -> tuple[str, ...]:
    """List the kinds that go together: the dimensions of keys are counted with those of values."""
    return ("key dimension", "value dimension") if "dimension" in unit.kind else (unit.kind,)


def test_a_module_that_ties_others_is_noticed() -> None:
    module = numbered(made_random(Shared()))
    own = units_by_scalars(module, (numbers(5, 4),))
    other = numbered(made_random(nn.Sequential(nn.Linear(4, 6), nn.Linear(6, 6), nn.Linear(6, 2))))
    theirs = scalars_of(other, group_of(graph_of(other, (numbers(5, 4),)), other[0]))
    assert all(theirs != scalars for scalars in own.values())
