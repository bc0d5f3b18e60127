"""States of recurrent layers: those they begin with, and those they end in, as torch's."""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np
import pytest
import torch
from oracles.any_network import check_network
from torch import nn

import graphgen
import metanet
import spec
from graphgen.testing import random_inputs, random_weights

MODULES = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
SEQ2SEQ = """
inputs: {x: [4, 3], y: [3, 2]}
layers:
  - %(type)s: {inputs: x, hidden_size: 3, name: encoder, %(fields)s}
  - %(type)s: {inputs: [y, %(states)s], hidden_size: 3, name: decoder, %(fields)s}
  - linear: {out_features: 2}
"""
STATES = {"lstm": "encoder.h_n, encoder.c_n", "gru": "encoder.h_n", "rnn": "encoder.h_n"}


@pytest.mark.parametrize(("type_", "projected"), [("lstm", 0), ("lstm", 2), ("gru", 0), ("rnn", 0)])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_states_are_those_of_torch(
    type_: str, layers: int, bidirectional: bool, projected: int
) -> None:
    options = {"num_layers": layers, "bidirectional": bidirectional}
    options |= {"proj_size": projected} if projected else {}
    module = MODULES[type_](3, 4, batch_first=True, **options).double()
    cells, hidden = layers * (1 + bidirectional), projected or 4
    given = {"h_0": (cells, hidden)} | ({"c_0": (cells, 4)} if type_ == "lstm" else {})
    ends = [f"r.{name}" for name in ("h_n", "c_n")[: len(given)]]
    fields = {**{k: str(v).lower() for k, v in options.items()}, "name": "r", "hidden_size": 4}
    text = f"inputs: [x: [5, 3], {', '.join(f'{n}: {list(s)}' for n, s in given.items())}]\n"
    told = ", ".join(f"{key}: {value}" for key, value in fields.items())
    text += f"layers:\n  - {type_}: {{inputs: [x, {', '.join(given)}], {told}}}\n"
    net = spec.loads(text + f"outputs: [r, {', '.join(ends)}]\n")
    weights = {f"r.{name}": value.detach().numpy() for name, value in module.state_dict().items()}
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(2, 5, 3, generator=draw, dtype=torch.float64)
    begun = [torch.randn(2, *s, generator=draw, dtype=torch.float64) for s in given.values()]
    first = [state.transpose(0, 1).contiguous() for state in begun]
    with torch.no_grad():
        y, last = module(x, tuple(first) if type_ == "lstm" else first[0])
    expected = [y, *(s.transpose(0, 1) for s in (last if type_ == "lstm" else [last]))]
    inputs = [x, *begun]
    graph = graphgen.compile(net, weights, "computation")
    tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
    for found in (
        graphgen.evaluate(net, weights, *(array.numpy() for array in inputs)),
        graphgen.evaluate(graph, *(array.numpy() for array in inputs)),
    ):
        for a, b in zip(found, expected, strict=True):
            assert np.abs(a - b.numpy()).max() < 1e-12
    assert torch.allclose(metanet.evaluate.run(net, tensors, *inputs), y, atol=1e-12)
    for place in range(len(begun)):
        others = [state + (i == place) for i, state in enumerate(begun)]
        moved = graphgen.evaluate(net, weights, *(array.numpy() for array in [x, *others]))
        assert np.abs(moved[0] - y.numpy()).max() > 1e-3


@pytest.mark.parametrize(
    ("type_", "fields", "order"),
    [
        # The units of a cell of the encoder go along with those of its decoder.
        ("lstm", "bias: true", factorial(3)),
        ("gru", "num_layers: 2", factorial(3) ** 2),
        ("rnn", "bidirectional: true", factorial(3) ** 2),
    ],
)
def test_units_of_encoder_and_decoder_are_exchanged_together(
    type_: str, fields: str, order: int
) -> None:
    told = {"type": type_, "fields": fields, "states": STATES[type_]}
    check_network(spec.loads(SEQ2SEQ % told), order)


