"""Operators of onnxruntime, into which its optimiser joins others."""

from __future__ import annotations

from typing import Any

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.attention import join_heads, split_heads
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.operators import contraction, elementwise, normalisation, shapes, taking
from graphgen.importers.operators.attention import scaled_dot_product_attention
from graphgen.importers.operators.elementwise import affine, function
from graphgen.importers.operators.embedding import embedding
from graphgen.importers.traced import Traced, Value

MS = "com.microsoft"


def _biased(node: Node, place: int = 1) -> Traced:
    bias = node.optional(place)
    return node[0] if bias is None else elementwise.add(node.tracer, node[0], bias)


@onnx("BiasGelu", domain=MS)
def bias_gelu(node: Node) -> Traced:
    return function(node.tracer, "gelu", _biased(node))


@onnx("FastGelu", domain=MS)
def fast_gelu(node: Node) -> Traced:
    return function(node.tracer, "gelu", _biased(node), {"approximate": "tanh"})


@onnx("SkipLayerNormalization", "SkipSimplifiedLayerNormalization", domain=MS)
def skip_layer_norm(node: Node) -> Any:
    """Normalise the sum of two values, and of a bias; the fourth output is the sum."""
    t = node.tracer
    simple = node.operator == "SkipSimplifiedLayerNormalization"
    if node.wants(1) or node.wants(2):
        t.refuse("mean and deviation, its further outputs, are not said")
    total = elementwise.add(t, node[0], node[1])
    bias = node.optional(3 if simple else 4)
    if bias is not None:
        total = elementwise.add(t, total, bias)
    eps = node.attribute("epsilon", 1e-12)
    width = total.shape[-1:]
    if simple:
        y = normalisation.rms_norm(t, total, width, node[2], eps)
    else:
        y = normalisation.layer_norm(t, total, width, node[2], node.optional(3), eps)
    return y, None, None, total


@onnx("EmbedLayerNormalization", domain=MS)
def embed_layer_norm(node: Node) -> Any:
    """Add rows of two or three tables, and normalise the sum."""
    t = node.tracer
    if node.has(7) or node.wants(1):
        t.refuse("its mask is not read")
    words = embedding(t, node[2], node[0])
    length = node[0].shape[-1]
    if node.has(8):
        places = embedding(t, node[3], node[8])
    else:
        places = taking.narrow(t, node[3], 0, 0, length)
    total = elementwise.add(t, words, places)
    if node.has(4) and node.has(1):
        total = elementwise.add(t, total, embedding(t, node[4], node[1]))
    eps = node.attribute("epsilon", 1e-12)
    return normalisation.layer_norm(t, total, total.shape[-1:], node[5], node.optional(6), eps)


@onnx("Attention", domain=MS)
def attention(node: Node) -> Traced:
    """Project to queries, keys and values by one packed matrix, and attend."""
    t, x = node.tracer, node[0]
    if any(node.has(place) for place in (3, 4, 6)) or node.attribute("do_rotary", 0):
        t.refuse("masks of lengths, the past and rotary positions are not read here")
    heads = node.attribute("num_heads")
    weight, bias = node[1], node.optional(2)
    if isinstance(weight, Value):
        t.refuse("its weight is computed")
    width = weight.shape[1]
    sizes = node.attribute("qkv_hidden_sizes") or [width // 3] * 3
    parts, first = [], 0
    for size in sizes:
        one = shapes.transpose(t, taking.narrow(t, weight, 1, first, size), 0, 1)
        own = None if bias is None else taking.narrow(t, bias, 0, first, size)
        parts.append(split_heads(node, contraction.linear(t, x, one, own), heads))
        first += size
    found = scaled_dot_product_attention(
        t,
        parts[0],
        parts[1],
        parts[2],
        node.optional(5),
        is_causal=bool(node.attribute("unidirectional", 0)),
        scale=node.attribute("scale") or None,
    )
    return join_heads(node, found)


@onnx("MultiHeadAttention", domain=MS)
def multi_head_attention(node: Node) -> Traced:
    """Attend from queries, keys and values that are projected already."""
    t = node.tracer
    if any(node.has(place) for place in (4, 6, 7)) or not (node.has(1) and node.has(2)):
        t.refuse("masks of lengths, packed inputs and the past are not read")
    heads = node.attribute("num_heads")
    parts = []
    first = 0
    for place in range(3):
        x = node[place]
        if node.has(3):
            own = taking.narrow(t, node[3], 0, first, x.shape[-1])
            x, first = elementwise.add(t, x, own), first + x.shape[-1]
        parts.append(split_heads(node, x, heads) if len(x.shape) == 3 else x)
    found = scaled_dot_product_attention(
        t,
        parts[0],
        parts[1],
        parts[2],
        node.optional(5),
        is_causal=bool(node.attribute("unidirectional", 0)),
        scale=node.attribute("scale") or None,
    )
    return join_heads(node, found)


@onnx("FusedConv", domain=MS)
def fused_conv(node: Node) -> Traced:
    """Convolve, add a value, and apply a function."""
    from graphgen.importers.onnx.operators.convolution import conv

    t = node.tracer
    y = conv(node)
    if node.has(3):
        y = elementwise.add(t, y, node[3])
    return _activated(node, y, node.attribute("activation", ""))


@onnx("FusedGemm", domain=MS)
def fused_gemm(node: Node) -> Traced:
    from graphgen.importers.onnx.operators.products import gemm

    return _activated(node, gemm(node), node.attribute("activation", ""))


def _activated(node: Node, y: Traced, word: str) -> Traced:
    t = node.tracer
    numbers = node.attribute("activation_params") or []
    if word == "":
        return y
    if word in ("Relu", "Sigmoid", "Tanh"):
        return function(t, word.lower(), y)
    if word == "LeakyRelu":
        slope = numbers[0] if numbers else node.attribute("activation_alpha", 0.01)
        return function(t, "leaky_relu", y, {"negative_slope": slope})
    if word == "Clip" and len(numbers) == 2:
        return function(t, "clamp", y, {"min": numbers[0], "max": numbers[1]})
    if word == "HardSigmoid" and len(numbers) == 2:
        return function(t, "clamp", affine(t, y, *numbers), {"min": 0.0, "max": 1.0})
    t.refuse(f"the function {word!r} behind it is not known")
