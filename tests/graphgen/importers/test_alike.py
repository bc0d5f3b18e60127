"""What is alike for all samples is computed once, however a module repeats it for each."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from oracles.imported_modules import imported, made_random
from torch import Tensor

from graphgen.importers import ImportRefusalError

Function = Callable[[torch.nn.Module, Tensor], Tensor]
F = torch.nn.functional
ROWS, HEADS, WIDTH = 5, 3, 4


class Learned(torch.nn.Module):
    """Computes a function of its parameters and of `[samples, rows, width]`."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.token = torch.nn.Parameter(torch.empty(1, 1, WIDTH))
        self.table = torch.nn.Parameter(torch.empty(ROWS, WIDTH))
        self.bias = torch.nn.Parameter(torch.empty(1, HEADS, ROWS, ROWS))
        self.linear = torch.nn.Linear(WIDTH, WIDTH)
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


def scores(x: Tensor) -> Tensor:
    """Give `[samples, heads, rows, rows]`."""
    each = torch.stack([x * (k + 1) for k in range(HEADS)], 1)
    return each @ each.transpose(-1, -2)


def masked(x: Tensor) -> Tensor:
    hidden = torch.triu(torch.ones(ROWS, ROWS, dtype=torch.bool), 1)
    return hidden[None, None].expand(len(x), 1, -1, -1)


def windows(x: Tensor) -> Tensor:
    """Give other numbers for each of two windows of a sample, and the same for each sample."""
    return (
        torch.arange(2 * ROWS * ROWS, dtype=x.dtype).view(2, 1, ROWS, ROWS).repeat(len(x), 1, 1, 1)
    )


def in_windows(m: torch.nn.Module, x: Tensor) -> Tensor:
    both = torch.stack([x, 2 * x], 1).flatten(0, 1)
    return (scores(both) + (m.bias + windows(x))).softmax(-1)


def positions(x: Tensor) -> Tensor:
    return torch.arange(x.shape[1])[None].expand(len(x), -1)


CASES: dict[str, Function] = {
    "a learned token": lambda m, x: torch.cat([m.token.expand(len(x), -1, -1), x], 1),
    "rows of a table": lambda m, x: x + m.table[positions(x)],
    "an embedding of positions": lambda m, x: x + F.embedding(positions(x), m.table),
    "a learned bias and a mask": lambda m, x: (scores(x) + (m.bias + masked(x) * -1e4)).softmax(-1),
    "a learned bias that is masked": lambda m, x: (
        scores(x) + m.bias.masked_fill(masked(x), -9.0)
    ).softmax(-1),
    "a mask of windows": in_windows,
    "a linear map of constants": lambda m, x: x * m.linear(torch.ones_like(x)[:, :1].sin()),
    "a product with constants": lambda m, x: torch.einsum(
        "nrw,nrv->nwv", x, torch.einsum("nrw,vw->nrv", torch.ones_like(x).cumsum(1), m.table[:2])
    ),
    "a learned value, repeated": lambda m, x: x + m.linear(m.table)[None].repeat(len(x), 1, 1),
    "heads, repeated": lambda m, x: torch.bmm(
        scores(x).flatten(0, 1), m.bias[0].sin().repeat(len(x), 1, 1)
    ).view(len(x), -1),
    "one item each, interleaved": lambda m, x: (
        x.flatten(0, 1) * m.linear(m.table).repeat_interleave(1, 0).repeat(len(x), 1)
    ).view_as(x),
    "learned queries": lambda m, x: F.scaled_dot_product_attention(m.table[None, :2], x, x),
    "keys of one head": lambda m, x: F.scaled_dot_product_attention(
        torch.stack([x, 2 * x, x.sin()], 1), x[:, None], x[:, None].cos()
    ),
    "slices without items": lambda m, x: torch.cat([x[..., :WIDTH] * 2, x[..., WIDTH:].sin()], -1),
    "halves of one item": lambda m, x: torch.cat([-x[..., :1][..., 0:], x[..., :1][..., :0]], -1),
}


@pytest.mark.parametrize("samples", [2, pytest.param(1, marks=pytest.mark.long), ROWS])
@pytest.mark.parametrize("name", CASES)
def test_what_is_alike(name: str, samples: int) -> None:
    module = made_random(Learned(CASES[name]))
    found = imported(module, torch.randn(samples, ROWS, WIDTH, dtype=torch.float64), batch_axis=0)
    assert found.batch_axes == (0,)


@pytest.mark.parametrize(
    "function",
    [
        lambda m, x: x + torch.arange(len(x), dtype=x.dtype).view(-1, 1, 1),
        lambda m, x: x + m.table[torch.arange(len(x))][:, None],
        lambda m, x: x + (m.table[:, None, :1] + torch.ones(ROWS, 1, 1))[: len(x)],
    ],
)
def test_what_differs_between_samples_is_refused(function: Function) -> None:
    module = made_random(Learned(function))
    with pytest.raises(ImportRefusalError, match="samples"):
        imported(module, torch.randn(3, ROWS, WIDTH, dtype=torch.float64), batch_axis=0)
