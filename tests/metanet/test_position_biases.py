"""Biases of scores are those of the published models."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers.models.bloom.modeling_bloom import build_alibi_tensor
from transformers.models.t5.modeling_t5 import T5Attention

import graphgen
import spec
from graphgen.testing import random_inputs, random_weights, relative_error
from spec.layers.position_bias import RelativePositionBias


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("buckets", "most"), [(32, 128), (8, 20), (6, 7)])
def test_buckets_are_those_of_t5(buckets: int, most: int, bidirectional: bool) -> None:
    layer = RelativePositionBias(
        num_heads=1, num_buckets=buckets, max_distance=most, bidirectional=bidirectional
    )
    distances = torch.arange(-300, 301)
    expected = T5Attention._relative_position_bucket(distances, bidirectional, buckets, most)
    assert [layer.bucket(distance) for distance in distances.tolist()] == expected.tolist()


def test_a_table_gives_each_head_its_biases() -> None:
    net = spec.loads(
        "inputs: [{q: [3, 4]}, {k: [5, 4]}]\nlayers: [relative_position_bias: {inputs: [q, k], "
        "num_heads: 2, num_buckets: 6, max_distance: 8, name: bias}, add: {inputs: [bias, bias]}]"
    )
    rng = np.random.default_rng(0)
    weights, inputs = random_weights(net, rng), random_inputs(net, rng)
    table = weights["bias.weight"]
    places = torch.arange(5)[None] - torch.arange(2, 5)[:, None]
    buckets = T5Attention._relative_position_bucket(places, True, 6, 8).numpy()
    expected = 2 * table[buckets].transpose(2, 0, 1)
    found = graphgen.evaluate(net, weights, *inputs)
    assert relative_error(found, np.broadcast_to(expected, found.shape)) < 1e-12


@pytest.mark.parametrize("window", [(2, 2), (3, 3), (2, 4)], ids=str)
def test_offsets_in_a_window_are_those_of_swin(window: tuple[int, int]) -> None:
    height, width = window
    net = spec.loads(
        f"inputs: {{x: [{height * width}, 6]}}\nlayers: [window_position_bias: {{num_heads: 3, "
        f"window_size: [{height}, {width}], name: bias}}]"
    )
    rng = np.random.default_rng(0)
    weights, inputs = random_weights(net, rng), random_inputs(net, rng)
    table = weights["bias.relative_position_bias_table"]
    places = np.stack(np.meshgrid(range(height), range(width), indexing="ij")).reshape(2, -1)
    down, right = places[:, :, None] - places[:, None]
    grid = table.reshape(2 * height - 1, 2 * width - 1, 3)
    expected = grid[down + height - 1, right + width - 1].transpose(2, 0, 1)
    found = graphgen.evaluate(net, weights, *inputs)
    assert relative_error(found, np.broadcast_to(expected, found.shape)) < 1e-12


@pytest.mark.parametrize("heads", [1, 2, 3, 8, 12])
def test_slopes_are_those_of_bloom(heads: int) -> None:
    net = spec.loads(f"inputs: {{x: [5, 6]}}\nlayers: [alibi: {{num_heads: {heads}}}]")
    found = graphgen.evaluate(net, {}, np.zeros((1, 5, 6)))
    expected = build_alibi_tensor(torch.ones(1, 5), heads, torch.float64)
    assert relative_error(found[0], expected.numpy()) < 1e-6


WRONG = {
    "relative_position_bias: {num_heads: 1, num_buckets: 2}": "`num_buckets` is 2, expected",
    "relative_position_bias: {num_heads: 1, max_distance: 3}": "keep distances below 8 apart",
    "window_position_bias: {num_heads: 1, window_size: 2}": "needs 4 tokens of a window",
}


@pytest.mark.parametrize("layer", WRONG)
def test_errors_say_what_to_do(layer: str) -> None:
    with pytest.raises(spec.SpecError, match=WRONG[layer]):
        spec.loads(f"inputs: {{x: [5, 4]}}\nlayers: [{layer}]")
