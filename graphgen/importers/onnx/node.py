"""A node of a model while it is read: its inputs, attributes, version and types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.traced import Constant, Parameter, Traced, Value
from graphgen.importers.tracer import Tracer

MOST_SETTINGS = 4096
"""The most numbers of a stored array that is no weight, but says how something is computed."""


@dataclass(frozen=True, eq=False)
class Node:
    """An operator with what it reads.

    `version` is that of the operator set of its domain. `kinds` says of each input whether it holds
    real numbers (`f`), whole ones (`i`, `u`) or truth values (`b`). `run` reads a subgraph.
    """

    tracer: Tracer
    operator: str
    version: int
    inputs: Sequence[Any]
    kinds: Sequence[str]
    attributes: Mapping[str, Any]
    outputs: Sequence[str]
    run: Any = None
    gives: list[str] = field(default_factory=list)

    def has(self, place: int) -> bool:
        """Say whether an input is given."""
        return place < len(self.inputs) and self.inputs[place] is not None

    def __getitem__(self, place: int) -> Traced:
        """Give an input that must be there."""
        if not self.has(place):
            self.tracer.refuse(f"its input {place} is missing")
        x = self.inputs[place]
        if isinstance(x, list):
            self.tracer.refuse(f"its input {place} is a sequence, expected a tensor")
        found: Traced = x
        return found

    def optional(self, place: int) -> Traced | None:
        """Give an input, or None."""
        return self[place] if self.has(place) else None

    def kind(self, place: int = 0) -> str:
        """Say what numbers an input holds."""
        return self.kinds[place] if place < len(self.kinds) else "f"

    def value(self, place: int = 0) -> Value:
        """Give an input as a value of the network."""
        return self.tracer.value(self[place])

    def known(self, place: int, what: str) -> NDArray[Any]:
        """Give the numbers of an input that must not depend on what the network computes."""
        x = self[place]
        if isinstance(x, Constant):
            return x.array
        if isinstance(x, Parameter) and x.array.size <= MOST_SETTINGS:
            return x.array
        self.tracer.refuse(f"{what} is computed; expected a constant")

    def integers(self, place: int, what: str) -> list[int]:
        """Give whole numbers of an input that must be constant."""
        return [int(n) for n in np.asarray(self.known(place, what)).reshape(-1)]

    def number(self, place: int, what: str, default: float) -> float:
        """Give the one number of an input that must be constant, or the default."""
        if not self.has(place):
            return default
        array = np.asarray(self.known(place, what))
        if array.size != 1:
            self.tracer.refuse(f"{what} has the shape {list(array.shape)}, expected one number")
        return float(array.reshape(()))

    def attribute(self, name: str, default: Any = None) -> Any:
        """Give an attribute, or the default."""
        return self.attributes.get(name, default)

    def axes(self, place: int, name: str = "axes") -> list[int] | None:
        """Give axes that are an attribute, or an input of later versions; None where unsaid."""
        if name in self.attributes:
            found = self.attributes[name]
            return [int(n) for n in found] if isinstance(found, Sequence) else [int(found)]
        return self.integers(place, f"`{name}`") if self.has(place) else None

    def wants(self, place: int) -> bool:
        """Say whether something reads an output."""
        return place < len(self.outputs) and bool(self.outputs[place])
