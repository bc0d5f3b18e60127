"""Weights under the names and in the layouts of checkpoints: found, compared, and written back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphgen
import metanet
import spec
from graphgen.files import write_weights
from graphgen.testing import random_inputs, random_weights

RNG = np.random.default_rng(0)
Arrays = Mapping[str, Any]
CNN = """
inputs: {x: [3, 6, 6]}
layers:
  - conv2d: {name: stem, out_channels: 4, kernel_size: 3}
  - batch_norm: {name: norm}
  - relu
  - flatten
  - linear: {name: head.out, out_features: 2}
"""
NET = spec.loads(CNN)
WEIGHTS = random_weights(NET, RNG)
(X,) = random_inputs(NET, RNG)


def assert_bits(found: Arrays, expected: Arrays) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


def refusal(net: Any, weights: Any) -> str:
    with pytest.raises(graphgen.GraphError) as caught:
        graphgen.compile(net, weights)
    return str(caught.value)


@pytest.mark.parametrize("prefix", ["model.", "module.", "_orig_mod.", "a.b.c.", "stem."])
def test_a_prefix_that_all_names_have_is_found(prefix: str, tmp_path: Path) -> None:
    stored = {prefix + name: array for name, array in WEIGHTS.items()}
    checkpoint = graphgen.Checkpoint.read(NET, stored)
    assert (checkpoint.prefix, checkpoint.lacked) == (prefix, "")
    assert_bits(checkpoint.weights, WEIGHTS)
    assert_bits(checkpoint.restore(checkpoint.weights), stored)
    assert f"have the prefix {prefix!r}" in str(checkpoint)
    write_weights(tmp_path / "w.safetensors", stored)
    assert_bits(graphgen.compile(NET, tmp_path / "w.safetensors").weights(), WEIGHTS)


def test_a_prefix_that_all_names_lack_is_found() -> None:
    net = spec.loads(
        CNN.replace("layers:\n", "layers:\n - sequential:\n    name: body\n    layers:\n").replace(
            "\n  - ", "\n     - "
        )
    )
    weights = {f"body.{name}": array for name, array in WEIGHTS.items()}
    checkpoint = graphgen.Checkpoint.read(net, WEIGHTS)
    assert (checkpoint.prefix, checkpoint.lacked) == ("", "body.")
    assert_bits(checkpoint.weights, weights)
    assert_bits(checkpoint.restore(weights), WEIGHTS)


def test_what_is_wrong_is_said_of_the_names_under_the_prefix() -> None:
    stored = {f"model.{name}": array for name, array in WEIGHTS.items()}
    stored["model.head.output.weight"] = stored.pop("model.head.out.weight")
    stored["model.stem.bias"] = np.zeros(5)
    message = refusal(NET, stored)
    assert "(its names have the prefix 'model.'):\n" in message
    assert (
        "  model.head.out.weight: missing, expected shape [2, 64]; did you mean "
        "'model.head.output.weight'?\n"
    ) in message
    assert "  model.stem.bias: shape [5], expected [4]\n" in message
    assert "  model.head.output.weight: not a tensor of this architecture, shape [2, 64]" in message


def test_of_two_prefixes_the_declared_one_is_taken() -> None:
    other = random_weights(NET, RNG)
    stored = {f"student.{n}": a for n, a in WEIGHTS.items()}
    stored |= {f"teacher.{n}": a for n, a in other.items()}
    assert "each of the prefixes 'student.', 'teacher.'; say which" in refusal(NET, stored)
    net = spec.loads(CNN + "checkpoint: {prefix: teacher., unread: ['student.**']}")
    checkpoint = graphgen.Checkpoint.read(net, stored)
    assert_bits(checkpoint.weights, other)
    assert_bits(checkpoint.restore(checkpoint.weights), stored)
    assert len(checkpoint.unread) == len(WEIGHTS)


def test_a_missing_counter_is_zero_and_nothing_else_is() -> None:
    stored = {n: a for n, a in WEIGHTS.items() if n != "norm.num_batches_tracked"}
    checkpoint = graphgen.Checkpoint.read(NET, stored)
    assert checkpoint.filled == ("norm.num_batches_tracked",)
    assert_bits(checkpoint.weights, {**WEIGHTS, "norm.num_batches_tracked": np.zeros((), np.int64)})
    assert_bits(checkpoint.restore(checkpoint.weights), stored)
    assert (
        graphgen.evaluate(NET, stored, X).tobytes() == graphgen.evaluate(NET, WEIGHTS, X).tobytes()
    )
    graphgen.compile(NET, stored).verify()
    for name in ("norm.running_var", "norm.running_mean", "norm.weight"):
        message = refusal(NET, {n: a for n, a in stored.items() if n != name})
        assert f"  {name}: missing, expected shape [4]" in message


def test_a_missing_counter_is_no_error_in_torch() -> None:
    torch = pytest.importorskip("torch")
    stored = {n: torch.from_numpy(a) for n, a in WEIGHTS.items() if a.dtype == float}
    found = metanet.evaluate.run(NET, stored, torch.from_numpy(X))
    assert np.abs(found.numpy() - graphgen.evaluate(NET, WEIGHTS, X)).max() < 1e-10


# Each way in which a linear layer of 6 to 4 and one of 4 to 4 may be stored, and how it is said.
PAIR = """
inputs: {x: [6]}
layers:
  - linear: {name: a, out_features: 4}
  - tanh
  - linear: {name: b, out_features: 4}
  - tanh
  - linear: {name: c, out_features: 4}
