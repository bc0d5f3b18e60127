"""Tensors that a module uses in several forms stay one tensor."""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest
import torch
from oracles.imported_modules import imported, made_random
from torch import nn
from torch.nn import functional as F

import graphgen
from graphgen.importers.network import Network, Node, Weight
from graphgen.importers.overlaps import overlapping
from graphgen.testing import assert_round_trip, assert_symmetric


class Tied(nn.Module):
    """An autoencoder whose last map is the first one's transpose."""

    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Linear(6, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(torch.tanh(self.encode(x)), self.encode.weight.t())


class TiedParameter(nn.Module):
    """The same with two parameters that lie in the same memory."""

    def __init__(self) -> None:
        super().__init__()
        exact = torch.float64
        self.encode = nn.Linear(6, 5, dtype=exact)
        self.decode = nn.Linear(5, 6, dtype=exact)
        self.decode.weight = nn.Parameter(self.encode.weight.data.t())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decode(torch.tanh(self.encode(x)))


class Parts(nn.Module):
    """All rows of a matrix, and the first ones again."""

    def __init__(self) -> None:
        super().__init__()
        self.all = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.tanh(self.all(x))
        return F.linear(y, self.all.weight[:2], self.all.bias[:2])


class Embedded(nn.Module):
    """A table that is the head as well, of another name."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.head = nn.Embedding(7, 4), nn.Linear(4, 7)
        self.head.weight = self.table.weight

    def forward(self, indices: torch.Tensor) -> torch.Tensor:
        return self.head(torch.tanh(self.table(indices)))


def inputs(module: nn.Module) -> torch.Tensor:
    if isinstance(module, Embedded):
        return torch.tensor([[0, 3, 6], [1, 2, 2]])
    width = 4 if isinstance(module, Parts) else 6
    return torch.randn(3, width, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("make", "order", "tensors"),
    [(Tied, factorial(5), 2), (TiedParameter, factorial(5), 3), (Parts, 1, 2), (Embedded, 24, 2)],
)
def test_one_tensor_in_several_forms(make: type[nn.Module], order: int, tensors: int) -> None:
    module = made_random(make())
    x = inputs(module)
    found = imported(module, x)
    assert len(found.weights) == tensors
    assert_round_trip(found.net, found.weights)
    given = found.inputs_of(x.numpy())
    assert_symmetric(found.net, found.weights, given, np.random.default_rng(0))
    assert graphgen.symmetries(found.net).order == order


def test_what_shares_no_number_is_apart() -> None:
    whole = np.zeros((6, 4))

    def made(*arrays: np.ndarray) -> Network:
        nodes = [
            Node("linear", ("x",), f"y{i}", (len(a),), tensors={"weight": Weight("w", a)})
            for i, a in enumerate(arrays)
        ]
        return Network({"x": (4,)}, tuple(nodes), ("y0",))

    assert overlapping(made(whole[:3], whole[3:], whole[::1][:3])) == set()
    assert overlapping(made(whole[::2], whole[1::2])) == set()
    assert overlapping(made(whole, whole.T)) == {"w"}
    assert overlapping(made(whole[:4], whole[3:])) == {"w"}
