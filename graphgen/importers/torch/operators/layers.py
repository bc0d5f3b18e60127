"""Convolutions, norms, pooling, attention, recurrence and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphgen.importers.operators import attention, normalisation, pooling, recurrence
from graphgen.importers.operators import embedding as tables
from graphgen.importers.operators.convolution import Side, convolution
from graphgen.importers.torch.operators.registry import aten
from graphgen.importers.traced import Traced
from graphgen.importers.tracer import Tracer


def spread(given: int | Sequence[int], dims: int) -> list[int]:
    """Give a number for each axis of space."""
    sizes = [given] if isinstance(given, int) else list(given)
    return sizes * dims if len(sizes) == 1 else sizes


@aten("conv1d", "conv2d", "conv3d")
def conv(
    t: Tracer,
    x: Traced,
    weight: Traced,
    bias: Traced | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Traced:
    dims = len(weight.shape) - 2
    wide = spread(dilation, dims)
    sides: list[Side]
    if padding == "same":
        reach = [d * (k - 1) for d, k in zip(wide, weight.shape[2:], strict=True)]
        sides = [n // 2 if n % 2 == 0 else (n // 2, n - n // 2) for n in reach]
    else:
        sides = list(spread(0 if padding == "valid" else padding, dims))
    return convolution(
        t, x, weight, bias, stride=spread(stride, dims), padding=sides, dilation=wide, groups=groups
    )


@aten("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def conv_transpose(
    t: Tracer,
    x: Traced,
    weight: Traced,
    bias: Traced | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Traced:
    dims = len(weight.shape) - 2
    return convolution(
        t, x, weight, bias, stride=spread(stride, dims), padding=spread(padding, dims),
        dilation=spread(dilation, dims), groups=groups, transposed=True,
        output_padding=spread(output_padding, dims),
    )  # fmt: skip


@aten("batch_norm")
def batch_norm(
    t: Tracer,
    x: Traced,
    weight: Traced | None,
    bias: Traced | None,
    mean: Traced | None,
    variance: Traced | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn: bool = False,
) -> Traced:
    if training or mean is None or variance is None:
        t.refuse(
            "it normalises by the statistics of the batch, of which no sample knows",
            "track running statistics, and import the module in eval mode",
        )
    return normalisation.batch_norm(t, x, weight, bias, mean, variance, eps)


@aten("instance_norm")
def instance_norm(
    t: Tracer,
    x: Traced,
    weight: Traced | None,
    bias: Traced | None,
    mean: Traced | None,
    variance: Traced | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn: bool = False,
) -> Traced:
    stored = (None, None) if use_input_stats else (mean, variance)
    return normalisation.instance_norm(t, x, weight, bias, eps, *stored)


@aten("group_norm")
def group_norm(
    t: Tracer,
    x: Traced,
    groups: int,
    weight: Traced | None = None,
    bias: Traced | None = None,
    eps: float = 1e-5,
    cudnn: bool = True,
) -> Traced:
    return normalisation.group_norm(t, x, groups, weight, bias, eps)


@aten("layer_norm")
def layer_norm(
    t: Tracer,
    x: Traced,
    shape: Sequence[int],
    weight: Traced | None = None,
    bias: Traced | None = None,
    eps: float = 1e-5,
    cudnn: bool = True,
) -> Traced:
    return normalisation.layer_norm(t, x, shape, weight, bias, eps)


@aten("embedding")
def embedding(t: Tracer, table: Traced, indices: Traced, *rest: Any, **named: Any) -> Traced:
    return tables.embedding(t, table, indices)


@aten("lstm")
def lstm(
    t: Tracer, x: Traced, states: Sequence[Traced], weights: Sequence[Traced], *rest: Any
) -> Any:
    return run(t, "lstm", x, states, weights, *rest)


@aten("gru")
def gru(t: Tracer, x: Traced, state: Traced, weights: Sequence[Traced], *rest: Any) -> Any:
    return run(t, "gru", x, [state], weights, *rest)


@aten("rnn_tanh")
def rnn_tanh(t: Tracer, x: Traced, state: Traced, weights: Sequence[Traced], *rest: Any) -> Any:
    return run(t, "rnn_tanh", x, [state], weights, *rest)


@aten("rnn_relu")
def rnn_relu(t: Tracer, x: Traced, state: Traced, weights: Sequence[Traced], *rest: Any) -> Any:
    return run(t, "rnn_relu", x, [state], weights, *rest)


def run(
    t: Tracer,
    kind: str,
    x: Traced,
    states: Sequence[Traced],
    weights: Sequence[Traced],
    bias: bool,
    num_layers: int,
    dropout: float,
    training: bool,
    bidirectional: bool,
    batch_first: bool,
) -> Any:
    """Read the arguments that recurrent layers have in common."""
    return recurrence.recurrent(
        t, kind, x, states, weights, num_layers=num_layers, bidirectional=bidirectional,
        batch_first=batch_first, bias=bias,
    )  # fmt: skip


@aten("max_pool1d", "max_pool2d", "max_pool3d")
def max_pool(
    t: Tracer,
    x: Traced,
    kernel: Any,
    stride: Any = (),
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Traced:
    dims = int(t.source.split("pool")[1][0])
    return pooling.pool(
        t, "max", x, spread(kernel, dims), stride=spread(stride, dims),
        padding=spread(padding, dims), dilation=spread(dilation, dims), ceil_mode=ceil_mode,
    )  # fmt: skip


@aten("scaled_dot_product_attention")
def attend(
    t: Tracer,
    query: Traced,
    key: Traced,
    value: Traced,
    mask: Traced | None = None,
    dropout: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Traced:
    return attention.scaled_dot_product_attention(
        t, query, key, value, mask, is_causal=is_causal, scale=scale, enable_gqa=enable_gqa
    )
