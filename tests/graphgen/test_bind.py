"""Binding many networks of one architecture: what is compared, what is kept, what is made when."""

from __future__ import annotations

import gc
import pickle
import weakref
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from oracles.stored_layouts import bits, section

import graphgen
import spec
from graphgen.checkpoint import Form, open_checkpoint
from graphgen.checkpoint.fits import KEPT
from graphgen.testing import random_weights
from spec.testing.network import description

Weights = dict[str, np.ndarray[Any, Any]]
NET = """
inputs: {x: [3]}
layers: [{linear: {out_features: 4}}, batch_norm, relu, {linear: {out_features: 2}}]
"""


def fresh() -> graphgen.Template:
    """Give a template that has bound nothing yet."""
    return pickle.loads(pickle.dumps(graphgen.template(spec.loads(NET))))


def weights_of(seed: int, dtype: Any = np.float32) -> Weights:
    return random_weights(spec.loads(NET), np.random.default_rng(seed), dtype)


@pytest.mark.parametrize("start", range(0, 60, 20))
def test_a_second_network_is_bound_as_if_it_were_the_first(start: int) -> None:
    kept = 0
    for seed in range(start, start + 20):
        net = spec.loads(description(Random(seed)))
        form = net.resolved() | {"checkpoint": section(net, Random(seed))}
        said = spec.from_resolved(form) if net.tensors else net
        template = graphgen.template(said)
        template.form.fits.clear()
        for draw in (1, 2):
            weights = random_weights(net, np.random.default_rng(draw), np.float32)
            stored = graphgen.as_stored(said, weights)
            if draw == 2:
                kept += len(template.form.fits)
            graph = template.bind(stored)
            assert bits(graph.tensors) == bits(weights)
            assert bits(graph.weights()) == bits(weights)
            assert bits(open_checkpoint(Form.of(said), stored).weights) == bits(weights)
            assert list(graph.tensors) == [tensor.name for tensor in template.tensors]
    assert kept > 5


WRONG: dict[str, tuple[Callable[[Weights], Any], str]] = {
    "a tensor is missing": (lambda w: {n: w[n] for n in w if n != "3.bias"}, "3.bias: missing"),
    "one too many": (lambda w: w | {"4.bias": w["3.bias"]}, "4.bias: not a tensor of this"),
    "another shape": (lambda w: w | {"3.bias": np.zeros(3)}, r"3.bias: shape \[3\], expected"),
    "another dtype": (lambda w: w | {"3.bias": np.zeros(2, int)}, "3.bias: dtype int64, expected"),
    "no array": (lambda w: w | {"3.bias": "zero"}, "'3.bias' is of type str, expected an array"),
    "no weights": (lambda w: list(w), "expected the path of a file or folder, or a mapping"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_told_whatever_was_bound_before(name: str) -> None:
    change, message = WRONG[name]
    told = []
    for before in (0, 3):
        template = fresh()
        for seed in range(before):
            template.bind(weights_of(seed))
        with pytest.raises(graphgen.GraphError, match=message) as error:
            template.bind(change(weights_of(7)))
        told.append(str(error.value))
    assert told[0] == told[1]


def test_a_tensor_under_two_names_is_compared_each_time() -> None:
    net = spec.loads(NET + "checkpoint: {tensors: {3.bias: {stored: b, also: [c]}}}\n")
    template = graphgen.template(net)
    for seed in range(3):
        stored = graphgen.as_stored(net, weights_of(seed))
        template.bind(stored | {"c": stored["b"].copy()})
        with pytest.raises(graphgen.GraphError, match="not the same as 'b'"):
            template.bind(stored | {"c": stored["b"] + 1})


def test_a_missing_counter_begins_at_zero_each_time() -> None:
    template = fresh()
    for seed in range(3):
        weights = weights_of(seed)
        del weights["1.num_batches_tracked"]
        counter = template.bind(weights).tensors["1.num_batches_tracked"]
        assert counter == 0
        counter += 1  # no other graph has this array


def test_blocks_are_made_when_they_are_asked_for() -> None:
    graph = fresh().bind(weights_of(0))
    assert "blocks" not in vars(graph)
    assert graph.edge_index().shape == (2, graph.num_edges)
    assert str(graph).count("\n") == len(graph.template.blocks)
    assert "blocks" not in vars(graph)
    assert graph.blocks is graph.blocks
    for block in graph.blocks:
        assert block.weight is None or np.shares_memory(block.weight, graph.tensors[block.tensor])


def test_a_graph_is_sent_without_copies_of_its_views() -> None:
    graph = fresh().bind(weights_of(0))
    size = len(pickle.dumps(graph))
    graph.edge_values()
    assert "blocks" in vars(graph)
    assert len(pickle.dumps(graph)) < size + 500
    again = pickle.loads(pickle.dumps(graph))
    assert np.array_equal(again.edge_values(), graph.edge_values())


def test_a_copy_of_a_template_knows_of_no_weights() -> None:
    template = fresh()
    template.bind(weights_of(0))
    size = len(pickle.dumps(template))
    template.bind(weights_of(0, np.float64))
    assert len(template.form.fits) == 2
    assert len(pickle.dumps(template)) == size
    again = pickle.loads(pickle.dumps(template))
    assert not again.form.fits
    assert again.form.layouts == template.form.layouts


def test_few_ways_are_kept_and_no_weights() -> None:
    template = fresh()
    weights = weights_of(0)
    seen = weakref.ref(weights["0.weight"])
    template.bind(weights)
    del weights
    gc.collect()
    assert seen() is None
    for extra in range(2 * KEPT):
        named = {f"{'m.' * extra}{name}": array for name, array in weights_of(0).items()}
        template.bind(named)
    assert len(template.form.fits) == KEPT
