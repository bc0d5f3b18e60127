"""Edits of the networks of the literature follow their symmetries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.testing import assert_editor_equivariant

NETWORKS = sorted((Path(__file__).parents[1] / "graphgen" / "networks").glob("*.yaml"))
PARTS = 12


def graphs_of(paths: list[Path]) -> list[graphgen.Graph]:
    rng = np.random.default_rng(0)
    nets = [spec.load(path) for path in paths]
    return [graphgen.compile(net, random_weights(net, rng)) for net in nets]


def editor() -> metanet.GMNEditor:
    torch.manual_seed(0)
    return metanet.GMNEditor(hidden=8, layers=2).double()


@pytest.mark.parametrize("part", range(PARTS))
def test_edits_follow_the_symmetries(part: int) -> None:
    graphs = graphs_of(NETWORKS[part::PARTS])
    assert_editor_equivariant(editor(), graphs, np.random.default_rng(0), count=1)


def test_an_editor_that_counts_places_is_caught() -> None:
    def placed(batch: metanet.Batch) -> tuple[metanet.Batch, ...]:
        changes = [
            torch.arange(part.values.shape[1]) * torch.ones_like(part.values)
            for part in batch.parts
        ]
        return (metanet.models.editor.add_changes(batch, changes),)

    graphs = graphs_of(NETWORKS[::PARTS])
    with pytest.raises(AssertionError, match="permuting a network's neurons changes"):
        assert_editor_equivariant(placed, graphs, np.random.default_rng(0), count=1)
