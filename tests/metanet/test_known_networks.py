"""Predictions and edits of the networks of the literature follow their symmetries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.testing import assert_editor_equivariant, assert_invariant

NETWORKS = [
    *sorted((Path(__file__).parents[1] / "graphgen" / "networks").glob("*.yaml")),
    *sorted((Path(spec.__file__).parent / "nets" / "published").glob("*.yaml")),
]
PARTS = 16
WIDTHS = """
inputs: {x: [3]}
layers:
  - linear: {name: a, inputs: x, out_features: 4, bias: false}
  - linear: {name: b, inputs: x, out_features: %d, bias: false}
  - concat: {inputs: [a, b]}
  - linear: {out_features: 2}
"""


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


@pytest.mark.parametrize("readout", [("mean", "deviation"), ("quantiles",)])
@pytest.mark.parametrize("part", range(PARTS))
def test_predictions_follow_the_symmetries(part: int, readout: tuple[str, ...]) -> None:
    torch.manual_seed(0)
    model = metanet.GMN(hidden=8, layers=2, outputs=3, readout=readout).double()
    graphs = graphs_of(NETWORKS[part::PARTS])
    assert_invariant(model, graphs, np.random.default_rng(0), count=1)


def test_units_of_layers_of_other_widths_are_told_apart() -> None:
    torch.manual_seed(0)
    model = metanet.GMN(hidden=8, layers=2, outputs=3).double()
    rng = np.random.default_rng(0)
    even, uneven = (
        [graphgen.compile(net, random_weights(net, rng)) for _ in range(2)]
        for net in (spec.loads(WIDTHS % width) for width in (4, 6))
    )
    assert_invariant(model, even, rng, count=3)
    with pytest.raises(AssertionError, match="permut"):
        assert_invariant(model, uneven, rng, count=3)


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
