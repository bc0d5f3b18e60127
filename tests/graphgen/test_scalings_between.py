"""Scalings of steps between two layers, whichever axes the steps act on, and of many neurons."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from oracles.scalings import SlowScalings

import graphgen
import spec
from graphgen.testing import random_inputs, random_weights, relative_error
from graphgen.testing.symmetric import outputs

FRAMES = {
    "maps": """
inputs: {x: [2, 5, 5]}
layers:
  - conv2d: {out_channels: 6, kernel_size: 3, padding: 1}
%s  - conv2d: {out_channels: 4, kernel_size: 3}
""",
    "maps, flattened": """
inputs: {x: [2, 5, 5]}
layers:
  - conv2d: {out_channels: 6, kernel_size: 3, padding: 1, bias: false}
%s  - flatten
  - linear: {out_features: 3}
""",
    "signals": """
inputs: {x: [2, 6]}
layers:
  - conv1d: {out_channels: 6, kernel_size: 3, padding: 1}
%s  - conv1d: {out_channels: 4, kernel_size: 3}
""",
    "tokens": """
inputs: {x: [3, 4]}
layers:
  - linear: {out_features: 6}
%s  - linear: {out_features: 3}
""",
}
BETWEEN = (
    "layer_scale", "layer_norm", "rms_norm", "rms_norm: {elementwise_affine: false}",
    "batch_norm", "batch_norm: {affine: false}",
    "group_norm: {num_groups: 2}", "instance_norm: {affine: true, track_running_stats: false}",
    "prelu", "position_embedding", "relu", "tanh", "sine", "leaky_relu", "gelu",
    "max_pool2d: {kernel_size: 2}", "avg_pool2d: {kernel_size: 2}", "dropout: {p: 0.1}",
    "upsample: {scale_factor: 2}", "layer_scale: {dim: 1}", "layer_norm: {bias: false}",
)  # fmt: skip


def framed(frame: str, steps: Sequence[str]) -> spec.Architecture | None:
    """Put steps between two layers, or give None where the layers do not fit."""
    lines = "".join(f"  - {{{step}}}\n" if ":" in step else f"  - {step}\n" for step in steps)
    try:
        net = spec.loads(FRAMES[frame] % lines)
        graphgen.template(net)
    except (spec.SpecError, graphgen.GraphError):
        return None
    return net


@pytest.mark.parametrize("frame", FRAMES)
def test_steps_between_layers_keep_their_functions_on_every_kind_of_value(frame: str) -> None:
    nets = [framed(frame, steps) for steps in product(("relu", *BETWEEN[:5]), BETWEEN)]
    known = [net for net in nets if net is not None]
    assert len(known) > len(nets) / 2
    rng = np.random.default_rng(0)
    for net in known:
        group = graphgen.scalings(net)
        assert str(group) == str(SlowScalings(graphgen.template(net)))
        weights, x = random_weights(net, rng), random_inputs(net, rng)
        scaled = group.sample(rng).apply(weights)
        assert relative_error(outputs(net, scaled, x), outputs(net, weights, x)) <= 1e-10


@pytest.mark.parametrize(
    ("frame", "step", "signs", "scales"),
    [
        ("maps", "layer_scale", 0, 0),  # a scale of each column of the images, for all neurons
        ("maps", "relu", 0, 6),
        ("signals", "rms_norm", 0, 0),
        ("tokens", "rms_norm", 6, 6),  # a scale of each neuron: factors begin behind it
        ("tokens", "layer_scale", 12, 12),
    ],
)
def test_a_scale_gives_factors_to_neurons_of_its_own(
    frame: str, step: str, signs: int, scales: int
) -> None:
    net = framed(frame, [step])
    assert net is not None
    group = graphgen.scalings(net)
    assert (group.signs, group.scales) == (signs, scales)


def test_more_neurons_than_can_be_told_are_refused_at_once() -> None:
    text = "inputs: {x: [1]}\nlayers: [{linear: {out_features: %d}}, {linear: {out_features: 1}}]"
    start = time.process_time()
    for size in (10**7, 10**8, 10**15):
        message = r"has \d[\d,]* neurons, whose signs .* expected at most 10,000,000; give"
        with pytest.raises(graphgen.GraphError, match=message):
            graphgen.scalings(spec.loads(text % size))
    assert time.process_time() - start < 1
    assert graphgen.scalings(spec.loads(text % 10_000)).scales == 10_000
