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
from graphgen.checkpoint.form import Form
from graphgen.checkpoint.unclear import check_clear
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
    maps = "checkpoint: [{tensors: {stem.bias: b}}, {prefix: teacher., unread: ['student.**']}]"
    assert_bits(graphgen.Checkpoint.read(spec.loads(CNN + maps), stored).weights, other)


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
    assert again.checkpoints == net.checkpoints
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


def test_of_several_maps_the_first_that_fits_is_taken() -> None:
    net = spec.loads(
        PAIR.replace(
            "checkpoint:\n",
            """checkpoint:
  - prefix: x.
    tensors: {a.weight: {stored: t, axes: i o -> o i}, "*.weight": {axes: same}}
  - tensors: {a.weight: {stored: u.t, axes: 1 o i -> o i}}
    unread: [step]
""",
        )
    )
    own = {"a.weight": A, "b.weight": B, "c.weight": C, **BIASES}
    rest = {name: array for name, array in own.items() if name != "a.weight"}
    for first in ({"t": A.T}, {"u.t": A[None], "step": A}, {"a.weight": A}):
        checkpoint = graphgen.Checkpoint.read(net, {**first, **rest})
        assert_bits(checkpoint.weights, own)
        assert_bits(checkpoint.restore(checkpoint.weights), {**first, **rest})
    assert_bits(
        graphgen.as_stored(net, own),
        {f"x.{name}": array for name, array in {"t": A.T, **rest}.items()},
    )
    assert spec.from_resolved(net.resolved()).checkpoints == net.checkpoints
    assert "  u.t: missing, expected shape [1, 4, 6]" in refusal(net, {**rest, "step": A})


def test_files_of_torchvision_fit_the_reference_of_vit() -> None:
    net = graphgen.sources.architecture_from("vit")
    own = random_weights(net, RNG)
    stored = {
        name: array[None] if name in ("class_token", "encoder.pos_embedding") else array
        for name, array in own.items()
    }
    assert stored["class_token"].shape == (1, 1, 8)
    assert_bits(graphgen.Checkpoint.read("vit", stored).weights, own)


def test_metadata_of_a_file_stays_with_what_is_written(tmp_path: Path) -> None:
    write_weights(tmp_path / "a.safetensors", WEIGHTS, {"format": "pt", "by": "me"})
    checkpoint = graphgen.Checkpoint.read(NET, tmp_path / "a.safetensors")
    checkpoint.write(tmp_path / "b.safetensors", checkpoint.weights)
    first, second = ((tmp_path / f"{n}.safetensors").read_bytes() for n in "ab")
    assert first == second


SQUARE = """
inputs: {x: [4]}
layers: [{linear: {name: a, out_features: 4, parameters: {weight: a.KEY, bias: a.BIAS}}}]
"""


@pytest.mark.parametrize(
    ("key", "bias", "format", "reason"),
    [
        ("kernel", "bias", None, "the name 'a.kernel' is one of another framework than PyTorch"),
        ("w:0", "b:0", None, "the name 'a.b:0' is one of another framework"),
        ("gamma", "beta", None, "the name 'a.gamma' is one of another framework"),
        ("weight", "bias", "flax", "the file says that it is of the framework 'flax'"),
        ("weight", "bias", "tf", "the file says that it is of the framework 'tf'"),
        ("kernel", "bias", "pt", None),
        ("weight", "bias", None, None),
        ("gamma", "bias", None, None),
    ],
)
def test_what_may_be_transposed_is_asked_for(
    key: str, bias: str, format: str | None, reason: str | None, tmp_path: Path
) -> None:
    text = SQUARE.replace("KEY", key).replace("BIAS", bias)
    stored = {f"a.{key}": B, f"a.{bias}": BIASES["b.bias"]}
    path = tmp_path / "w.safetensors"
    write_weights(path, stored, {"format": format} if format else {})
    x = np.ones((1, 4))
    if reason is None:
        assert np.allclose(
            graphgen.evaluate(spec.loads(text), path, x), B.sum(1) + BIASES["b.bias"]
        )
        return
    message = refusal(spec.loads(text), path)
    assert reason in message
    assert f"  a.{key}: shape [4, 4]" in message
    same = spec.loads(text + f"checkpoint: {{tensors: {{'a.{key}': {{axes: same}}}}}}")
    assert np.allclose(graphgen.evaluate(same, path, x), B.sum(1) + BIASES["b.bias"])
    rule = f"{{stored: 'a.{key}', axes: i o -> o i}}"
    own = text.replace(f"weight: a.{key}", "weight: a.own")
    turned = spec.loads(own + f"checkpoint: {{tensors: {{a.own: {rule}}}}}")
    assert np.allclose(graphgen.evaluate(turned, path, x), B.sum(0) + BIASES["b.bias"])
    with pytest.raises(spec.SpecError, match="nothing would tell this layout from"):
        spec.loads(text + f"checkpoint: {{tensors: {{'a.{key}': {rule}}}}}")
    wide = spec.loads(text.replace("[4]", "[5]"))
    write_weights(path, {**stored, f"a.{key}": np.ones((4, 5))}, {"format": format or "np"})
    assert graphgen.evaluate(wide, path, np.ones((1, 5))).shape == (1, 4)


