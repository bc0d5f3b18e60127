from __future__ import annotations

import pytest
from torch import nn

import spec
from spec.layer import LAYERS

WORDS = "{embedding: {num_embeddings: 9, embedding_dim: 4, name: e, inputs: %s}}"


def one(inputs: str, layer: str) -> spec.Architecture:
    """Load a network of one layer that is called `layer`."""
    return spec.loads(f"inputs: {inputs}\nlayers: [{{{layer}}}]")


def tensors(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {f"layer.{name}": tuple(tensor.shape) for name, tensor in module.state_dict().items()}


X, TWO, WORD = "{x: [5, 8]}", "[{x: [5, 8]}, {y: [5, 6]}]", "{x: [5]}"
FEW_KEYS = "[{x: [5, 8]}, {y: [3, 8]}]"
TWINS = [
    (X, "rnn: {hidden_size: 3}", nn.RNN(8, 3)),
    (X, "rnn: {hidden_size: 3, nonlinearity: relu, bias: false}", nn.RNN(8, 3, bias=False)),
    (X, "lstm: {hidden_size: 3, num_layers: 2, bidirectional: true}",
     nn.LSTM(8, 3, num_layers=2, bidirectional=True)),
    (X, "gru: {hidden_size: 3, num_layers: 3}", nn.GRU(8, 3, num_layers=3)),
    (X, "multihead_attention: {num_heads: 2}", nn.MultiheadAttention(8, 2)),
    (X, "multihead_attention: {num_heads: 4, bias: false}",
     nn.MultiheadAttention(8, 4, bias=False)),
    (TWO, "bilinear: {out_features: 3, inputs: [x, y]}", nn.Bilinear(8, 6, 3)),
    (TWO, "bilinear: {out_features: 3, inputs: [y, x], bias: false}",
     nn.Bilinear(6, 8, 3, bias=False)),
    (WORD, "embedding: {num_embeddings: 9, embedding_dim: 4}", nn.Embedding(9, 4)),
    ("{x: [3, 8, 4]}", "patches: {embed_dim: 6, patch_size: [4, 2]}",
     nn.Conv2d(3, 6, (4, 2), (4, 2))),
]  # fmt: skip


@pytest.mark.parametrize(("inputs", "layer", "module"), TWINS, ids=[row[1] for row in TWINS])
def test_tensors_have_the_names_and_shapes_of_torch(
    inputs: str, layer: str, module: nn.Module
) -> None:
    net = one(inputs, layer.replace("{", "{name: layer, ", 1))
    expected = tensors(module)
    assert dict(net.parameters) == expected
    assert list(net.parameters) == list(expected)


SHAPES = {
    (X, "lstm: {hidden_size: 3, bidirectional: true}"): (5, 6),
    (X, "gru: {hidden_size: 3}"): (5, 3),
    (X, "multihead_attention: {num_heads: 2, head_dim: 3}"): (5, 8),
    (TWO, "multihead_attention: {num_heads: 2, packed: false, inputs: [y, x]}"): (5, 6),
    ("[{x: [5, 8]}, {y: [7, 8]}]", "multihead_attention: {num_heads: 2, inputs: [y, x]}"): (7, 8),
    (TWO, "bilinear: {out_features: 3, inputs: [x, y]}"): (5, 3),
    ("[{x: [8]}, {y: [6]}]", "bilinear: {out_features: 3, inputs: [x, y]}"): (3,),
    (TWO, "concat: {dim: -1, inputs: [x, y]}"): (5, 14),
    ("[{x: [5, 8]}, {y: [1, 8]}]", "multiply: {inputs: [x, y]}"): (5, 8),
    ("[{x: [5, 8]}, {y: [5, 1]}]", "add: {inputs: [x, y]}"): (5, 8),
    (X, "parallel: {branches: [[], [{mean: {dim: [1, 2]}}]], merge: multiply}"): (5, 8),
    (X, "class_token: {}"): (6, 8),
    ("{x: [3, 5, 8]}", "position_embedding: {max_length: 9}"): (3, 5, 8),
    (X, "position_embedding: {max_length: 9}"): (5, 8),
    (X, "position_embedding: {offset: 2}"): (5, 8),
    (X, "sinusoidal_positions: {}"): (5, 8),
    ("{x: [3, 8, 4]}", "patches: {embed_dim: 6, patch_size: [4, 2]}"): (4, 6),
    (X, "reshape: {shape: [2, -1]}"): (2, 20),
    ("{x: [2, 3, 4]}", "transpose: {dim0: 1, dim1: -1}"): (4, 3, 2),
    (X, "split: {sections: 5}"): (1, 8),
    (X, "split: {sizes: [3, 5], dim: -1, index: 1}"): (5, 5),
    (X, "mean: {dim: [1, 2]}"): (),
    (X, "amax: {dim: -1, keepdim: true}"): (5, 1),
    (X, "sum: {dim: 1}"): (8,),
    (X, "swiglu: {hidden_features: 3}"): (5, 8),
    (X, "set_linear: {out_features: 3}"): (5, 3),
    (X, "layer_scale: {}"): (5, 8),
    (X, "parallel: {branches: [[], [relu]]}"): (5, 8),
    (X, "parallel: {branches: [[], [{swiglu: {hidden_features: 2}}]], merge: multiply}"): (5, 8),
    (X, "parallel: {branches: [[], [{linear: {out_features: 2}}], []], merge: concat, dim: 2}"):
        (5, 18),
}  # fmt: skip


@pytest.mark.parametrize(("inputs", "layer"), SHAPES, ids=[key[1] for key in SHAPES])
def test_shapes(inputs: str, layer: str) -> None:
    net = one(inputs, layer)
    assert net.output_shapes == (SHAPES[inputs, layer],)
    assert spec.from_resolved(net.resolved()).operations == net.operations


WRONG = {
    (X, "multihead_attention: {num_heads: 3}"): "8 features do not divide into 3 heads: give",
    (FEW_KEYS, "multihead_attention: {num_heads: 2, causal: true, inputs: [x, y]}"): (
        "5 queries and 3 keys: the first 2 queries would see no key of a `causal` attention"
    ),
    (X, "multihead_attention: {num_heads: 2, rotary_size: 2}"): (
        "`rotary_size` says nothing where `rotary` is none"
    ),
    (X, "multihead_attention: {num_heads: 2, rotary_interleaved: true}"): "says nothing where",
    (X, "multihead_attention: {num_heads: 2, qk_norm_eps: 1}"): "`qk_norm_eps` says nothing where",
    (X, "parameter: {shape: [2], initial: normal, value: -1}"): "a deviation is at least 0",
    (X, "parameter: {shape: [2], initial: uniform, value: -1}"): "a bound is at least 0",
    (X, "multihead_attention: {num_heads: 4, num_kv_heads: 3}"): "`num_heads` 4 does not divide",
    (TWO, "multihead_attention: {num_heads: 2, inputs: [x, y]}"): "a context of 8 features, got 6",
    (WORD, "multihead_attention: {num_heads: 1}"): r"needs \[N, length, features\], or more",
    (X, "multihead_attention: {num_heads: 2, rotary: 10, rotary_size: 3}"): "got 3",
    (X, "lstm: {hidden_size: 3, input_size: 7}"): "`input_size` is 7, but the input has 8",
    (WORD, "gru: {hidden_size: 3}"): r"`gru` needs \[N, length, features\], got \[N, 5\]",
    ("[{x: [5, 8]}, {y: [4, 8]}]", "bilinear: {out_features: 3, inputs: [x, y]}"):
        "agree on all axes but the last",
    (TWO, "concat: {inputs: [x, y]}"): "agree on the other axes",
    (X, "concat: {inputs: x}"): "`concat` takes 2 to 1,000 inputs, got 1",
    (X, "concat: {inputs: [x, x], dim: 0}"): "`dim` is 0, the batch axis",
    (X, "split: {}"): "`split` needs `sizes` or `sections`",
    (X, "split: {sections: 2}"): "does not divide into 2 equal sections: give `sizes`",
    (X, "split: {sizes: [2, 2]}"): "have the sum 4, but axis 1",
    (X, "split: {sections: 5, index: 5}"): "`index` is 5, but the parts are 0 to 4",
    (X, "reshape: {shape: [3, -1]}"): "the 40 elements .* do not divide by 3",
    (X, "reshape: {shape: [-1, -1]}"): "at most one of them -1",
    (X, "reshape: {shape: [3]}"): "has 40 elements",
    (X, "transpose: {dim0: 1, dim1: 3}"): r"`dim1` is 3, but \[N, 5, 8\] has the axes 0 to 2",
    (X, "mean: {dim: [1, -2]}"): "names an axis twice",
    (X, "sum: {}"): "needs the field `dim`",
    ("[{x: [5]}, {y: [5, 1]}]", "add: {inputs: [x, y]}"): "`add` needs inputs of one shape",
    (X, "position_embedding: {max_length: 4}"): "`max_length` is 4, but the input",
    (X, "position_embedding: {max_length: 6, offset: 2}"): r"has 5 places from 2 on",
    ("{x: [3, 8, 5]}", "patches: {embed_dim: 6, patch_size: 4}"): "does not divide into patches",
    (X, "parallel: {branches: [[], []], dim: 1}"): "`dim` is for `merge: concat`",
    (X, "parallel: {branches: [[], []], merge: mean}"): "expected one of add, multiply, concat",
    (X, "parallel: {branches: [[], [class_token]]}"): "`add` needs inputs of one shape",
}  # fmt: skip


@pytest.mark.parametrize(("inputs", "layer"), WRONG, ids=[key[1] for key in WRONG])
def test_errors_say_what_to_do(inputs: str, layer: str) -> None:
    with pytest.raises(spec.SpecError, match=WRONG[inputs, layer]):
        one(inputs, layer)


def test_grouped_heads_have_fewer_keys_and_values() -> None:
    net = one(X, "multihead_attention: {num_heads: 4, num_kv_heads: 2, packed: false, name: a}")
    assert net.parameters["a.q_proj.weight"] == (8, 8)
    assert net.parameters["a.k_proj.weight"] == net.parameters["a.v_proj.weight"] == (4, 8)
    packed = one(X, "multihead_attention: {num_heads: 4, num_kv_heads: 2, name: a}")
    assert packed.parameters["a.in_proj_weight"] == (16, 8)


def test_inputs_that_hold_indices_are_known() -> None:
    text = "inputs: [{w: [5]}, {v: [5]}, {x: [4]}]\nlayers:\n"
    net = spec.loads(
        text + f"  - {WORDS % 'w'}\n  - reshape: {{shape: [5, 1], inputs: v}}\n"
        "  - embedding: {num_embeddings: 3, embedding_dim: 2, name: f}\n"
        "outputs: [e, f, x]\n"
    )
    assert net.index_inputs == {"w": 9, "v": 3}
    assert one(X, "linear: {out_features: 2}").index_inputs == {}


def test_outputs_may_be_variables() -> None:
    rest = "inputs: {x: [4]}\nlayers: [relu: {name: a0}, tanh: {name: a1}]\n"
    text = f"vars: {{i: 1}}\n{rest}"
    for outputs, expected in (("a$i", ("a1",)), ("[a1, 'a${i - 1}']", ("a1", "a0"))):
        assert spec.loads(f"{text}outputs: {outputs}").outputs == expected
    assert spec.loads(f"vars: {{all: [a0, a1]}}\n{rest}outputs: $all").outputs == ("a0", "a1")
    with pytest.raises(spec.SpecError, match="unknown variable 'j'"):
        spec.loads(f"{text}outputs: a$j")
    with pytest.raises(spec.SpecError, match="no input or earlier layer is called 'a2'"):
        spec.loads(f"{text}outputs: 'a${{i + 1}}'")


def test_branches_have_their_numbers_as_names() -> None:
    branch = "[{linear: {out_features: 3}}]"
    net = one(X, f"parallel: {{name: p, branches: [{branch}, {branch}]}}")
    assert list(net.parameters) == ["p.0.0.weight", "p.0.0.bias", "p.1.0.weight", "p.1.0.bias"]
    assert net.outputs == ("p",)


def test_a_layer_has_a_sentence_for_the_schema() -> None:
    for layer in LAYERS.values():
        assert (layer.__doc__ or "").splitlines()[0].rstrip().endswith(".")
