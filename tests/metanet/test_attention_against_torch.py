"""Attention and its parts compute what torch and transformers do."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from transformers import LlamaConfig
from transformers.masking_utils import (
    and_masks,
    causal_mask_function,
    sliding_window_bidirectional_overlay,
    sliding_window_overlay,
)
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

import graphgen
import spec
from graphgen.testing import random_inputs, random_weights, relative_error
from spec.layers.rotary import Rotary

FRONTS: list[tuple[int, ...]] = [(), (2,), (3, 2)]


def run(text: str) -> tuple[Any, dict[str, torch.Tensor], list[torch.Tensor], Any]:
    """Evaluate a network: its output, weights, inputs, and itself."""
    net = spec.loads(text)
    rng = np.random.default_rng(0)
    weights, inputs = random_weights(net, rng), random_inputs(net, rng)
    found = graphgen.evaluate(net, weights, *inputs)
    tensors = {name: torch.tensor(array) for name, array in weights.items()}
    return found, tensors, [torch.tensor(x) for x in inputs], net


@pytest.mark.parametrize("front", FRONTS, ids=str)
@pytest.mark.parametrize(("causal", "bias"), list(product([False, True], repeat=2)))
def test_scaled_dot_product_attention_is_that_of_torch(
    front: tuple[int, ...], causal: bool, bias: bool
) -> None:
    shapes = [[*front, 4, 3], [*front, 4, 3], [*front, 4, 5], [4, 4]][: 3 + bias]
    inputs = [{name: shape} for name, shape in zip("qkvb", shapes, strict=False)]
    fields = f"inputs: [{', '.join('qkvb'[: len(shapes)])}], is_causal: {str(causal).lower()}"
    text = f"inputs: {inputs}\nlayers: [scaled_dot_product_attention: {{{fields}, scale: 0.4}}]"
    found, _, (q, k, v, *rest), _ = run(text)
    mask = torch.zeros(4, 4, dtype=torch.float64)
    if causal:
        mask = mask.masked_fill(~torch.ones(4, 4, dtype=torch.bool).tril(), -torch.inf)
    if rest:
        mask = mask + rest[0].reshape(-1, *(1,) * len(front), 4, 4)
    expected = F.scaled_dot_product_attention(q, k, v, mask, scale=0.4)
    assert relative_error(found, expected) < 1e-12
    moved = F.scaled_dot_product_attention(q, k, v, mask, scale=0.41)
    assert relative_error(found, moved) > 1e-6


@pytest.mark.parametrize("window", [1, 2, 3, 7])
@pytest.mark.parametrize("causal", [True, False])
def test_a_sliding_window_is_that_of_transformers(window: int, causal: bool) -> None:
    if causal:
        seen = and_masks(sliding_window_overlay(window), causal_mask_function)
    else:  # which counts the places on one side
        seen = sliding_window_bidirectional_overlay(window - 1)
    places = torch.arange(5)
    mask = torch.stack([seen(0, 0, i, places) for i in places])
    said = f"sliding_window: {window}"
    text = f"""
inputs: {{x: [5, 4]}}
layers:
  - multihead_attention: {{name: a, num_heads: 2, causal: {str(causal).lower()}, {said}}}
"""
    found, weights, (x,), net = run(text)
    module = nn.MultiheadAttention(4, 2, batch_first=True).double()
    module.load_state_dict({n.removeprefix("a."): w for n, w in weights.items()})
    expected = module(x, x, x, attn_mask=~mask)[0].detach()
    assert relative_error(found, expected) < 1e-12
    graph = graphgen.compile(net, {n: w.numpy() for n, w in weights.items()}, "computation")
    assert relative_error(graphgen.evaluate(graph, x.numpy()), expected) < 1e-12
    text = (
        "inputs: [{q: [5, 4]}, {k: [5, 4]}, {v: [5, 3]}]\nlayers: [scaled_dot_product_attention: "
        f"{{inputs: [q, k, v], is_causal: {str(causal).lower()}, {said}}}]"
    )
    found, _, (q, k, v), _ = run(text)
    assert relative_error(found, F.scaled_dot_product_attention(q, k, v, mask)) < 1e-12


def test_queries_are_the_last_tokens_of_a_sliding_window_or_as_many() -> None:
    text = """