checkpoint:
"""
A, B, C = RNG.normal(size=(4, 6)), RNG.normal(size=(4, 4)), RNG.normal(size=(4, 4))
PAIRS: dict[str, tuple[str, dict[str, Any]]] = {
    "renamed": ("{tensors: {a.weight: first.w, 'b.*': 'last.*.x'}}",
                {"first.w": A, "last.weight.x": B, "c.weight": C}),
    "transposed": ("{tensors: {'*.weight': {axes: i o -> o i}}}",
                   {"a.weight": A.T, "b.weight": B.T, "c.weight": C.T}),
    "some transposed": (
        "{tensors: {a.weight: {stored: k.a, axes: i o -> o i}, 'b.*': {axes: same}, "
        "c.weight: {axes: i o -> o i}}}",
        {"k.a": A.T, "b.weight": B, "c.weight": C.T}),
    "packed": ("{packed: {bc: [b.weight, c.weight]}}",
               {"a.weight": A, "bc": np.concatenate([B, C])}),
    "packed along the other axis and transposed": (
        "{packed: {bc.w: {parts: [b.weight, c.weight], dim: 1, axes: i o -> o i}}, "
        "tensors: {a.weight: {axes: same}}}",
        {"a.weight": A, "bc.w": np.concatenate([B, C], 1).T}),
    "interleaved": (
        "{packed: {bc: {parts: [b.weight, c.weight], axes: (h k d) i -> (k h d) i, "
        "sizes: {k: 2, h: 2}}}, tensors: {a.*: {axes: same}}}",
        {"a.weight": A, "bc": np.concatenate([B[:2], C[:2], B[2:], C[2:]])}),
    "in pieces": ("{tensors: {a.weight: [a.0, a.1]}}",
                  {"a.0": A[:2], "a.1": A[2:], "b.weight": B, "c.weight": C}),
    "in transposed pieces of other lengths": (
        "{tensors: {a.weight: {stored: [a.0, a.1, a.2], dim: 1, lengths: [1, 2, 3], "
        "axes: i o -> o i}, '*.weight': {axes: same}}}",
        {"a.0": A[:, :1].T, "a.1": A[:, 1:3].T, "a.2": A[:, 3:].T, "b.weight": B, "c.weight": C}),
    "with axes of one": ("{tensors: {a.weight: {axes: 1 o 1 i -> o i}}}",
                         {"a.weight": A[None, :, None], "b.weight": B, "c.weight": C}),
    "heads apart": ("{tensors: {a.weight: {axes: h d i -> (h d) i, sizes: {h: 2}}}}",
                    {"a.weight": A.reshape(2, 2, 6), "b.weight": B, "c.weight": C}),
    "by several names": ("{tensors: {a.weight: {stored: t, also: [u.v, w]}}}",
                         {"t": A, "w": A.copy(), "b.weight": B, "c.weight": C}),
    "by another name alone": ("{tensors: {a.weight: {stored: t, also: w}}}",
                              {"w": A, "b.weight": B, "c.weight": C}),
    "with what is not read": ("{unread: ['*.mask', log_std]}",
                              {"a.weight": A, "b.weight": B, "c.weight": C, "x.mask": B,
                               "log_std": A}),
}  # fmt: skip
BIASES = {f"{n}.bias": RNG.normal(size=4) for n in "abc"}


def with_biases(kind: str) -> tuple[spec.Architecture, dict[str, Any], dict[str, Any]]:
    section, stored = PAIRS[kind]
    stored = {**stored, **BIASES}
    if kind == "renamed":
        stored["last.bias.x"] = stored.pop("b.bias")
    return spec.loads(PAIR + "  " + section), stored, {"a.weight": A, "b.weight": B, "c.weight": C}


@pytest.mark.parametrize("form", ["npz", "safetensors", "memory"])
@pytest.mark.parametrize("prefix", ["", "model."])
@pytest.mark.parametrize("kind", PAIRS)
def test_every_form_is_read_and_written_back_bit_by_bit(
    kind: str, prefix: str, form: str, tmp_path: Path
) -> None:
    net, stored, matrices = with_biases(kind)
    stored = {prefix + name: array for name, array in stored.items()}
    source: Any = stored
    if form != "memory":
        source = tmp_path / f"w.{form}"
        write_weights(source, stored)
    checkpoint = graphgen.Checkpoint.read(net, source)
    assert_bits(checkpoint.weights, {**matrices, **BIASES})
    assert_bits(checkpoint.restore(checkpoint.weights), stored)
    graph = graphgen.compile(net, source)
    graph.verify()
    assert_bits(checkpoint.restore(graph.weights()), stored)
    plain = spec.loads(PAIR.replace("checkpoint:", ""))
    assert net.hash == plain.hash
    assert graph.template.hash == graphgen.template(plain).hash
    (x,) = random_inputs(net, np.random.default_rng(1))
    assert_bits(
        {"y": graphgen.evaluate(net, source, x)},
        {"y": graphgen.evaluate(plain, {**matrices, **BIASES}, x)},
    )


@pytest.mark.parametrize("kind", PAIRS)
def test_the_map_is_part_of_the_resolved_form_and_writes_what_it_reads(kind: str) -> None:
    net, _, matrices = with_biases(kind)
    again = spec.from_resolved(net.resolved())
    assert again.checkpoint == net.checkpoint
    assert again.resolved() == net.resolved()
    own = {**matrices, **BIASES}
    stored = graphgen.as_stored(net, own)
    assert_bits(graphgen.Checkpoint.read(net, stored).weights, own)
    assert_bits(graphgen.as_stored(net, graphgen.Checkpoint.read(net, stored).weights), stored)


def test_control_another_map_gives_another_function() -> None:
    net, stored, _ = with_biases("transposed")
    wrong = spec.loads(PAIR + "  {tensors: {a.weight: {axes: i o -> o i}, '**': {axes: same}}}")
    (x,) = random_inputs(net, np.random.default_rng(1))
    right = graphgen.evaluate(net, stored, x)
    assert np.abs(right - graphgen.evaluate(wrong, stored, x)).max() > 1e-3
