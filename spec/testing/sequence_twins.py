"""Near-twins among networks of sequences, sets and space: alike, with different functions."""

from __future__ import annotations

TOKENS = "inputs: {x: [3, 4]}\nlayers:\n  - linear: {out_features: 4, name: first}\n"
SERIES = (
    "inputs: {x: [2, 8]}\nlayers:\n  - conv1d: {out_channels: 4, kernel_size: 3, name: first}\n"
)
LAST = "  - mean: {dim: 1}\n  - linear: {out_features: 2, name: last}\n"


def tokens(*layers: str) -> str:
    """Put layers between a linear map of each token and a head."""
    return TOKENS + "".join(f"  - {layer}\n" for layer in layers) + LAST


def series(*layers: str) -> str:
    """Put layers between a convolution over a series and a head."""
    body = "".join(f"  - {layer}\n" for layer in layers)
    return SERIES + body + "  - flatten\n  - linear: {out_features: 2, name: last}\n"


def attention(fields: str) -> str:
    """Put attention with some fields between a linear map of each token and a head."""
    return tokens(f"multihead_attention: {{name: a, {fields}}}")


def residual(*layers: str) -> str:
    """Write a residual block."""
    return "residual: {body: [" + ", ".join(layers) + "]}"


FEED_FORWARD = (
    "{linear: {out_features: 6, name: b}}, {%s: {name: c}}, {linear: {out_features: 4, name: d}}"
)
NORM = "{layer_norm: {name: n}}"

SEQUENCE_TWINS: dict[str, tuple[str, str]] = {
    "two heads or four": (attention("num_heads: 2"), attention("num_heads: 4")),
    "one head or two": (attention("num_heads: 1"), attention("num_heads: 2")),
    "grouped queries": (
        attention("num_heads: 4, num_kv_heads: 2, packed: false"),
        attention("num_heads: 4, num_kv_heads: 1, packed: false"),
    ),
    "causal": (attention("num_heads: 2"), attention("num_heads: 2, causal: true")),
    "sliding window": (
        attention("num_heads: 2, causal: true"),
        attention("num_heads: 2, causal: true, sliding_window: 2"),
    ),
    "length of a sliding window": (
        attention("num_heads: 2, causal: true, sliding_window: 1"),
        attention("num_heads: 2, causal: true, sliding_window: 2"),
    ),
    "sliding window of both sides": (
        attention("num_heads: 2, causal: true, sliding_window: 2"),
        attention("num_heads: 2, sliding_window: 2"),
    ),
    "norm of each head's queries": (
        attention("num_heads: 2, qk_norm: rms_norm"),
        attention("num_heads: 2"),
    ),
    "norm of all heads' queries": (
        attention("num_heads: 1, qk_norm: rms_norm"),
        attention("num_heads: 1, qk_norm: layer_norm, qk_norm_over: all"),
    ),
    "scale of the scores": (attention("num_heads: 2"), attention("num_heads: 2, scale: 0.1")),
    "rotary positions": (attention("num_heads: 2"), attention("num_heads: 2, rotary: 100")),
    "base of rotary positions": (
        attention("num_heads: 1, rotary: 100"),
        attention("num_heads: 1, rotary: 1000"),
    ),
    "positions that turn, or an axis of one": (
        tokens("unsqueeze: {dim: 1}", "rotary: {dim: 1}", "squeeze: {dim: 1}"),
        tokens("unsqueeze: {dim: 2}", "rotary: {dim: 1}", "squeeze: {dim: 2}"),
    ),
    "pairs of rotary positions": (
        attention("num_heads: 1, rotary: 100"),
        attention("num_heads: 1, rotary: 100, rotary_interleaved: true"),
    ),
    "norm before or after": (
        tokens(residual(NORM, FEED_FORWARD % "relu")),
        tokens(residual(FEED_FORWARD % "relu"), "layer_norm: {name: n}"),
    ),
    "relu or gelu": (
        tokens(residual(FEED_FORWARD % "relu")),
        tokens(residual(FEED_FORWARD % "gelu")),
    ),
    "layer or rms norm": (
        tokens("layer_norm: {elementwise_affine: false}"),
        tokens("rms_norm: {elementwise_affine: false, eps: 1e-5}"),
    ),
    "residual or none": (
        tokens(residual(FEED_FORWARD % "relu")),
        tokens("linear: {out_features: 6, name: b}", "relu", "linear: {out_features: 4, name: d}"),
    ),
    "positions or none": (tokens("sinusoidal_positions"), tokens("identity")),
    "mean or maximum of a set": (tokens(), tokens().replace("- mean:", "- amax:")),
    "mean or sum of a set": (tokens(), tokens().replace("- mean:", "- sum:")),
    "softmax over features or over tokens": (
        tokens("softmax"),
        tokens("transpose: {dim0: 1, dim1: 2}", "softmax", "transpose: {dim0: 1, dim1: 2}"),
    ),
    "direction of a recurrence": (
        tokens("gru: {hidden_size: 4, name: r}"),
        tokens("rnn: {hidden_size: 4, name: r}"),
    ),
    "nonlinearity of a recurrence": (
        tokens("rnn: {hidden_size: 4, name: r}"),
        tokens("rnn: {hidden_size: 4, name: r, nonlinearity: relu}"),
    ),
    "frequency of a sine": (tokens("sine: {frequency: 1}"), tokens("sine: {frequency: 30}")),
    "gated or not": (
        tokens("swiglu: {hidden_features: 4, name: g}"),
        tokens("linear: {out_features: 4, name: g1}", "silu", "linear: {out_features: 4}"),
    ),
    "window that slides or unfolds": (
        series("conv1d: {out_channels: 4, kernel_size: 3, padding: 1, name: w}"),
        series("conv_transpose1d: {out_channels: 4, kernel_size: 3, padding: 1, name: w}"),
    ),
    "nearest or linear": (
        series("upsample: {scale_factor: 2}"),
        series("upsample: {scale_factor: 2, mode: linear}"),
    ),
    "corners of an interpolation": (
        series("upsample: {scale_factor: 2, mode: linear}"),
        series("upsample: {scale_factor: 2, mode: linear, align_corners: true}"),
    ),
    "statistics of an instance or a batch": (
        series("instance_norm: {affine: true, name: n}"),
        series("group_norm: {num_groups: 1, name: n}"),
    ),
}
"""Pairs of descriptions, by what differs."""
