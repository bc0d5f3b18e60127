"""What inputs may be: truth and counts are numbers, categories have tables of their own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import graphgen
import metanet
import spec
from graphgen import GraphError

COLUMNS = """
inputs: {rows: [2]}
layers:
  - select: {name: first, inputs: rows, dim: 1, index: 0}
  - embedding: {name: e, num_embeddings: 5, embedding_dim: 2}
  - select: {name: second, inputs: rows, dim: 1, index: 1}
  - embedding: {name: f, num_embeddings: 3, embedding_dim: 2}
  - concat: {inputs: [e, f]}
  - linear: {name: out, out_features: 2}
"""


@pytest.mark.parametrize("dtype", [bool, np.int64, np.uint8, np.float32])
@pytest.mark.parametrize(
    "layer",
    [
        "affine: {scale: -1.0, shift: 1.0}",
        "clamp: {min: 0.25}",
        "shift_by: {value: 1.0}",
        "square",
        "exp",
        "power: {exponent: 2.0}",
    ],
)
def test_truth_and_counts_are_numbers(layer: str, dtype: type) -> None:
    net = spec.loads(f"inputs: {{m: [3]}}\nlayers: [{layer}]")
    x = np.array([[1, 1, 0], [0, 1, 1]])
    meant = graphgen.evaluate(net, {}, x.astype(np.float64))
    assert np.allclose(graphgen.evaluate(net, {}, x.astype(dtype)), meant)
    assert not np.allclose(meant, graphgen.evaluate(net, {}, 1.0 - x))
    graph = graphgen.compile(net, {}, kind="computation")
    assert np.allclose(graphgen.evaluate(graph, x.astype(dtype)), meant)


def test_each_column_of_categories_has_its_table() -> None:
    net = spec.loads(COLUMNS)
    assert net.index_limits == {"rows": 5}
    assert net.index_inputs == {"rows": 3}
    rng = np.random.default_rng(0)
    weights = {name: rng.normal(size=shape) for name, shape in net.parameters.items()}
    rows = np.array([[4, 2], [0, 1]])
    both = np.concatenate([weights["e.weight"][rows[:, 0]], weights["f.weight"][rows[:, 1]]], 1)
    meant = both @ weights["out.weight"].T + weights["out.bias"]
    assert np.allclose(graphgen.evaluate(net, weights, rows), meant)
    tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
    assert np.allclose(metanet.evaluate.run(net, tensors, torch.from_numpy(rows)).numpy(), meant)


def test_indices_that_no_table_has_are_refused() -> None:
    net = spec.loads(COLUMNS)
    weights = {name: np.zeros(shape) for name, shape in net.parameters.items()}
    with pytest.raises(GraphError, match="from 0 to 4, got 0 to 5"):
        graphgen.evaluate(net, weights, np.array([[5, 0]]))
    with pytest.raises(GraphError, match="layer 'f': expected indices from 0 to 2, got 3"):
        graphgen.evaluate(net, weights, np.array([[4, 3]]))
    tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
    with pytest.raises(metanet.MetanetError, match="3 entries"):
        metanet.evaluate.run(net, tensors, torch.tensor([[4, 3]]))


def test_a_table_that_reads_all_bounds_all() -> None:
    net = spec.loads(
        "inputs: {rows: [2]}\nlayers:\n"
        "  - embedding: {name: whole, inputs: rows, num_embeddings: 4, embedding_dim: 2}\n"
        "  - select: {name: first, inputs: rows, dim: 1, index: 0}\n"
        "  - embedding: {name: e, num_embeddings: 9, embedding_dim: 2}\n"
        "outputs: [whole, e]\n"
    )
    assert net.index_limits == {"rows": 4}


def test_one_number_for_each_sample() -> None:
    net = spec.loads("inputs: {time: [1]}\nlayers: [{linear: {out_features: 2, name: out}}]")
    weights = {"out.weight": np.ones((2, 1)), "out.bias": np.zeros(2)}
    times = np.arange(3.0)
    meant = graphgen.evaluate(net, weights, times[:, None])
    assert np.array_equal(graphgen.evaluate(net, weights, times), meant)
    with pytest.raises(GraphError, match="expected"):
        graphgen.evaluate(net, weights, np.ones((3, 2)))
