"""Linear recurrences: what is kept of the item before, against a loop, and exact in graphs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracles.any_network import check_network

import graphgen
import metanet
import spec
from graphgen.testing import random_inputs, random_weights

MAPPED = """
inputs: {x: [4, 3], y: [3]}
layers:
  - linear: {inputs: x, out_features: 5, name: b}
  - linear: {inputs: y, out_features: 5, name: begin}
  - linear: {inputs: x, out_features: %s}
  - sigmoid: {name: a}
  - %s
  - linear: {out_features: 2}
outputs: [begin, '5']
"""
BEGUN = "linear_recurrence: {inputs: [a, b, begin]}"
REVERSED = "linear_recurrence: {inputs: [a, b], reverse: true}"


@pytest.mark.parametrize(
    ("width", "layer", "order"),
    [
        (5, BEGUN, 1),  # the beginning is an output, too
        (5, REVERSED, 120),
        (1, REVERSED, 120),
        (5, "linear_recurrence: {inputs: [a, b], dim: 2}", 1),  # its axis is no set of neurons
        (5, "cumsum: {inputs: b, dim: 1}", 120),
    ],
)
def test_neurons_are_exchanged_where_they_are_kept_apart(
    width: int, layer: str, order: int
) -> None:
    text = MAPPED % (width, layer)
    if "a," not in layer:
        text = text.replace("outputs: [begin, '5']", "outputs: [begin, a, '5']")
    check_network(spec.loads(text), order)


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("begun", [False, True])
def test_each_item_is_the_one_before_times_a_factor_and_a_term(
    dim: int, reverse: bool, begun: bool
) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 4, 1)), rng.standard_normal((2, 4, 3))
    start = rng.standard_normal((2, 3 if dim == 1 else 4)) if begun else np.zeros((2, 1))
    inputs = "a: [4, 1], b: [4, 3]" + f", s: [{start.shape[1]}]" * begun
    net = spec.loads(
        f"inputs: {{{inputs}}}\nlayers: [linear_recurrence: "
        f"{{inputs: [a, b{', s' * begun}], dim: {dim}, reverse: {str(reverse).lower()}}}]"
    )
    given = [a, b, start] if begun else [a, b]
    found = np.asarray(graphgen.evaluate(net, {}, *given))
    factors = np.broadcast_to(a, b.shape)
    expected, state = np.empty_like(b), start
    along = np.moveaxis(expected, dim, 0)
    for time in range(b.shape[dim])[:: -1 if reverse else 1]:
        along[time] = state = factors.take(time, dim) * state + b.take(time, dim)
    torch_found = metanet.evaluate.run(net, {}, *map(torch.from_numpy, given)).numpy()
    assert np.abs(found - expected).max() < 1e-12
    assert np.abs(torch_found - expected).max() < 1e-12
    other = start + 0.1
    moved = found if not begun else np.asarray(graphgen.evaluate(net, {}, a, b, other))
    assert not begun or np.abs(moved - expected).max() > 1e-3


def test_cumulative_sums_are_those_of_torch() -> None:
    x = torch.randn(2, 4, 3, dtype=torch.float64)
    for dim in (1, 2, -1):
        net = spec.loads(f"inputs: {{x: [4, 3]}}\nlayers: [cumsum: {{dim: {dim}}}]")
        found = np.asarray(graphgen.evaluate(net, {}, x.numpy()))
        assert np.abs(found - torch.cumsum(x, dim).numpy()).max() < 1e-12


def test_a_recurrence_is_differentiated_and_mapped_over_networks() -> None:
    net = spec.loads(MAPPED % (5, BEGUN))
    rng = np.random.default_rng(0)
    several = [random_weights(net, rng) for _ in range(3)]
    x = [torch.tensor(array) for array in random_inputs(net, rng)]
    stack = {name: torch.tensor(np.stack([one[name] for one in several])) for name in net.tensors}
    found = metanet.evaluate.run_stack(net, stack, *x).numpy()
    for one, y in zip(several, found, strict=True):
        expected = graphgen.evaluate(net, one, *(array.numpy() for array in x))
        assert np.abs(np.asarray(expected[0]) - y).max() < 1e-10


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("{inputs: [x, y]}", "needs inputs with as many axes, got"),
        ("{inputs: [x, z]}", r"needs inputs of one shape, got \[N, 4, 3\] and \[N, 2, 3\]"),
        ("{inputs: [x, x, x]}", "begins with a value without the axis `dim`, of 1 axes"),
        ("{inputs: [x, x, w]}", r"needs inputs of one shape, got"),
        ("{inputs: x}", "takes 2 to 3 inputs, got 1"),
        ("{inputs: [x, x], dim: 3}", "`dim` is 3, but"),
    ],
)
def test_what_does_not_fit_is_refused(layer: str, message: str) -> None:
    with pytest.raises(spec.SpecError, match=message):
        spec.loads(
            "inputs: {x: [4, 3], y: [4], z: [2, 3], w: [2]}\n"
            f"layers:\n  - linear_recurrence: {layer}\n"
        )
