"""Scales: by what a chain's neurons may be multiplied so that its function stays as it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

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


@dataclass(frozen=True)
class LayerScale:
    """The factors of a layer's neurons, one for each: of what enters them, and if it goes on.

    Not `through`: what the neurons say is the same whatever the factor (a cosine's sign).
    """

    into: Scale = Scale()
    through: bool = True

    @property
    def out(self) -> Scale:
        """The factors of what the neurons say."""
        return self.into if self.through else Scale()


@lru_cache(maxsize=4096)
def layer_scales(template: Template, layers: tuple[ChainLayer, ...]) -> tuple[LayerScale, ...]:
    """Give the scales of a chain's inputs, hidden layers and outputs, from `graphgen.Scalings`.

    Inputs and outputs have no factors; since every function suits them, they take that of their
    neighbours. Raises `MetanetError` where no layer has any, or one has others than these.
    """
    scalings = Scalings(template)
    hidden = [scale_of(template, scalings, layer) for layer in layers[:-1]]
    if not any(scale.into for scale in hidden):
        steps = [", ".join(layer.steps) or "none" for layer in layers[:-1]]
        raise MetanetError(
            "ScaleGMN needs hidden neurons that may be multiplied by numbers, as before ReLU or "
            f"tanh; the hidden layers have the steps {'; '.join(steps) or 'none'}, so there is no "
            "scaling symmetry to build in"
        )
    return LayerScale(hidden[0].into), *hidden, LayerScale(hidden[-1].into)


def scale_of(template: Template, scalings: Scalings, layer: ChainLayer) -> LayerScale:
    """Give the scale of one hidden layer."""
    unknowns = scalings.unknowns
    place = next(i for i, g in enumerate(template.node_groups) if g.start == layer.first_node)
    stages = scalings.stages[place]
    entering = [unknowns.find(int(unknown)) for unknown in stages[0]]
    leaving = [unknowns.find(int(unknown)) for unknown in stages[-1]]
    free = [not unknowns.fixed(root) for root, _ in entering]
    if not any(free):
        if not all(unknowns.fixed(root) for root, _ in leaving):
            raise shared(layer)
        return LayerScale()
    kinds = {(unknowns.positive[root], unknowns.unit[root]) for root, _ in entering}
    if not all(free) or len(kinds) > 1 or len({root for root, _ in entering}) < len(entering):
        raise shared(layer)
    if layer.bias is not None and entering != biased(template, scalings, layer.bias):
        raise shared(layer)
    through = leaving == entering
    if not through and not all(unknowns.fixed(root) for root, _ in leaving):
        raise shared(layer)
    ((positive, unit),) = kinds
    return LayerScale(Scale(sign=not positive, size=not unit), through)


def biased(template: Template, scalings: Scalings, bias: str) -> list[tuple[int, int]]:
    """Give the factors of the values that a layer's biases enter."""
    block = next(b for b in template.blocks if b.tensor == bias)
    return [scalings.unknowns.find(int(u)) for u in scalings.targets(block).reshape(-1)]


def shared(layer: ChainLayer) -> MetanetError:
    """Say that neurons have scales that no layer of ScaleGMN has."""
    return MetanetError(
        f"ScaleGMN needs a factor of its own for each neuron of a layer, of one kind, and for its "
        f"bias too; the neurons of {layer.weight!r} (steps {', '.join(layer.steps) or 'none'}) "
        "have others. GMN takes any network"
    )


def edge_scales(layers: Iterable[LayerScale]) -> tuple[Scale, ...]:
    """Give the scales of the weights between layers: quotients of their ends'."""
    ends = tuple(layers)
    own = [LayerScale(), *ends[1:-1], LayerScale()]
    return tuple(own[i].out | own[i + 1].into for i in range(len(own) - 1))
