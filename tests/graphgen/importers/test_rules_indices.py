"""Masks of padding, of an input that holds indices into a table."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracles.imported_modules import difference
from torch import nn

import graphgen
from graphgen.importers import from_torch


class Masked(nn.Module):
    """The mean of the words that are not padding, or are, by a comparison."""

    def __init__(self, how: str, padding: int) -> None:
        super().__init__()
        self.table = nn.Embedding(7, 4)
        self.how, self.padding = how, padding

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        mask = getattr(ids, self.how)(self.padding).unsqueeze(-1).float()
        return (self.table(ids) * mask).sum(1) / (mask.sum(1) + 1)


@pytest.mark.parametrize(("how", "padding"), [("ne", 0), ("eq", 3), ("gt", 0)])
def test_a_comparison_of_an_index_is_an_item_of_its_one_hot(how: str, padding: int) -> None:
    torch.manual_seed(0)
    module, ids = Masked(how, padding).double().eval(), torch.randint(0, 7, (3, 9))
    found = from_torch(module, (ids,))
    assert "one_hot" in {layer.type for layer in found.net.layers}
    made = graphgen.evaluate(found.net, found.weights, *found.inputs_of(ids.numpy()))
    np.testing.assert_allclose(made, module(ids).detach().numpy(), rtol=1e-9, atol=1e-12)
    other = Masked("ne", 5).double().eval()
    other.load_state_dict(module.state_dict())
    assert not np.allclose(made, other(ids).detach().numpy())


@pytest.mark.parametrize(("how", "padding"), [("eq", 7), ("ne", -1), ("gt", 2)])
def test_comparisons_that_no_item_says_are_of_counted_ids(how: str, padding: int) -> None:
    module, ids = Masked(how, padding).eval(), torch.randint(0, 7, (3, 9))
    found = from_torch(module, (ids,))
    assert difference(found, module, ids) <= 1e-6