inputs: [{q: [2, 4]}, {k: [5, 4]}]
layers: [multihead_attention: {name: a, inputs: [q, k], num_heads: 1, %s}]
"""
    found, weights, (q, k), _ = run(text % "causal: true, sliding_window: 2")
    module = nn.MultiheadAttention(4, 1, batch_first=True).double()
    module.load_state_dict({n.removeprefix("a."): w for n, w in weights.items()})
    mask = torch.tensor([[1, 1, 0, 0, 1], [1, 1, 1, 0, 0]]).bool()
    assert relative_error(found, module(q, k, k, attn_mask=mask)[0].detach()) < 1e-12
    with pytest.raises(spec.SpecError, match="which key a query is at is not said"):
        spec.loads(text % "sliding_window: 2")


@pytest.mark.parametrize("kind", ["rms_norm", "layer_norm"])
@pytest.mark.parametrize("packed", [False, True])
def test_queries_and_keys_of_all_heads_are_normed_together(kind: str, packed: bool) -> None:
    fields = f"num_heads: 4, num_kv_heads: 2, head_dim: 3, packed: {str(packed).lower()}"
    found, w, (x,), _ = run(f"""
inputs: {{x: [5, 6]}}
layers: [multihead_attention: {{name: a, {fields}, qk_norm: {kind}, qk_norm_over: all}}]
""")
    if packed:
        q, k, v = F.linear(x, w["a.in_proj_weight"], w["a.in_proj_bias"]).split([12, 6, 6], -1)
    else:
        q, k, v = (F.linear(x, w[f"a.{n}_proj.weight"], w[f"a.{n}_proj.bias"]) for n in "qkv")
    norm = F.rms_norm if kind == "rms_norm" else F.layer_norm
    biases = [w.get(f"a.{n}_norm.bias") for n in "qk"]
    own = [() if bias is None else (bias,) for bias in biases]
    q = norm(q, (12,), w["a.q_norm.weight"], *own[0], eps=1e-5)
    k = norm(k, (6,), w["a.k_norm.weight"], *own[1], eps=1e-5)
    q, k, v = (each.unflatten(-1, (-1, 3)).transpose(1, 2) for each in (q, k, v))
    mixed = F.scaled_dot_product_attention(q, k, v, enable_gqa=True).transpose(1, 2).flatten(2)
    expected = F.linear(mixed, w["a.out_proj.weight"], w["a.out_proj.bias"])
    assert relative_error(found, expected) < 1e-12


@pytest.mark.parametrize("heads", [1, 2, 6])
def test_heads_that_share_keys_have_biases_of_their_own(heads: int) -> None:
    text = (
        f"inputs: [{{q: [6, 4, 3]}}, {{k: [2, 5, 3]}}, {{v: [2, 5, 3]}}, {{b: [{heads}, 4, 5]}}]\n"
        "layers: [scaled_dot_product_attention: {inputs: [q, k, v, b], enable_gqa: true}]"
    )
    if heads == 2:
        with pytest.raises(spec.SpecError, match="a bias or mask of scores"):
            spec.loads(text)
        return
    found, _, (q, k, v, b), _ = run(text)
    expected = F.scaled_dot_product_attention(q, k, v, b, enable_gqa=True)
    assert relative_error(found, expected) < 1e-12


@pytest.mark.parametrize("mask", [(5, 7), (1, 7), (2, 5, 7), (2, 1, 7)], ids=str)
def test_three_inputs_and_a_mask_are_those_of_torch(mask: tuple[int, ...]) -> None:
    text = (
        "inputs: [{q: [5, 8]}, {k: [7, 6]}, {v: [7, 4]}, {m: %s}]\n"
        "layers: [multihead_attention: {name: a, num_heads: 2, inputs: [q, k, v, m], "
        "packed: false, key_bias: false}]"
    )
    found, w, (q, k, v, m), net = run(text % list(mask))
    assert "a.k_proj.bias" not in net.tensors
    module = nn.MultiheadAttention(8, 2, kdim=6, vdim=4, batch_first=True).double()
    module.load_state_dict(
        {
            **{f"{x}_proj_weight": w[f"a.{x}_proj.weight"] for x in "qkv"},
            "in_proj_bias": torch.cat(
                [w["a.q_proj.bias"], torch.zeros(8, dtype=torch.float64), w["a.v_proj.bias"]]
            ),
            **{f"out_proj.{kind}": w[f"a.out_proj.{kind}"] for kind in ("weight", "bias")},
        }
    )
    each = m.reshape(-1, *(1,) * (3 - len(mask)), *mask).expand(-1, 2, 5, 7).flatten(0, 1)
    expected, _ = module(q, k, v, attn_mask=each, need_weights=False)
    assert relative_error(found, expected.detach()) < 1e-12


def test_axes_in_front_are_like_a_batch() -> None:
    text = "inputs: {x: [3, 2, 5, 8]}\nlayers: [multihead_attention: {name: a, num_heads: 2%s}]"
    found, w, (x,), _ = run(text % "")
    module = nn.MultiheadAttention(8, 2, batch_first=True).double()
    module.load_state_dict({name.removeprefix("a."): tensor for name, tensor in w.items()})
    flat = x.flatten(0, 2)
    expected, _ = module(flat, flat, flat, need_weights=False)
    assert relative_error(found, expected.detach().reshape(x.shape)) < 1e-12


@pytest.mark.parametrize("norm", ["layer_norm", "rms_norm"])
def test_norms_of_queries_and_keys_and_capped_scores(norm: str) -> None:
    found, w, (x,), _ = run(
        "inputs: {x: [5, 8]}\nlayers: [multihead_attention: {name: a, num_heads: 2, "
        f"qk_norm: {norm}, qk_norm_eps: 0.01, softcap: 0.7, packed: false}}]"
    )
    q, k, v = (
        F.linear(x, w[f"a.{n}_proj.weight"], w[f"a.{n}_proj.bias"]).unflatten(2, (2, 4))
        for n in "qkv"
    )
    if norm == "layer_norm":
        q, k = (
            F.layer_norm(y, (4,), w[f"a.{n}_norm.weight"], w[f"a.{n}_norm.bias"], 0.01)
            for n, y in (("q", q), ("k", k))
        )
    else:
        q, k = (F.rms_norm(y, (4,), w[f"a.{n}_norm.weight"], 0.01) for n, y in (("q", q), ("k", k)))
    scores = 0.7 * torch.tanh(torch.einsum("nthd,nshd->nhts", q, k) / 2 / 0.7)
    mixed = torch.einsum("nhts,nshd->nthd", scores.softmax(-1), v).flatten(2)
    expected = F.linear(mixed, w["a.out_proj.weight"], w["a.out_proj.bias"])
    assert relative_error(found, expected) < 1e-12


SCALINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "linear": {"factor": 3.0},
    "dynamic": {"factor": 2.5},
    "yarn": {"factor": 4.0, "original_max_position_embeddings": 16},
    "yarn between pairs": {
        "factor": 4.0, "truncate": False, "original_max_position_embeddings": 16,
    },
    "llama3": {
        "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    },
    "longrope": {
        "factor": 4.0, "original_max_position_embeddings": 16,
        "short_factor": [1.0 + i / 10 for i in range(8)],
        "long_factor": [1.0 + i for i in range(8)],
    },
}  # fmt: skip


@pytest.mark.parametrize("length", [12, 40])
@pytest.mark.parametrize("kind", SCALINGS)
def test_rotary_positions_are_stretched_as_in_transformers(kind: str, length: int) -> None:
    numbers, kind = SCALINGS[kind], kind.split()[0]
    original = numbers.get("original_max_position_embeddings", 16)
    config = LlamaConfig(
        hidden_size=64, num_attention_heads=4, max_position_embeddings=original,
        rope_parameters={"rope_type": kind, "rope_theta": 500.0, **numbers},
    )  # fmt: skip
    if kind == "default":
        speeds, magnitude = 500.0 ** (-torch.arange(0, 16, 2) / 16), 1.0
    else:
        speeds, magnitude = ROPE_INIT_FUNCTIONS[kind](config, "cpu", seq_len=length)
    fields = {
        name: value for name, value in numbers.items()
        if name != "original_max_position_embeddings"
    }  # fmt: skip
    if kind not in ("default", "linear"):
        fields["original_length"] = original
    layer = Rotary(
        base=500.0, scaling="none" if kind == "default" else kind,
        **{n: tuple(v) if isinstance(v, list) else v for n, v in fields.items()},
    ).infer((length, 16))  # fmt: skip
    base, frequencies, ours = layer.turning(length)
    frequencies = frequencies or tuple(base ** (-2 * i / 16) for i in range(8))
    assert relative_error(frequencies, speeds.double()) < 1e-6
    assert ours == pytest.approx(magnitude, rel=1e-9)


@pytest.mark.parametrize("interleaved", [False, True])
@pytest.mark.parametrize(("shape", "dim"), [((5, 6), -2), ((2, 5, 6), -2), ((5, 2, 6), 1)])
def test_pairs_are_turned_along_any_axis(
    shape: tuple[int, ...], dim: int, interleaved: bool
) -> None:
    found, _, (x,), _ = run(
        f"inputs: {{x: {list(shape)}}}\nlayers: [rotary: {{dim: {dim}, size: 4, offset: 3, "
        f"base: 50, interleaved: {str(interleaved).lower()}}}]"
    )
    axis = dim % len(x.shape)
    angles = torch.outer(torch.arange(3.0, 8.0).double(), 50.0 ** (-torch.arange(2).double() / 2))
    turn = torch.polar(torch.ones_like(angles), angles)
    turn = turn.reshape(5, *(1,) * (len(x.shape) - axis - 2), 2)
    turned, rest = x[..., :4], x[..., 4:]
    pairs = turned.unflatten(-1, (2, 2)) if interleaved else turned.unflatten(-1, (2, 2)).mT
    both = torch.view_as_real(torch.view_as_complex(pairs.contiguous()) * turn)
    flat = (both if interleaved else both.mT).flatten(-2)
    assert relative_error(found, torch.cat([flat, rest], -1)) < 1e-12


WRONG = {
    "rotary: {scaling: yarn, factor: 2}": "`scaling: yarn` needs `original_length`",
    "rotary: {factor: 2}": "`factor` says nothing where `scaling` is none",
    "rotary: {dim: -1}": "the axis of features",
    "rotary: {size: 3}": "turn an even number of features",
    "rotary: {scaling: longrope, factor: 2, original_length: 3, short_factor: [1], "
    "long_factor: [1]}": "`short_factor` has 1 numbers, but 2 pairs are turned",
    "multihead_attention: {num_heads: 2, key_bias: false}": "packed projections have one bias",
    "multihead_attention: {num_heads: 2, kdim: 3}": "`kdim` is 3, but the input has 4",
    "scaled_dot_product_attention: {inputs: [x, x]}": "takes 3 to 4 inputs, got 2",
    "scaled_dot_product_attention: {inputs: [x, x, x], enable_gqa: true}": "`enable_gqa` needs",
    "scaled_dot_product_attention: {inputs: [x, one, one], is_causal: true}": "5 queries and 1 key",
}


def taking(layer: str) -> str:
    return layer if "inputs" in layer else layer.replace("}", ", inputs: x}")


@pytest.mark.parametrize("layer", WRONG)
def test_errors_say_what_to_do(layer: str) -> None:
    with pytest.raises(spec.SpecError) as caught:
        spec.loads(f"inputs: [{{x: [5, 4]}}, {{one: [1, 4]}}]\nlayers: [{taking(layer)}]")
    assert WRONG[layer] in str(caught.value)