def test_a_gamma_and_a_beta_that_are_no_vectors_are_anybodys() -> None:
    net = spec.loads("""
inputs: {x: [3, 3, 3]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3, name: a}
  - parameter: {shape: [4, 1, 1], name: grn.gamma}
  - parameter: {shape: [4, 1, 1], name: grn.beta}
  - multiply: {inputs: [a, grn.gamma], name: scaled}
  - add: {inputs: [scaled, grn.beta]}
""")
    weights = random_weights(net, np.random.default_rng(0))
    assert graphgen.evaluate(net, weights, np.ones((1, 3, 3, 3))).shape == (1, 4, 1, 1)
    vectors = {name: array.reshape(-1) for name, array in weights.items() if "grn" in name}
    with pytest.raises(graphgen.GraphError, match="the name 'grn.gamma' is one of another"):
        check_clear(Form.of(net).layouts[0], {**weights, **vectors}, None)


def test_where_others_are_transposed_a_square_one_is_asked_for() -> None:
    net = spec.loads(PAIR + "  {tensors: {a.weight: {axes: i o -> o i}}}")
    stored = {"a.weight": A.T, "b.weight": B.T, "c.weight": C.T, **BIASES}
    message = refusal(net, stored)
    assert "'a.weight' is stored with other axes, so these weights may be" in message
    assert message.splitlines()[1:] == ["  b.weight: shape [4, 4]", "  c.weight: shape [4, 4]"]
    plain = spec.loads(PAIR.replace("checkpoint:", ""))
    assert "say `axes: i o -> o i` of 'a.weight'" in refusal(plain, stored)


def test_where_rows_are_only_in_another_order_nothing_is_asked_for() -> None:
    rows = "{a.weight: {stored: rows, axes: (h k) w -> (k h) w, sizes: {h: 2}}}"
    net = spec.loads(PAIR + f"  {{tensors: {rows}}}")
    stored = {"b.weight": B, "c.weight": C, **BIASES}
    kept = A.reshape(-1, 2, A.shape[1]).swapaxes(0, 1).reshape(A.shape)
    weights = graphgen.Checkpoint.read(net, {"rows": kept, **stored}).weights
    assert np.array_equal(weights["a.weight"], A)


@pytest.mark.parametrize(("dims", "axes"), [(1, "w i o -> o i w"), (2, "h w i o -> o i h w")])
def test_convolutions_of_keras(dims: int, axes: str) -> None:
    """Sizes that differ show what is meant; equal ones have to be declared."""
    for channels, kernel, clear in ((2, 3, True), (3, 3, False)):
        size = ", ".join(["5"] * dims)
        layer = f"name: c, out_channels: {channels}, kernel_size: {kernel}"
        head = f"inputs: {{x: [{channels}, {size}]}}\nlayers:\n  - conv{dims}d: "
        text = f"{head}{{{layer}, parameters: {{weight: c.kernel}}}}"
        weight = RNG.normal(size=(channels, channels, *[kernel] * dims))
        stored = {"c.kernel": np.moveaxis(weight, (0, 1), (-1, -2)), "c.bias": np.zeros(channels)}
        message = refusal(spec.loads(text), stored)
        assert (f"say `axes: {axes}`" in message) == clear
        rule = f"{{stored: c.kernel, axes: {axes}}}"
        net = spec.loads(f"{head}{{{layer}}}\ncheckpoint: {{tensors: {{c.weight: {rule}}}}}")
        assert_bits({"w": graphgen.Checkpoint.read(net, stored).weights["c.weight"]}, {"w": weight})


def test_a_section_of_a_file_of_torch_is_named_in_the_map(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    net = spec.loads(PAIR + "  {section: ema, tensors: {'*.weight': {axes: i o -> o i}}}")
    own = {"a.weight": A, "b.weight": B, "c.weight": C, **BIASES}
    stored = {f"module.{n}": torch.from_numpy(x.T.copy()) for n, x in own.items()}
    zeros = {name: torch.zeros_like(x) for name, x in stored.items()}
    torch.save({"model": zeros, "ema": stored, "epoch": 3}, tmp_path / "last.ckpt")
    for source in (tmp_path / "last.ckpt", tmp_path):
        checkpoint = graphgen.Checkpoint.read(net, source)
        assert_bits(checkpoint.weights, own)
        assert checkpoint.prefix == "module."
    message = refusal(spec.loads(PAIR.replace("checkpoint:", "")), tmp_path)
    assert "several sections: 'model', 'ema'; name the one that is meant" in message
