"""A published network: its description, and the code of others that computes the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from oracles.orders_by_hand import by_hand, formula
from torch import Tensor, nn

import graphgen
import spec
from graphgen.testing import random_inputs

Array = NDArray[Any]
FOLDER = Path(spec.__file__).parent / "nets"


@dataclass(frozen=True, eq=False)
class Published:
    """A network of `spec/nets`, and a torch module that computes the same and has the same names.

    `call(model, *inputs)` gives the module's outputs as the network has them, one or several.
    `compared` says whose code the module is. The order of the symmetries is worked out by hand, and
    stands in the network's file: `# order: 4! * 2!^3: channels, heads`.
    """

    title: str
    paper: str
    file: str
    compared: str
    model: Callable[[], nn.Module]
    call: Callable[..., Tensor | Sequence[Tensor]]
    variables: Mapping[str, Any] = field(default_factory=dict)
    inputs: Callable[[spec.Architecture, np.random.Generator], Sequence[Array]] = random_inputs
    tolerance: float = 1e-10
    """What the reference leaves: 1e-10, or 1e-5 where it computes a part in float32."""
    state: Callable[[nn.Module], Mapping[str, Tensor]] = nn.Module.state_dict
    """What is saved of the module: `state_dict` for nearly all."""

    @property
    def path(self) -> Path:
        return FOLDER / self.file

    @property
    def order(self) -> int:
        return by_hand(self.path.read_text(encoding="utf-8"))

    @property
    def formula(self) -> str:
        return formula(self.path.read_text(encoding="utf-8"))

    def load(self) -> spec.Architecture:
        return spec.load(self.path, **self.variables)


class Compared:
    """A published network with its module's weights, inputs, and the module's outputs there."""

    def __init__(self, published: Published, seed: int = 0) -> None:
        self.published = published
        self.net = published.load()
        self.module = published.model().double().eval()
        fill(self.module, seed)
        self.inputs = list(published.inputs(self.net, np.random.default_rng(seed)))
        self.state = {
            name: value.detach().numpy().copy()
            for name, value in published.state(self.module).items()
        }
        self.checkpoint = graphgen.Checkpoint.read(self.net, self.state)
        self.expected = self.outputs()

    def outputs(self) -> list[Array]:
        """Evaluate the module."""
        with torch.no_grad():
            found = self.published.call(self.module, *map(torch.from_numpy, self.inputs))
        values = [found] if isinstance(found, Tensor) else list(found)
        return [value.numpy().copy() for value in values]

    def moved(self, weights: Mapping[str, Array]) -> list[Array]:
        """Evaluate the module with other weights, given by the network's names."""
        stored = self.checkpoint.restore(dict(weights))
        held = dict(self.published.state(self.module))
        kept = {name: value.detach().clone() for name, value in held.items()}
        with torch.no_grad():
            for name, value in stored.items():
                held[name].copy_(torch.from_numpy(value))
            found = self.outputs()
            for name, value in kept.items():
                held[name].copy_(value)
        return found


def fill(module: nn.Module, seed: int) -> None:
    """Draw all weights anew, none of them special; scales around one, variances positive."""
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in module.parameters():
            normal = torch.randn(value.shape, generator=draw, dtype=value.dtype)
            value.copy_(1 + 0.3 * normal if bool((value == 1).all()) else 0.3 * normal)
        for name, value in module.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                normal = torch.randn(value.shape, generator=draw, dtype=value.dtype)
                value.copy_((0.4 * normal).exp() if name.endswith("var") else 0.4 * normal)


@cache
def compared(published: Published) -> Compared:
    """Compare a network once."""
    return Compared(published)
