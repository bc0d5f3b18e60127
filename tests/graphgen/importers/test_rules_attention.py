"""Attention that is spelled out: every way of saying it is found, and what is another is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles.rewrites import Build, checked, layers

T, H, D = 5, 2, 4
CAUSAL = np.tril(np.ones((T, T)))


def heads(b: Build, value: str, count: int = H, size: int = D) -> str:
    """Give [heads, tokens, features] of [tokens, heads * features]."""
    return b("permute", b("reshape", value, shape=(T, count, size)), dims=(0, 2, 1, 3))


def joined(b: Build, value: str, count: int = H, size: int = D) -> str:
    return b("reshape", b("permute", value, dims=(0, 2, 1, 3)), shape=(T, count * size))


def scaled(b: Build, q: str, k: str, way: str) -> tuple[str, str, float]:
    """Scale queries, keys, both or the scores by `D ** -0.5`."""
    if way == "queries":
        return b("divide", q, b.number(D**0.5)), k, 1.0
    if way == "both":
        return b("scale_by", q, factor=D**-0.25), b("scale_by", k, factor=D**-0.25), 1.0
    return q, k, D**-0.5


def masked(b: Build, scores: str, way: str, seen: np.ndarray = CAUSAL) -> str:
    if way == "added":
        return b("add", scores, b.constant(np.where(seen, 0, -np.inf)[None]))
    if way == "least":
        return b("add", scores, b.constant(np.where(seen, 0, np.finfo(np.float32).min)[None]))
    if way == "filled":
        return b("masked_fill", scores, b.constant(1 - seen[None]), value=-1e9)
    if way == "chosen":
        return b("where", b.constant(seen[None]), scores, b.constant([[[-1e30]]]))
    return scores


def product(b: Build, q: str, k: str, way: str) -> str:
    if way == "einsum":
        return b("einsum", q, k, equation="nhtd,nhsd->nhts")
    if way == "turned":
        return b("einsum", k, q, equation="bhsd,bhtd->bhts")
    return b("matmul", q, b("transpose", k, dim0=2, dim1=3))


def attention(b: Build, *, scale: str = "scores", mask: str = "none", by: str = "matmul",
              seen: np.ndarray = CAUSAL, **rest: Any) -> str:  # fmt: skip
    q, k, v = (heads(b, b("linear", "x", out_features=H * D)) for _ in range(3))
    q, k, factor = scaled(b, q, k, scale)
    scores = product(b, q, k, by)
    if factor != 1:
        scores = b("scale_by", scores, factor=factor)
    shares = b("softmax", masked(b, scores, mask, seen), dim=rest.get("dim", -1))
    if by == "matmul":
        mixed = b("matmul", shares, v)
    else:
        mixed = b("einsum", shares, v, equation="nhts,nhsd->nhtd")
    return b("linear", joined(b, mixed), out_features=6)


@pytest.mark.parametrize("scale", ["scores", "queries", "both"])
@pytest.mark.parametrize("mask", ["none", "added", "least", "filled", "chosen"])
@pytest.mark.parametrize("by", ["matmul", "einsum", "turned"])
def test_every_spelling_is_one_layer(scale: str, mask: str, by: str) -> None:
    build = Build({"x": (T, 6)})
    network, _ = checked(build.network(attention(build, scale=scale, mask=mask, by=by)))
    (node,) = network.nodes
    assert node.layer == "multihead_attention"
    wanted = {"num_heads": H, "head_dim": D, "packed": False}
    assert dict(node.fields) == wanted | ({"causal": True} if mask != "none" else {})


def test_windows() -> None:
    rows = np.arange(T)[:, None] - np.arange(T)
    for seen, fields in (
        ((rows >= 0) & (rows < 3), {"causal": True, "sliding_window": 3}),
        (abs(rows) < 3, {"sliding_window": 3}),
    ):
        build = Build({"x": (T, 6)})
        network, _ = checked(build.network(attention(build, mask="added", seen=seen)))
        (node,) = network.nodes
        assert {k: v for k, v in node.fields.items() if k in ("causal", "sliding_window")} == fields


def test_a_mask_that_is_no_band_stays() -> None:
    seen = CAUSAL.copy()
    seen[1, 3] = 1
    build = Build({"x": (T, 6)})
    network, _ = checked(build.network(attention(build, mask="filled", seen=seen)))
    assert layers(network) == ["constant", "multihead_attention"]
    assert "causal" not in network.nodes[1].fields


def test_a_query_that_sees_nothing_is_left() -> None:
    seen = CAUSAL.copy()
    seen[2] = 0
    build = Build({"x": (T, 6)})
    network, _ = checked(build.network(attention(build, mask="least", seen=seen)))
    assert "softmax" in layers(network)


def test_softmax_along_the_queries_is_left() -> None:
    build = Build({"x": (T, 6)})
    network, _ = checked(build.network(attention(build, dim=2)))
    assert "softmax" in layers(network)


def test_shares_that_others_read_are_left() -> None:
    build = Build({"x": (T, 6)})
    y = attention(build)
    shares = next(node.output for node in build.nodes if node.layer == "softmax")
    network, _ = checked(build.network(y, shares))
    assert "softmax" in layers(network)


def test_softcap_and_a_bias() -> None:
    build = Build({"x": (T, 6), "z": (H, T, T)})
    q, k, v = (heads(build, build("linear", "x", out_features=H * D)) for _ in range(3))
    scores = build("scale_by", product(build, q, k, "matmul"), factor=0.3 / 50)
    scores = build("scale_by", build("tanh", scores), factor=50.0)
    shares = build("softmax", masked(build, build("add", scores, "z"), "filled"))
    network, _ = checked(build.network(build("matmul", shares, v)))
    core = network.nodes[-1]
    assert core.layer == "scaled_dot_product_attention"
    assert core.inputs[3] == "z"
    assert set(core.fields) == {"scale", "softcap", "is_causal"}
    assert np.isclose(core.fields["scale"], 0.3)


def test_packed_maps() -> None:
    for order in ((0, 1, 2), (0, 2, 1)):
        build = Build({"x": (T, 8)})
        packed = build("linear", "x", out_features=3 * H * D)
        cut = build("reshape", packed, shape=(T, 3, H, D))
        cut = build("permute", cut, dims=(0, 2, 3, 1, 4))
        q, k, v = (build("select", cut, dim=1, index=i) for i in order)
        y = build("scaled_dot_product_attention", q, k, v, is_causal=True)
        network, _ = checked(build.network(build("linear", joined(build, y), out_features=8)))
        assert (layers(network) == ["multihead_attention"]) == (order == (0, 1, 2))


def test_maps_packed_head_by_head_are_left() -> None:
    build = Build({"x": (T, 8)})
    packed = build("linear", "x", out_features=3 * H * D)
    cut = heads(build, packed, H, 3 * D)
    parts = build("split", cut, sections=3, dim=3)
    y = build("scaled_dot_product_attention", *(f"{parts}.{i}" for i in range(3)))
    network, _ = checked(build.network(build("linear", joined(build, y), out_features=8)))
    assert "multihead_attention" not in layers(network)


@pytest.mark.parametrize("way", ["expand", "interleave", "tile"])
def test_keys_that_heads_share(way: str) -> None:
    build = Build({"x": (T, 8)})

    def repeated(value: str) -> str:
        if way == "interleave":
            return build("repeat_interleave", value, repeats=2, dim=1)
        if way == "tile":
            return build("tile", value, dims=(2, 1, 1))
        wide = build("unsqueeze", value, dim=2)
        return build("reshape", build("expand", wide, shape=(2, 2, T, D)), shape=(4, T, D))

    q = heads(build, build("linear", "x", out_features=4 * D), 4)
    k, v = (repeated(heads(build, build("linear", "x", out_features=2 * D))) for _ in range(2))
    y = build("scaled_dot_product_attention", q, k, v)
    network, _ = checked(build.network(build("linear", joined(build, y, 4), out_features=8)))
    assert (layers(network) == ["multihead_attention"]) == (way != "tile")
    if way != "tile":
        assert network.nodes[0].fields["num_kv_heads"] == 2


def test_maps_that_others_read_are_left() -> None:
    build = Build({"x": (T, 8)})
    maps = [build("linear", "x", out_features=H * D) for _ in range(3)]
    y = build("scaled_dot_product_attention", *(heads(build, each) for each in maps))
    y = build("linear", joined(build, y), out_features=8)
    network, _ = checked(build.network(y, maps[1]))
    assert "multihead_attention" not in layers(network)


@pytest.mark.parametrize("over", ["head", "all", "tokens"])
def test_norms_of_queries_and_keys(over: str) -> None:
    build = Build({"x": (T, 8)})
    operands = []
    for _ in range(2):
        y = build("linear", "x", out_features=H * D)
        if over == "all":
            y = build("rms_norm", y, eps=1e-6)
        y = heads(build, y)
        if over == "head":
            y = build("rms_norm", y, eps=1e-6)
        if over == "tokens":
            y = build("transpose", y, dim0=2, dim1=3)
            y = build("transpose", build("rms_norm", y, eps=1e-6), dim0=2, dim1=3)
        operands.append(y)
    v = heads(build, build("linear", "x", out_features=H * D))
    y = build("scaled_dot_product_attention", *operands, v)
    network, _ = checked(build.network(build("linear", joined(build, y), out_features=8)))
    assert (layers(network) == ["multihead_attention"]) == (over != "tokens")
    if over != "tokens":
        assert network.nodes[0].fields["qk_norm"] == "rms_norm"
        assert network.nodes[0].fields["qk_norm_eps"] == 1e-6


def test_attention_to_others() -> None:
    build = Build({"x": (T, 8), "z": (T, 6), "w": (T, 3)})
    for values in ("z", "w"):
        q = heads(build, build("linear", "x", out_features=H * D))
        k = heads(build, build("linear", "z", out_features=H * D))
        v = heads(build, build("linear", values, out_features=H * D))
        y = build("scaled_dot_product_attention", q, k, v)
        y = build("linear", joined(build, y), out_features=8)
        network, _ = checked(build.network(y))
        assert [(n.layer, n.inputs) for n in network.nodes] == [
            ("multihead_attention", ("x", "z") if values == "z" else ("x", "z", "w"))
        ]


def test_heads_that_are_joined_otherwise_are_left() -> None:
    build = Build({"x": (T, 8)})
    q, k, v = (heads(build, build("linear", "x", out_features=H * D)) for _ in range(3))
    y = build("scaled_dot_product_attention", q, k, v)
    y = build("reshape", build("permute", y, dims=(0, 2, 3, 1)), shape=(T, H * D))
    network, _ = checked(build.network(build("linear", y, out_features=8)))
    assert "multihead_attention" not in layers(network)


def test_biases_that_are_added_behind_the_maps() -> None:
    build = Build({"x": (T, 8)})

    def mapped(value: str) -> str:
        y = build("linear", value, out_features=8, bias=False)
        return build("add", y, build.parameter(1, 8))

    y = build("scaled_dot_product_attention", *(heads(build, mapped("x")) for _ in range(3)))
    network, _ = checked(build.network(mapped(joined(build, y))))
    assert [(n.layer, dict(n.fields)) for n in network.nodes] == [
        ("multihead_attention", {"num_heads": H, "packed": False})
    ]
