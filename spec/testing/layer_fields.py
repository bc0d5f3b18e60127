"""Random fields of layers: each function writes those of a type behind a value of some shape.

They need not fit the shape: whether they do is what the language itself says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from spec.primitives import Shape
from spec.testing.pen import Fields, Pen

Write = Callable[[Pen, Shape], Fields]

WIDTHS = (2, 3, 4, 1, 6)
EPS = (1e-5, 1e-3, 0.1)


def linear(pen: Pen, x: Shape) -> Fields:
    """Write a `linear`."""
    return {
        "out_features": pen.number(pen.pick((*WIDTHS, x[-1]))),
        **pen.some(bias=pen.chance()),
        **({"in_features": x[-1]} if pen.chance(0.1) else {}),
        **({"init_bound": 0.5} if pen.chance(0.1) else {}),
    }


def convolution(pen: Pen, x: Shape) -> Fields:
    """Write a convolution, half of the time one that keeps the space."""
    channels, *space = x
    groups = pen.divisor(channels) if pen.chance() else 1
    per_group = pen.pick([n for n in (1, 2, 3, 4) if n * groups <= 6] or [1])
    fields: Fields = {"out_channels": pen.number(groups * per_group)}
    if pen.chance():
        half, dilation = pen.count(0, 1), pen.count(1, 2)
        fields |= {"kernel_size": 2 * half + 1, "padding": half * dilation, "dilation": dilation}
    else:
        fields["kernel_size"] = pen.sizes([pen.count(1, 3) for _ in space])
        fields |= pen.some(
            stride=pen.sizes([pen.count(1, 2) for _ in space]),
            padding=pen.sizes([pen.count(0, 2) for _ in space]),
            dilation=pen.sizes([pen.count(1, 2) for _ in space]),
        )
    if pen.chance(0.25):
        fields["padding"] = some_padding(pen, len(space))
    if groups > 1 or pen.chance(0.1):
        fields["groups"] = groups
    if pen.chance(0.2):
        fields["padding_mode"] = pen.pick(("reflect", "replicate", "circular", "zeros"))
    if pen.chance(0.1):
        fields["in_channels"] = channels
    return {**fields, **pen.some(bias=pen.chance())}


def some_padding(pen: Pen, dims: int) -> Any:
    """Write a word, or pairs, for the padding of a convolution."""
    words = ["same", "valid", *["causal"] * (dims == 1)]
    if pen.chance():
        return pen.pick(words)
    return [
        [pen.count(0, 2), pen.count(0, 2)] if pen.chance(0.7) else pen.count(0, 1)
        for _ in range(dims)
    ]


def transposed_convolution(pen: Pen, x: Shape) -> Fields:
    """Write a transposed convolution."""
    channels, *space = x
    groups = pen.divisor(channels) if pen.chance(0.4) else 1
    return {
        "out_channels": groups * pen.count(1, 2),
        "kernel_size": pen.sizes([pen.count(1, 3) for _ in space]),
        **({"groups": groups} if groups > 1 or pen.chance(0.2) else {}),
        **pen.some(
            stride=pen.sizes([pen.count(1, 2) for _ in space]),
            padding=pen.sizes([pen.count(0, 1) for _ in space]),
            dilation=pen.sizes([pen.count(1, 2) for _ in space]),
            bias=pen.chance(),
        ),
        **({"output_padding": 1} if pen.chance(0.2) else {}),
        **({"in_channels": channels} if pen.chance(0.2) else {}),
    }


def turning_convolution(pen: Pen, x: Shape) -> Fields:
    """Write a convolution that turns."""
    return {
        "out_channels": pen.count(1, 2),
        "kernel_size": pen.count(1, 2),
        **pen.some(bias=pen.chance(), stride=pen.count(1, 2), padding=pen.count(0, 1)),
        **({"in_channels": x[0]} if pen.chance(0.2) else {}),
    }


def group_norm(pen: Pen, x: Shape) -> Fields:
    """Write a `group_norm` whose groups have at least two elements, if any may have."""
    counts = [n for n in range(1, x[0] + 1) if x[0] % n == 0 and prod(x) >= 2 * n]
    return {
        "num_groups": pen.pick(counts or [1]),
        **pen.some(num_channels=x[0], eps=pen.pick(EPS), affine=pen.chance(), bias=pen.chance()),
    }


def end_norm(pen: Pen, x: Shape) -> Fields:
    """Write a norm over the last axes, of at least two elements if there are as many."""
    ends = [x[-n:] for n in range(1, len(x) + 1)]
    shape = pen.pick([end for end in ends if prod(end) > 1] or [x])
    fields = pen.some(eps=pen.pick(EPS), elementwise_affine=pen.chance())
    if len(shape) > 1 or shape == (1,) or pen.chance(0.2):
        fields["normalized_shape"] = list(shape)
    return fields


def running_norm(pen: Pen, x: Shape) -> Fields:
    """Write what a norm with running statistics may say."""
    return pen.some(num_features=x[0], eps=pen.pick(EPS), momentum=pen.pick((0.1, 0.5)),
                    affine=pen.chance(), bias=pen.chance())  # fmt: skip


def attention(pen: Pen, x: Shape) -> Fields:
    """Write attention, with any heads that fit."""
    heads = pen.pick([n for n in (2, 1, 4, 3) if x[-1] % n == 0])
    own = pen.chance(0.4)
    fields: Fields = {"num_heads": heads, "packed": pen.chance()}
    if own:
        fields["head_dim"] = pen.pick((2, 1, 3, 4))
    size = fields.get("head_dim", x[-1] // heads)
    if size > 1 and pen.chance(0.3):
        fields |= {"rotary": pen.pick((100, 10000)), "rotary_size": 2 * pen.count(1, size // 2)}
        fields |= pen.some(rotary_interleaved=True)
    fields |= pen.some(causal=True, bias=pen.chance())
    for name, value in (
        ("num_kv_heads", pen.divisor(heads)), ("out_bias", pen.chance()), ("scale", 0.5),
        ("dropout", 0.1), ("embed_dim", x[-1]), ("kdim", x[-1]), ("vdim", x[-1]),
        ("sliding_window", pen.count(1, 3)),
        ("softcap", pen.pick((2, 30.0))), ("qk_norm", pen.pick(("layer_norm", "rms_norm"))),
    ):  # fmt: skip
        if pen.chance(0.2):
            fields[name] = value
    if "qk_norm" in fields:
        fields |= pen.some(qk_norm_eps=pen.pick((1e-6, 0.1)), qk_norm_over="all")
    if not fields["packed"]:
        fields |= pen.some(query_bias=pen.chance(), key_bias=pen.chance(), value_bias=pen.chance())
    return fields


def scaled_attention(pen: Pen, x: Shape) -> Fields:
    """Write attention of queries, keys and values."""
    fields: Fields = pen.some(is_causal=True, scale=0.5, dropout_p=0.1)
    fields |= {"softcap": pen.pick((2, 30.0))} if pen.chance(0.2) else {}
    fields |= {"sliding_window": pen.count(1, 3)} if pen.chance(0.2) else {}
    return fields | (pen.some(enable_gqa=True) if len(x) > 2 else {})


def window_bias(pen: Pen, x: Shape) -> Fields:
    """Write a bias for the offsets in a window of the tokens that there are."""
    height = pen.divisor(x[-2])
    return {"num_heads": pen.count(1, 2), "window_size": [height, x[-2] // height]}


def rotary(pen: Pen, x: Shape) -> Fields:
    """Write rotary positions, in each way of stretching them."""
    turned = 2 * pen.count(1, max(1, x[-1] // 2))
    fields: Fields = pen.some(base=pen.pick((100, 10000)), interleaved=True, offset=2)
    fields |= {"dim": pen.count(1, len(x) - 1)} if pen.chance(0.3) else {}
    fields |= {"size": turned} if pen.chance() or x[-1] % 2 else {}
    pairs = fields.get("size", x[-1]) // 2
    scaling = pen.pick(("none", "none", "linear", "dynamic", "llama3", "yarn", "longrope"))
    if scaling == "none":
        return fields
    fields |= {"scaling": scaling, "factor": pen.pick((2, 4.0))}
    if scaling != "linear":
        fields["original_length"] = pen.pick((2, 8))
    if scaling == "llama3":
        fields |= {"low_freq_factor": 0.1, "high_freq_factor": pen.pick((0.5, 4))}
    elif scaling == "yarn":
        fields |= pen.some(beta_fast=pen.pick((2, 32)), beta_slow=0.5, attention_factor=1.1)
        fields |= {"truncate": False} if pen.chance(0.3) else {}
    elif scaling == "longrope":
        fields |= {name: [pen.pick((1.0, 1.5, 2)) for _ in range(pairs)]
                   for name in ("short_factor", "long_factor")}  # fmt: skip
    return fields


def recurrent(pen: Pen, x: Shape) -> Fields:
    """Write a recurrent layer."""
    fields: Fields = {"hidden_size": pen.count(1, 3), **pen.some(bias=pen.chance())}
    fields |= {"num_layers": 2} if pen.chance(0.2) else {}
    fields |= {"bidirectional": True} if pen.chance(0.3) else {}
    fields |= {"dropout": 0.2} if "num_layers" in fields and pen.chance() else {}
    return fields | ({"input_size": x[1]} if pen.chance(0.2) else {})


def lstm(pen: Pen, x: Shape) -> Fields:
    """Write an `lstm`, a third of them with projected states."""
    fields = recurrent(pen, x)
    if fields["hidden_size"] > 1 and pen.chance(0.35):
        fields["proj_size"] = pen.count(1, fields["hidden_size"] - 1)
    return fields


def reshape(pen: Pen, x: Shape) -> Fields:
    """Write any other shape, or one that cuts an axis, merges two or adds an axis of one."""
    way, shape = pen.count(0, 4), list(x)
    if way == 0:
        shape, rest = [], prod(x)
        for _ in range(pen.count(0, 3)):
            shape.append(pen.divisor(rest))
            rest //= shape[-1]
        shape.append(rest)
    elif way == 1 and x:
        axis = pen.count(0, len(x) - 1)
        outer = pen.divisor(x[axis])
        shape[axis : axis + 1] = [outer, x[axis] // outer]
    elif way == 2 and len(x) > 1:
        axis = pen.count(0, len(x) - 2)
        shape[axis : axis + 2] = [x[axis] * x[axis + 1]]
    else:
        shape.insert(pen.count(0, len(x)), 1)
    if shape == [prod(x)] and pen.chance():
        return {"shape": shape[0]}
    if pen.chance(0.2):
        shape[pen.count(0, len(shape) - 1)] = -1
    return {"shape": shape}


def split(pen: Pen, x: Shape) -> Fields:
    """Write a part of a value, of equal ones or others."""
    axis = pen.count(0, len(x) - 1)
    dim = axis + 1 - (len(x) + 1) * pen.chance(0.2)
    if pen.chance(0.6):
        sections = pen.pick([n for n in range(2, x[axis] + 1) if x[axis] % n == 0] or [1])
        return {"sections": sections, "index": pen.count(0, sections - 1), "dim": dim}
    first = pen.count(1, max(1, x[axis] - 1))
    sizes = [n for n in (first, x[axis] - first) if n]
    return {"sizes": sizes, "index": pen.count(0, len(sizes) - 1), "dim": dim}


def flatten(pen: Pen, x: Shape) -> Fields:
    """Write a `flatten` of any adjacent axes."""
    if pen.chance():
        return {}
    start = pen.count(1, len(x))
    end = pen.count(start, len(x))
    return pen.some(start_dim=start) | {"end_dim": end - (len(x) + 1) * pen.chance()}


def transpose(pen: Pen, x: Shape) -> Fields:
    """Write an exchange of any two axes."""
    first, second = pen.order(len(x))[:2]
    return {"dim0": first + 1, "dim1": second + 1 - (len(x) + 1) * pen.chance(0.2)}


def reduction(pen: Pen, x: Shape) -> Fields:
    """Write a statistic over any axes."""
    dims = sorted(pen.order(len(x))[: pen.pick((1, 1, 2))])
    counted = [axis + 1 - (len(x) + 1) * pen.chance(0.2) for axis in dims]
    return {"dim": counted[0] if len(counted) == 1 and pen.chance() else counted,
            **pen.some(keepdim=pen.chance(0.8))}  # fmt: skip


def prelu(pen: Pen, x: Shape) -> Fields:
    """Write a `prelu`."""
    return pen.some(init=0.1) | ({"num_parameters": x[0]} if x and pen.chance() else {})


def fields_of(**choices: Sequence[Any]) -> Write:
    """Make the writer of fields that may each be left out, with these choices."""

    def write(pen: Pen, x: Shape) -> Fields:
        return pen.some(**{name: pen.pick(values) for name, values in choices.items()})

    return write


def needs(**choices: Sequence[Any]) -> Write:
    """Make the writer of fields that are always there, with these choices."""

    def write(pen: Pen, x: Shape) -> Fields:
        return {name: pen.pick(values) for name, values in choices.items()}

    return write


def both(*writers: Write) -> Write:
    """Join what several write."""
    return lambda pen, x: {k: v for write in writers for k, v in write(pen, x).items()}


def size_of(field: str, axis: int = -1) -> Write:
    """Make the writer of a field that only repeats a size."""
    return lambda pen, x: {field: x[axis]} if pen.chance(0.2) else {}


def layer_scale(pen: Pen, x: Shape) -> Fields:
    """Write a `layer_scale` along any axis."""
    return pen.some(dim=pen.count(1, len(x)), init_value=pen.pick((0.1, 1.0)))


def bias(pen: Pen, x: Shape) -> Fields:
    """Write a `bias` along any axis."""
    return pen.some(dim=pen.count(1, len(x)))


def position_embedding(pen: Pen, x: Shape) -> Fields:
    """Write a `position_embedding`, with vectors to spare or without."""
    offset: Fields = {"offset": pen.count(0, 2)} if pen.chance(0.3) else {}
    return offset | pen.some(max_length=x[-2] + offset.get("offset", 0) + pen.count(0, 1))


def grid_encoding(pen: Pen, x: Shape) -> Fields:
    """Write a `grid_encoding` of as many dimensions as there are coordinates."""
    return {"features": pen.count(1, 3), "cells": [pen.count(2, 3) for _ in range(x[-1])]}


def needs_axis(pen: Pen, x: Shape) -> Fields:
    """Write an axis."""
    return {"dim": pen.count(1, len(x)) - (len(x) + 1) * pen.chance(0.1)}


def concat(pen: Pen, x: Shape) -> Fields:
    """Write a `concat` along any axis."""
    return {"dim": pen.count(1, len(x)) - (len(x) + 1) * pen.chance(0.1)}