def test_units_and_projected_states_end_in_values_of_their_own() -> None:
    net = spec.loads("""
inputs: {x: [4, 3]}
layers:
  - lstm: {hidden_size: 4, proj_size: 2, num_layers: 2, bidirectional: true, name: r}
  - linear: {inputs: r.c_n, out_features: 3, name: a}
  - linear: {inputs: r.h_n, out_features: 3, name: b}
  - concat: {inputs: [a, b], dim: 1}
""")
    # One linear map reads all memories, and one all hidden states: the cells move as one.
    check_network(net, factorial(4) * factorial(2))


def test_only_what_is_read_is_computed() -> None:
    text = "inputs: {x: [4, 3]}\nlayers: [lstm: {hidden_size: 2, name: r}]\noutputs: "
    counts = {
        name: len(spec.loads(text + name).operations)
        for name in ("r", "r.h_n", "r.c_n", "[r.h_n, r.c_n]")
    }
    assert counts == {"r": 1, "r.h_n": 2, "r.c_n": 2, "[r.h_n, r.c_n]": 4}
    net = spec.loads(text + "[r.h_n, r.c_n]")
    assert spec.from_resolved(net.resolved()).hash == net.hash
    assert len(graphgen.template(net).node_groups) < 2 * len(
        graphgen.template(spec.loads(text + "r.c_n")).node_groups
    )


def test_states_are_trained_and_mapped_over_networks() -> None:
    net = spec.loads(SEQ2SEQ % {"type": "lstm", "fields": "bias: true", "states": STATES["lstm"]})
    rng = np.random.default_rng(0)
    several = [random_weights(net, rng) for _ in range(3)]
    x = [torch.tensor(array) for array in random_inputs(net, rng)]
    stack = {name: torch.tensor(np.stack([one[name] for one in several])) for name in net.tensors}
    found = metanet.evaluate.run_stack(net, stack, *x).numpy()
    for one, y in zip(several, found, strict=True):
        expected = graphgen.evaluate(net, one, *(array.numpy() for array in x))
        assert np.abs(np.asarray(expected) - y).max() < 1e-10
    weights = {name: torch.tensor(array).requires_grad_() for name, array in several[0].items()}
    metanet.evaluate.run(net, weights, *x).sum().backward()
    assert all(bool(value.grad.any()) for value in weights.values() if value.grad is not None)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("lstm: {inputs: [x, h], hidden_size: 2}", "takes its input alone, or `h_0` and `c_0` too"),
        ("gru: {inputs: [x, x], hidden_size: 2}", r"`h_0` of this `gru` is \[N, 1, 2\], cell by"),
        ("gru: {inputs: [x, h], hidden_size: 2, num_layers: 2}", r"`h_0` of this `gru` is \[N, 2"),
        ("gru: {inputs: [x, h, h], hidden_size: 2}", "takes 1 to 2 inputs, got 3"),
        ("gru: {inputs: x, hidden_size: 2, name: a}, tanh: {inputs: a.c_n}", "'a.c_n'"),
    ],
)
def test_states_that_do_not_fit_are_refused(layers: str, message: str) -> None:
    rows = "".join(f"  - {layer}\n" for layer in layers.split(", tanh") if layer)
    rows = rows.replace("  - : ", "  - tanh: ")
    with pytest.raises(spec.SpecError, match=message):
        spec.loads(f"inputs: {{x: [4, 3], h: [2]}}\nlayers:\n{rows}")


def test_what_a_layer_gives_beside_its_output_keeps_its_name() -> None:
    rows: list[Any] = [{"gru": {"hidden_size": 2, "name": "a"}}, {"tanh": {"name": "a.h_n"}}]
    text = "inputs: {x: [4, 3]}\nlayers:\n" + "".join(f"  - {row}\n" for row in rows)
    with pytest.raises(spec.SpecError, match="what the layer 'a' gives beside its output"):
        spec.loads(text)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize(("numbers", "order"), [("0, 0, 0", 6), ("1, 2, 1", 2), ("1, 2, 3", 1)])
def test_states_of_equal_numbers_leave_units_alike(cell: str, numbers: str, order: int) -> None:
    begun = ["z"] * (1 + (cell == "lstm"))
    net = f"""
inputs: {{x: [4, 2]}}
layers:
  - constant: {{values: [[{numbers}]], name: z}}
  - {cell}: {{inputs: [x, {", ".join(begun)}], hidden_size: 3}}
  - linear: {{out_features: 2}}
"""
    check_network(spec.loads(net), order)
