"""Scales: by what a chain's neurons may be multiplied so that its function stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from graphgen import Scalings, Template
from metanet.errors import MetanetError
from metanet.models.chain import ChainLayer


@dataclass(frozen=True)
class Scale:
    """The factors that a state may be multiplied by: negative ones, and those of any size."""

    sign: bool = False
    size: bool = False

    def __or__(self, other: Scale) -> Scale:
        return Scale(self.sign or other.sign, self.size or other.size)

    def __bool__(self) -> bool:
        return self.sign or self.size


@lru_cache(maxsize=4096)
def layer_scales(template: Template, layers: tuple[ChainLayer, ...]) -> tuple[Scale, ...]:
    """Give the scales of a chain's inputs, hidden layers and outputs, from `graphgen.Scalings`.

    Inputs and outputs have no factors; since every function suits them, they take that of their
    neighbours. Raises `MetanetError` where no layer has any, or one has others than these.
    """
    scalings = Scalings(template)
    hidden = [scale_of(template, scalings, layer) for layer in layers[:-1]]
    if not any(hidden):
        steps = [", ".join(layer.steps) or "none" for layer in layers[:-1]]
        raise MetanetError(
            "ScaleGMN needs hidden neurons that may be multiplied by numbers, as before ReLU or "
            f"tanh; the hidden layers have the steps {'; '.join(steps) or 'none'}, so there is no "
            "scaling symmetry to build in"
        )
    return hidden[0], *hidden, hidden[-1]


def scale_of(template: Template, scalings: Scalings, layer: ChainLayer) -> Scale:
    """Give the scale of one hidden layer: that of what enters its neurons, and of what they say."""
    unknowns = scalings.unknowns
    place = next(i for i, g in enumerate(template.node_groups) if g.start == layer.first_node)
    stages = [scalings.stages[place][0], scalings.stages[place][-1]]
    if layer.bias is not None:
        stages.append(scalings.targets(next(b for b in template.blocks if b.tensor == layer.bias)))
    (roots, powers), *others = [unknowns.find_all(stage.reshape(-1)) for stage in stages]
    fixed = [unknowns.fixed(found) for found, _ in ((roots, powers), *others)]
    if all(one.all() for one in fixed):
        return Scale()
    same = all(
        np.array_equal(found, roots) and np.array_equal(raised, powers) for found, raised in others
    )
    kinds = {(bool(unknowns.positive[root]), bool(unknowns.unit[root])) for root in roots}
    if not same or fixed[0].any() or len(kinds) > 1 or len(np.unique(roots)) < len(roots):
        raise shared(layer)
    ((positive, unit),) = kinds
    return Scale(sign=not positive, size=not unit)


def shared(layer: ChainLayer) -> MetanetError:
    """Say that neurons have scales that no layer of ScaleGMN has."""
    return MetanetError(
        f"ScaleGMN needs a factor of its own for each neuron of a layer, of one kind, and for its "
        f"bias too; the neurons of {layer.weight!r} (steps {', '.join(layer.steps) or 'none'}) "
        "have others. GMN takes any network"
    )


def edge_scales(scales: Sequence[Scale]) -> tuple[Scale, ...]:
    """Give the scales of the weights between layers: quotients of their ends'."""
    own = (Scale(), *scales[1:-1], Scale())
    return tuple(source | target for source, target in pairwise(own))
