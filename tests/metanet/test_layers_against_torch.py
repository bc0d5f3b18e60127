from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import graphgen
import metanet
import spec
from graphgen.testing import random_inputs, random_weights

NETS = sorted((Path(spec.__file__).parent / "nets").glob("*.yaml"))
X, TWO = "{x: [5, 8]}", "[{x: [5, 8]}, {y: [5, 6]}]"
CONTEXT = "[{x: [5, 8]}, {y: [7, 8]}]"

Run = Callable[[Any, Tensor, Tensor], Tensor]


def first(module: Any, x: Tensor, y: Tensor) -> Tensor:
    result: Tensor = module(x)[0]
    return result


def single(module: Any, x: Tensor, y: Tensor) -> Tensor:
    result: Tensor = module(x)
    return result


def both(module: Any, x: Tensor, y: Tensor) -> Tensor:
    result: Tensor = module(x, y)
    return result


def attention(module: Any, x: Tensor, y: Tensor) -> Tensor:
    result: Tensor = module(x, y, y)[0]
    return result


def causal(module: Any, x: Tensor, y: Tensor) -> Tensor:
    mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], dtype=x.dtype)
    result: Tensor = module(x, x, x, attn_mask=mask)[0]
    return result


def two_layers(kind: type[nn.RNNBase], **options: Any) -> nn.Module:
    return kind(8, 3, num_layers=2, bidirectional=True, batch_first=True, **options)


def heads(count: int, **options: Any) -> nn.Module:
    return nn.MultiheadAttention(8, count, batch_first=True, **options)


DEEP = "hidden_size: 3, num_layers: 2, bidirectional: true"
TWINS: list[tuple[str, str, nn.Module, Run]] = [
    (X, f"rnn: {{{DEEP}}}", two_layers(nn.RNN), first),
    (X, f"rnn: {{{DEEP}, nonlinearity: relu}}", two_layers(nn.RNN, nonlinearity="relu"), first),
    (X, f"lstm: {{{DEEP}}}", two_layers(nn.LSTM), first),
    (X, f"lstm: {{{DEEP}, bias: false}}", two_layers(nn.LSTM, bias=False), first),
    (X, f"lstm: {{{DEEP}, proj_size: 2}}", two_layers(nn.LSTM, proj_size=2), first),
    (X, f"lstm: {{{DEEP}, proj_size: 2, bias: false}}",
     two_layers(nn.LSTM, proj_size=2, bias=False), first),
    (X, f"gru: {{{DEEP}}}", two_layers(nn.GRU), first),
    ("{x: [5, 8]}", "multihead_attention: {num_heads: 2, causal: true}", heads(2), causal),
    (CONTEXT, "multihead_attention: {num_heads: 4, inputs: [x, y]}", heads(4), attention),
    (CONTEXT, "multihead_attention: {num_heads: 1, inputs: [x, y], bias: false}",
     heads(1, bias=False), attention),
    (TWO, "bilinear: {out_features: 3, inputs: [x, y]}", nn.Bilinear(8, 6, 3), both),
    ("{x: [5]}", "embedding: {num_embeddings: 9, embedding_dim: 4}", nn.Embedding(9, 4), single),
]  # fmt: skip


def check(net: spec.Architecture, expected: Tensor, weights: Any, inputs: tuple[Any, ...]) -> None:
    """Compare both evaluations in float64 with what torch gave."""
    ours = graphgen.evaluate(net, {n: np.asarray(w) for n, w in weights.items()}, *inputs)
    theirs = metanet.evaluate.run(
        net, {n: torch.tensor(w) for n, w in weights.items()}, *map(torch.tensor, inputs)
    )
    for actual in (np.asarray(ours), theirs.numpy()):
        assert actual.shape == tuple(expected.shape)
        assert np.abs(actual - expected.numpy()).max() <= 1e-10


@pytest.mark.parametrize(("inputs", "layer", "module", "run"), TWINS, ids=[row[1] for row in TWINS])
def test_a_layer_is_the_module_of_torch(
    inputs: str, layer: str, module: nn.Module, run: Run
) -> None:
    net = spec.loads(f"inputs: {inputs}\nlayers: [{{{layer.replace('{', '{name: layer, ', 1)}}}]")
    rng = np.random.default_rng(0)
    weights, arrays = random_weights(net, rng), random_inputs(net, rng)
    module = module.double().eval()
    module.load_state_dict(
        {n.removeprefix("layer."): torch.tensor(w) for n, w in weights.items()}, strict=True
    )
    x, y = torch.tensor(arrays[0]), torch.tensor(arrays[-1])
    with torch.no_grad():
        expected = run(module, x, y)
    check(net, expected, weights, arrays)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("kv_heads", [1, 2, 4])
def test_grouped_heads_are_those_of_torch(kv_heads: int, causal: bool) -> None:
    net = spec.loads(
        "inputs: {x: [5, 8]}\nlayers: [multihead_attention: {name: a, num_heads: 4, head_dim: 3, "
        f"num_kv_heads: {kv_heads}, causal: {str(causal).lower()}, packed: false, scale: 0.7}}]"
    )
    rng = np.random.default_rng(0)
    weights, arrays = random_weights(net, rng), random_inputs(net, rng)
    w = {n.removeprefix("a."): torch.tensor(array) for n, array in weights.items()}
    x = torch.tensor(arrays[0])
    q, k, v = (
        F.linear(x, w[f"{letter}_proj.weight"], w[f"{letter}_proj.bias"])
        .unflatten(2, (-1, 3))
        .transpose(1, 2)
        for letter in "qkv"
    )
    mixed = F.scaled_dot_product_attention(
        q, k, v, is_causal=causal, scale=0.7, enable_gqa=kv_heads < 4
    )
    y = F.linear(mixed.transpose(1, 2).flatten(2), w["out_proj.weight"], w["out_proj.bias"])
    check(net, y, weights, arrays)


