"""Branches: whole layers that a sum reads and nothing else, as the body of a residual block."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from graphgen.errors import described
from graphgen.units.families import Slice
from spec import Architecture
from spec.architecture import ResolvedLayer
from spec.primitives import Shape


@dataclass(frozen=True, eq=False)
class Branches:
    """Alike operands of one sum that may leave it, each with all layers that nothing else reads.

    They are read as a `Family` is, whose `size` this counts. One operand of the sum always stays:
    of the branches themselves, unless the sum has others. `layers` and `tensors` are those of each.
    """

    net: str
    name: str
    sum: str
    operands: tuple[str, ...]
    layers: tuple[tuple[str, ...], ...] = field(repr=False)
    owned: tuple[dict[str, Shape], ...] = field(repr=False)
    trained: frozenset[str] = field(repr=False)
    kind: str = field(default="branch", repr=False)
    copies: tuple[int, ...] = field(default=(), repr=False)
    together: tuple[str, ...] = field(default=(), repr=False)

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.operands)

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[Branch]:
        return (Branch(self, item) for item in range(self.size))

    def __getitem__(self, item: int) -> Branch:
        """Give a branch by its number."""
        if not isinstance(item, (int, np.integer)) or not 0 <= item < self.size:
            raise IndexError(f"{self.name} has {self.size} branches, got {described(item)}")
        return Branch(self, int(item))

    @property
    def parameters(self) -> int:
        """The number of trained scalars of one of them."""
        return self[0].parameters

    @property
    def tensors(self) -> tuple[str, ...]:
        """The tensors that leave with them."""
        return tuple(name for each in self.owned for name in each)

    def __repr__(self) -> str:
        return f"<{self.name}: {self.size}, {self.parameters:,} parameters a branch>"


@dataclass(frozen=True)
class Branch:
    """An operand of a sum, and the layers that leave with it; `item` of its family's."""

    family: Branches
    item: int

    @property
    def name(self) -> str:
        """Its family's name and its number: `1.body/branch[0]`."""
        return f"{self.family.name}[{self.item}]"

    @property
    def kind(self) -> str:
        """The word `branch`."""
        return self.family.kind

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that leave with it."""
        return self.family.layers[self.item]

    @property
    def parameters(self) -> int:
        """The number of trained scalars that leave with it."""
        owned = self.family.owned[self.item].items()
        return sum(prod(shape) for name, shape in owned if name in self.family.trained)

    @property
    def slices(self) -> tuple[Slice, ...]:
        """Its tensors, whole."""
        owned = self.family.owned[self.item].items()
        # A tensor of one number has no axis along which it would be.
        return tuple(
            Slice(name, 0 if shape else -1, np.arange(shape[0] if shape else 1))
            for name, shape in owned
        )

    def __repr__(self) -> str:
        return f"<{self.name}: {self.parameters:,} parameters of {len(self.layers)} layers>"


def branches_of(net: Architecture) -> list[Branches]:
    """List the branches of an architecture, the alike ones of each sum together."""
    made = {layer.output: layer for layer in net.layers if layer.type != "identity"}
    readers: dict[str, list[str]] = {name: [""] for name in net.outputs}
    users: dict[str, set[str]] = {}
    for layer in net.layers:
        for name in layer.inputs if layer.type != "identity" else ():
            readers.setdefault(name, []).append(layer.name)
        for tensor in layer.tensors.values():
            users.setdefault(tensor, set()).add(layer.name)
    found = []
    for layer in net.layers:
        if layer.type != "add":
            continue
        alike: dict[str, list[tuple[str, list[ResolvedLayer]]]] = {}
        for name in layer.inputs:
            leaving = closure(layer, name, made, readers)
            own = [net.tensors[t] for each in leaving for t in each.tensors.values()]
            whole = any(
                net.shapes[other] == net.shapes[layer.output]
                for other in layer.inputs
                if other != name
            )
            if whole and any(tensor.trainable for tensor in own):
                alike.setdefault(signature(net, leaving), []).append((name, leaving))
        for group in alike.values():
            several = len(group) > 1
            title = layer.name if several else made[group[0][0]].name
            gone = [tuple(each.name for each in leaving) for _, leaving in group]
            owned = [
                {
                    tensor: net.tensors[tensor].shape
                    for each in leaving
                    for tensor in each.tensors.values()
                    if users[tensor] <= {*names}
                }
                for names, (_, leaving) in zip(gone, group, strict=True)
            ]
            operands = tuple(name for name, _ in group)
            found.append(
                Branches(
                    net.hash,
                    f"{title}/branch",
                    layer.name,
                    operands,
                    tuple(gone),
                    tuple(owned),
                    frozenset(net.parameters),
                )
            )
    return found


def closure(
    top: ResolvedLayer, operand: str, made: dict[str, ResolvedLayer], readers: dict[str, list[str]]
) -> list[ResolvedLayer]:
    """List the layers that nothing reads once a sum no longer reads an operand, from the last."""
    gone: dict[str, ResolvedLayer] = {}
    waiting = [operand]
    while waiting:
        layer = made.get(waiting.pop())
        if layer is None or layer.name in gone:
            continue
        of = {top.name} if layer.output == operand else gone.keys()
        read = [name for own in (layer.output, *layer.further) for name in readers.get(own, [])]
        if not set(read) <= of or (layer.output == operand and len(read) > 1):
            continue
        gone[layer.name] = layer
        # A layer is asked again for each of its readers that goes.
        waiting += layer.inputs
    return [*gone.values()]


def signature(net: Architecture, layers: list[ResolvedLayer]) -> str:
    """Write what makes branches alike: the types of their layers, and the shapes of all they have.

    Fields may differ, as those of a slice that takes the share of one expert.
    """
    rows: list[Any] = [
        (
            layer.type,
            layer.output_shape,
            [(key, net.tensors[name].shape) for key, name in layer.tensors.items()],
        )
        for layer in layers
    ]
    return json.dumps(rows)
