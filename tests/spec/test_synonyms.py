"""Did-you-mean knows what other libraries call things, and says only what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import spec
from spec.json_schema import STRUCTURE_SCHEMAS, VARIABLE
from spec.layer_entry import COMMON_FIELDS
from spec.suggestions import forms, suggest, suggest_field, suggest_layer
from spec.synonyms import FIELD_WORDS, LAYER_WORDS

NAMES = {*spec.LAYERS, *STRUCTURE_SCHEMAS}
FIELDS = {*COMMON_FIELDS, *(name for layer in spec.LAYERS.values() for name in layer.field_names())}
KNOWN = {
    "glu": "sigmoid", "topk": "top_k", "MoE": "top_k", "Router": "top_k", "interpolate": "upsample",
    "spectral_norm": "linear", "dense": "linear", "lstm_cell": "lstm",
    "Conv2D": "conv2d", "MultiHeadAttention": "multihead_attention", "LeakyReLU": "leaky_relu",
    "BatchNorm2d": "batch_norm", "torch.nn.PReLU": "prelu", "nn.LazyLinear": "linear",
    "tf.keras.layers.Dense": "linear", "Conv2DTranspose": "conv_transpose2d",
    "GlobalAveragePooling2D": "adaptive_avg_pool", "MaxPooling2D": "max_pool2d",
    "LayerNormalization": "layer_norm", "SimpleRNN": "rnn", "Permute": "permute",
    "Concatenate": "concat", "UpSampling2D": "upsample", "flax.linen.Embed": "embedding",
    "flax.linen.SelfAttention": "multihead_attention", "nn.DenseGeneral": "linear",
    "OptimizedLSTMCell": "lstm", "jax.nn.swish": "silu", "tf.nn.depth_to_space": "pixel_shuffle",
    "tf.reduce_mean": "mean", "Gemm": "linear", "GlobalMaxPool": "amax", "cat": "concat",
    "view": "reshape", "unbind": "select", "TransformerEncoderLayer":
    "multihead_attention", "torch.sub": "subtract", "torch.bmm": "matmul", "dot": "matmul",
    "torch.neg": "scale_by", "amin": "amax", "torch.std": "mean", "np.greater_equal": "ge",
    "torch.zeros": "constant", "tan": "register_function", "register_buffer": "constant",
    "outer": "einsum", "F.cosine_similarity": "normalize", "RoPE": "rotary",
    "lineer": "linear", "DepthwiseConv2D": "groups",
}  # fmt: skip
FIELDS_KNOWN = {
    ("linear", "units"): "out_features", ("conv2d", "filters"): "out_channels",
    ("conv2d", "strides"): "stride", ("conv2d", "use_bias"): "bias",
    ("conv2d", "kernelSize"): "kernel_size", ("max_pool2d", "pool_size"): "kernel_size",
    ("layer_norm", "epsilon"): "eps", ("dropout", "rate"): "p", ("concat", "axis"): "dim",
    ("multihead_attention", "n_heads"): "num_heads", ("embedding", "vocab_size"): "num_embeddings",
    ("gru", "units"): "hidden_size", ("group_norm", "groups"): "num_groups",
    ("linear", "out_feature"): "out_features",
}  # fmt: skip


def names_in(phrase: str) -> list[str]:
    return [word.split(":")[0] for word in re.findall(r"`([^`]+)`", phrase)] or [phrase]


@pytest.mark.parametrize("word", sorted(LAYER_WORDS))
def test_a_synonym_names_what_is_there(word: str) -> None:
    assert word not in {form for name in NAMES for form in forms(name)[:1]}, (
        f"{word!r} is a layer now: delete it in spec/synonyms.py"
    )
    assert word == forms(word)[0]
    for name in names_in(LAYER_WORDS[word]):
        there = name in NAMES | FIELDS | {"blocks"} or hasattr(spec, name.removeprefix("spec."))
        assert there, f"{word!r}: no layer, structure, field or function {name!r}"


def test_a_synonym_of_a_field_names_one_that_is_there() -> None:
    for word, fields in FIELD_WORDS.items():
        assert word == forms(word)[0]
        assert set(fields) <= FIELDS, (word, fields)


@pytest.mark.parametrize("word", sorted(KNOWN))
def test_a_word_of_another_library_is_understood(word: str) -> None:
    if word in spec.LAYERS:
        return
    with pytest.raises(spec.SpecError) as caught:
        spec.loads(f"inputs: {{x: [8]}}\nlayers: [{word}]")
    message = str(caught.value)
    assert "did you mean" in message
    assert KNOWN[word] in message.splitlines()[0].partition("did you mean")[2]


@pytest.mark.parametrize(("type_", "field"), sorted(FIELDS_KNOWN))
def test_a_field_of_another_library_is_understood(type_: str, field: str) -> None:
    with pytest.raises(spec.SpecError) as caught:
        spec.loads(f"inputs: {{x: [8]}}\nlayers: [{type_}: {{{field}: 2}}]")
    assert f"has no field '{field}'; did you mean {FIELDS_KNOWN[type_, field]!r}?" in str(
        caught.value
    )


def test_every_class_and_function_of_torch_that_is_a_layer_is_understood() -> None:
    from oracles.torch_layers import counterpart

    for name in spec.LAYERS:
        found = counterpart(name)
        if found is not None and found.modules:
            for module in found.modules:
                assert f"{name!r}" in suggest_layer(f"nn.{module.__name__}", NAMES)


def test_what_nobody_calls_so_has_no_suggestion() -> None:
    for word in ("zzzz", "", "x" * 41, "...", "_", VARIABLE):
        assert suggest_layer(word, NAMES) == ""
        assert suggest_field(word, FIELDS) == ""
    assert suggest("dense", ["linear"]) == ""


def test_blocks_of_a_file_come_before_synonyms() -> None:
    assert suggest_layer("Dense", ["linear", "dense"]) == "; did you mean 'dense'?"


def test_the_table_is_the_only_place() -> None:
    root = Path(spec.__file__).parent
    told = [p.name for p in root.rglob("*.py") if "fullyconnected" in p.read_text(encoding="utf-8")]
    assert told == ["synonyms.py"]