def test_packed_projections_are_the_separate_ones_side_by_side() -> None:
    text = "inputs: {x: [5, 8]}\nlayers: [multihead_attention: {name: a, num_heads: 4, %s}]"
    options = "num_kv_heads: 2, causal: true, rotary: 100"
    separate = spec.loads(text % f"{options}, packed: false")
    packed = spec.loads(text % options)
    rng = np.random.default_rng(0)
    weights, arrays = random_weights(separate, rng), random_inputs(separate, rng)
    joined = {name: weights[name] for name in weights if "out_proj" in name}
    for kind in ("weight", "bias"):
        parts = [weights[f"a.{letter}_proj.{kind}"] for letter in "qkv"]
        joined[f"a.in_proj_{kind}"] = np.concatenate(parts)
    expected = torch.tensor(graphgen.evaluate(separate, weights, *arrays))
    check(packed, expected, joined, arrays)


def test_rotary_positions_tell_repeated_tokens_apart() -> None:
    net = spec.loads(
        "inputs: {x: [6, 8]}\nlayers: "
        "[multihead_attention: {num_heads: 2, rotary: 100, name: a, causal: true}]"
    )
    rng = np.random.default_rng(0)
    weights = random_weights(net, rng)
    x = rng.standard_normal((1, 2, 8))
    twice = np.concatenate([x, x, x], axis=1)
    without = spec.loads(
        "inputs: {x: [6, 8]}\nlayers: [multihead_attention: {num_heads: 2, name: a, causal: true}]"
    )
    y = np.asarray(graphgen.evaluate(net, weights, twice))
    plain = np.asarray(graphgen.evaluate(without, weights, twice))
    # Without positions a token cannot tell how often what it sees was repeated.
    assert np.abs(plain[:, 1] - plain[:, 5]).max() < 1e-10
    assert np.abs(y[:, 1] - y[:, 5]).max() > 1e-3


def test_patches_are_those_of_a_vision_transformer() -> None:
    net = spec.loads(
        "inputs: {x: [3, 8, 4]}\nlayers:\n"
        "  - patches: {embed_dim: 6, patch_size: [4, 2], name: p}\n"
        "  - class_token: {name: c}\n  - position_embedding: {name: e, max_length: 7}\n"
    )
    rng = np.random.default_rng(0)
    weights, arrays = random_weights(net, rng), random_inputs(net, rng)
    w = {name: torch.tensor(array) for name, array in weights.items()}
    x = F.conv2d(torch.tensor(arrays[0]), w["p.weight"], w["p.bias"], stride=(4, 2))
    tokens = torch.cat([w["c.weight"].expand(3, 1, 6), x.flatten(2).transpose(1, 2)], dim=1)
    check(net, tokens + w["e.weight"][:5], weights, arrays)


def test_swiglu_and_set_linear_follow_their_formulas() -> None:
    rng = np.random.default_rng(0)
    net = spec.loads("inputs: {x: [5, 8]}\nlayers: [swiglu: {name: s, hidden_features: 3}]")
    weights, arrays = random_weights(net, rng), random_inputs(net, rng)
    x = torch.tensor(arrays[0])
    gate, up, down = (
        torch.tensor(weights[f"s.{name}_proj.weight"]) for name in ("gate", "up", "down")
    )
    check(net, (F.silu(x @ gate.T) * (x @ up.T)) @ down.T, weights, arrays)
    for pool in ("mean", "amax", "sum"):
        word = pool.removeprefix("a")
        fields = f"{{out_features: 3, name: s, pool: {word}}}"
        net = spec.loads(f"inputs: {{x: [5, 8]}}\nlayers: [set_linear: {fields}]")
        weights = random_weights(net, rng)
        a, b, c = (torch.tensor(w) for w in weights.values())
        pooled = getattr(torch, pool)(x, dim=1, keepdim=True)
        check(net, x @ a.T + pooled @ b.T + c, weights, arrays)


@pytest.mark.parametrize("path", NETS, ids=lambda path: path.stem)
def test_a_reference_network_is_the_same_in_numpy_and_torch(path: Path) -> None:
    net = spec.load(path)
    rng = np.random.default_rng(0)
    weights, arrays = random_weights(net, rng), random_inputs(net, rng)
    expected = metanet.evaluate.run(
        net, {n: torch.tensor(w) for n, w in weights.items()}, *map(torch.tensor, arrays)
    )
    assert torch.isfinite(expected).all()
    actual = np.asarray(graphgen.evaluate(net, weights, *arrays))
    assert np.abs(actual - expected.numpy()).max() <= 1e-10 * max(1, float(expected.abs().max()))


@pytest.mark.parametrize("type_", ["vit", "bert"])
def test_a_reference_network_depends_on_every_weight(type_: str) -> None:
    net = spec.load(NETS[0].with_stem(type_))
    rng = np.random.default_rng(0)
    weights, arrays = random_weights(net, rng), random_inputs(net, rng)
    y = np.asarray(graphgen.evaluate(net, weights, *arrays))
    for name in net.parameters:
        if name.endswith("self.key.bias"):  # softmax does not see it
            continue
        changed = {**weights, name: weights[name] * 1.5}
        assert np.abs(np.asarray(graphgen.evaluate(net, changed, *arrays)) - y).max() > 1e-9, name
