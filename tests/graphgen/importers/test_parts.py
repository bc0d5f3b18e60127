"""Parts of tables are parts of whole tensors; tied tensors have one name, and are found by all."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracles.imported_modules import imported, made_random
from torch import nn

import graphgen
from graphgen.importers.parts import cut_of


@pytest.mark.parametrize("seed", range(60))
def test_cuts_are_found_again(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rank = int(rng.integers(1, 4))
    base = rng.normal(size=tuple(rng.integers(1, 6, rank)))
    cuts = []
    for n in base.shape:
        first = int(rng.integers(n))
        cuts.append(slice(first, int(rng.integers(first, n)) + 1, int(rng.integers(1, 3))))
    order = [int(axis) for axis in rng.permutation(rank)]
    view = base[tuple(cuts)].transpose(order)
    cut = cut_of(view, base)
    assert cut is not None
    again = base[np.ix_(*cut.items)]
    left = [axis for axis in range(rank) if axis not in cut.order]
    assert np.array_equal(again.transpose([*cut.order, *left]).reshape(view.shape), view)
    assert cut.is_whole(base.shape) == (view.size == base.size)


def test_what_is_no_cut() -> None:
    base = np.arange(24.0).reshape(4, 6)
    for view in (
        base.reshape(4, 2, 3),
        base[::-1],
        np.broadcast_to(base[0], (3, 6)),
        base.reshape(-1)[1:13].reshape(2, 6),
        base.copy(),
        base.astype(np.float32),
    ):
        assert cut_of(view, base) is None


class Rows(nn.Module):
    """Adds rows of a learned table to a sequence."""

    def __init__(self, rows: list[int], offset: int = 0) -> None:
        super().__init__()
        self.table = nn.Embedding(9, 4)
        self.register_buffer("rows", torch.tensor(rows) + offset)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(x + self.table(self.rows))


@pytest.mark.parametrize(
    ("rows", "layer"),
    [
        ([0, 1, 2], "position_embedding"),
        ([3, 4, 5], "position_embedding"),
        ([0, 2, 4], "slice"),
        ([1, 1, 1], "narrow"),
        ([2, 0, 1], "index_select"),
    ],
)
def test_rows_of_a_table(rows: list[int], layer: str) -> None:
    module = made_random(Rows(rows))
    x = torch.randn(2, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = imported(module, x)
    assert layer in [each.type for each in found.net.layers]
    assert found.net.parameters == {"table.weight": (9, 4)}
    assert found.weights["table.weight"].shape == (9, 4)


class Tied(nn.Module):
    """A table of words that is the last layer, too."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(7, 4)
        self.head = nn.Linear(4, 7, bias=False)
        self.head.weight = self.words.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.tanh(self.words(x)))


def test_tied_tensors_have_the_name_of_where_they_are_read_first() -> None:
    module = made_random(Tied())
    found = imported(module, torch.tensor([[1, 2, 3], [4, 5, 6]]))
    assert list(found.net.parameters) == ["words.weight"]
    for left in ("words.weight", "head.weight"):
        stored = {left: module.words.weight.detach().numpy()}
        checkpoint = graphgen.Checkpoint.read(found.net, stored)
        assert np.array_equal(checkpoint.weights["words.weight"], stored[left])
