"""How each type of layer is written: behind values of which ranks, and with which fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spec.functions import BUILT_IN, FUNCTIONS
from spec.testing import axis_fields as axis
from spec.testing import ranking_fields as ranking
from spec.testing import space_fields as space
from spec.testing.arithmetic_fields import (
    along,
    arange,
    band_mask,
    constant,
    constants,
    einsum,
    parameter,
    some_axes,
)
from spec.testing.layer_fields import (
    WIDTHS,
    Write,
    attention,
    bias,
    both,
    concat,
    convolution,
    end_norm,
    fields_of,
    flatten,
    grid_encoding,
    group_norm,
    layer_scale,
    linear,
    lstm,
    needs,
    needs_axis,
    position_embedding,
    prelu,
    recurrent,
    reduction,
    reshape,
    rotary,
    running_norm,
    scaled_attention,
    size_of,
    split,
    transpose,
    transposed_convolution,
    turning_convolution,
    window_bias,
)
from spec.testing.made_weights import made_kernel, made_weight

MAX_RANK = 5


@dataclass(frozen=True)
class Writer:
    """The ranks that a type of layer takes, from `least` to `most`, and its fields."""

    least: int
    most: int
    write: Write


BOUNDED: Mapping[str, Mapping[str, float]] = {"tanh": {}}
AROUND_ONE: Mapping[str, Mapping[str, float]] = {"sigmoid": {}, "shift_by": {"value": 0.5}}
ELSEWHERE = {"shift_by": {"value": 0.3123}}
TRUTH: Mapping[str, Mapping[str, float]] = {**ELSEWHERE, "heaviside": {"values": 0}}
APART: Mapping[str, Mapping[str, float]] = {"linear": {"out_features": 4}}
BEFORE: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    **dict.fromkeys(("exp", "square"), BOUNDED),
    **dict.fromkeys(("log", "sqrt", "rsqrt", "reciprocal", "power"), AROUND_ONE),
    **dict.fromkeys(("sign", "heaviside", "hardshrink", "threshold"), ELSEWHERE),
    **dict.fromkeys(("gt", "ge", "lt", "le"), ELSEWHERE),
    **dict.fromkeys(("eq", "ne"), TRUTH),
    **dict.fromkeys(("top_k", "top_k_mask", "hardmax", "argmax", "argmin"), APART),
}
"""What comes before a function that is no number of all inputs, grows, or jumps where many are."""

BEFORE_OPERAND: Mapping[str, tuple[int, Mapping[str, Mapping[str, float]]]] = {
    "divide": (1, AROUND_ONE),
    "where": (0, TRUTH),
    "masked_fill": (1, TRUTH),
    "linear_recurrence": (0, BOUNDED),
    "matmul": (1, {"transpose": {"dim0": -2, "dim1": -1}}),
}
"""The operand of a layer that something comes before, and what."""

ACTIVATIONS: Mapping[str, Writer] = {
    **{name: Writer(0, MAX_RANK, constants(FUNCTIONS[name])) for name in BUILT_IN},
    "identity": Writer(0, MAX_RANK, fields_of()),
    "dropout": Writer(0, MAX_RANK, fields_of(p=(0.1, 0.0, 0.9))),
    "prelu": Writer(0, MAX_RANK, prelu),
    **{name: Writer(1, MAX_RANK, along) for name in ("softmax", "softmin", "log_softmax", "glu")},
    "affine": Writer(0, MAX_RANK, fields_of(scale=(-1, 0.5, 2), shift=(1, -0.5))),
    **{
        name: Writer(0, MAX_RANK, ranking.compared) for name in ("eq", "ne", "lt", "le", "gt", "ge")
    },
    "top_k": Writer(1, MAX_RANK, ranking.top_k),
    "top_k_mask": Writer(1, MAX_RANK, ranking.ranked),
    "hardmax": Writer(1, MAX_RANK, ranking.hardmax),
}  # fmt: skip

WEIGHTED: Mapping[str, Writer] = {
    "linear": Writer(1, MAX_RANK, both(linear, made_weight)),
    **{f"conv{n}d": Writer(n + 1, n + 1, both(convolution, made_kernel)) for n in (1, 2, 3)},
    **{
        f"conv_transpose{n}d": Writer(n + 1, n + 1, both(transposed_convolution, made_kernel))
        for n in (1, 2, 3)
    },
    **{f"{name}_conv2d": Writer(3, 4, turning_convolution) for name in ("p4", "p4m")},
    "patches": Writer(3, 3, both(needs(embed_dim=(2, 4), patch_size=(1, 2, [1, 2])),
                                 fields_of(bias=(True, False)), size_of("in_channels", 0))),
    "set_linear": Writer(2, 2, both(needs(out_features=WIDTHS), size_of("in_features"),
                                    fields_of(pool=("mean", "max", "sum"), bias=(False, True)))),
    "swiglu": Writer(1, 3, both(needs(hidden_features=(2, 3, 4)), size_of("in_features"),
                                fields_of(activation=("silu", "gelu", "relu", "sigmoid"),
                                          bias=(True, False)))),
    "bias": Writer(1, MAX_RANK, bias),
    "layer_scale": Writer(1, MAX_RANK, layer_scale),
    "position_embedding": Writer(2, MAX_RANK, position_embedding),
    "class_token": Writer(2, 2, fields_of()),
    "parameter": Writer(0, MAX_RANK, parameter),
    "constant": Writer(0, MAX_RANK, constant),
    "arange": Writer(0, MAX_RANK, arange),
    "band_mask": Writer(0, MAX_RANK, band_mask),
}  # fmt: skip

NORMS: Mapping[str, Writer] = {
    "group_norm": Writer(1, MAX_RANK, group_norm),
    "layer_norm": Writer(1, MAX_RANK, both(end_norm, fields_of(bias=(True, False)))),
    "rms_norm": Writer(1, MAX_RANK, end_norm),
    "local_response_norm": Writer(
        2,
        MAX_RANK,
        both(needs(size=(2, 3, 5, 1)), fields_of(alpha=(0.5, 2), beta=(0.5, 1), k=(2, 1.5))),
    ),
    "normalize": Writer(1, MAX_RANK, both(some_axes, fields_of(p=(2, 1, 3), eps=(1e-3, 0.5)))),
    "batch_norm": Writer(1, 4, running_norm),
    "instance_norm": Writer(2, 4, both(running_norm, fields_of(track_running_stats=(True, False)))),
}

POOLINGS: Mapping[str, Writer] = {
    **{f"max_pool{n}d": Writer(n + 1, n + 1, space.max_pooling) for n in (1, 2, 3)},
    **{f"lp_pool{n}d": Writer(n + 1, n + 1, space.power_pooling) for n in (1, 2, 3)},
    **{f"avg_pool{n}d": Writer(n + 1, n + 1, space.mean_pooling) for n in (1, 2, 3)},
    **{
        f"adaptive_{kind}_pool{n}d": Writer(n + 1, n + 1, space.adaptive_pooling)
        for kind in ("max", "avg") for n in (1, 2, 3)
    },
    "upsample": Writer(2, 4, space.upsample),
}  # fmt: skip

AXES: Mapping[str, Writer] = {
    "reshape": Writer(0, MAX_RANK, reshape),
    "transpose": Writer(2, MAX_RANK, transpose),
    "split": Writer(1, MAX_RANK, split),
    "flatten": Writer(1, MAX_RANK, flatten),
    "pad": Writer(1, MAX_RANK, axis.pad),
    "roll": Writer(1, MAX_RANK, axis.roll),
    "flip": Writer(1, MAX_RANK, axis.flip),
    "permute": Writer(1, MAX_RANK, axis.permute),
    "unsqueeze": Writer(0, MAX_RANK, axis.unsqueeze),
    "squeeze": Writer(0, MAX_RANK, axis.squeeze),
    "unflatten": Writer(1, MAX_RANK, axis.unflatten),
    "select": Writer(1, MAX_RANK, axis.select),
    "narrow": Writer(1, MAX_RANK, axis.narrow),
    "slice": Writer(1, MAX_RANK, axis.slices),
    "index_select": Writer(1, MAX_RANK, axis.index_select),
    "chunk": Writer(1, MAX_RANK, axis.chunk),
    "pixel_shuffle": Writer(3, MAX_RANK, axis.pixel_shuffle),
    "pixel_unshuffle": Writer(3, MAX_RANK, axis.pixel_unshuffle),
    "channel_shuffle": Writer(1, MAX_RANK, axis.channel_shuffle),
    "unfold": Writer(3, 3, axis.unfold),
    "expand": Writer(0, MAX_RANK, axis.expand),
    "tile": Writer(1, MAX_RANK, axis.tile),
    "repeat_interleave": Writer(1, MAX_RANK, axis.repeat_interleave),
    "mean": Writer(1, MAX_RANK, reduction),
    "amax": Writer(1, MAX_RANK, reduction),
    "sum": Writer(1, MAX_RANK, reduction),
    "cumsum": Writer(1, MAX_RANK, needs_axis),
    "logsumexp": Writer(1, MAX_RANK, reduction),
    "kthvalue": Writer(1, MAX_RANK, ranking.kthvalue),
    "median": Writer(1, MAX_RANK, ranking.middle),
    "argmax": Writer(1, MAX_RANK, ranking.place),
    "argmin": Writer(1, MAX_RANK, ranking.place),
}

SEQUENCES: Mapping[str, Writer] = {
    "multihead_attention": Writer(2, 4, attention),
    "rotary": Writer(2, 4, rotary),
    "alibi": Writer(2, 3, needs(num_heads=(1, 2, 3))),
    "relative_position_bias": Writer(
        2,
        3,
        both(
            needs(num_heads=(1, 2)),
            fields_of(num_buckets=(4, 6), max_distance=(4, 9), bidirectional=(True, False)),
        ),
    ),
    "window_position_bias": Writer(2, 3, window_bias),
    "gru": Writer(2, 2, recurrent),
    "lstm": Writer(2, 2, lstm),
    "rnn": Writer(2, 2, both(recurrent, fields_of(nonlinearity=("relu", "tanh")))),
    "sinusoidal_positions": Writer(2, 2, fields_of(base=(100, 10000))),
}

PLACES: Mapping[str, Writer] = {
    "frequency_encoding": Writer(1, 3, both(needs(num_frequencies=(1, 2)), fields_of(
        include_input=(False, True), base=(2, 1.5), scale=(1, 0.5)))),
    "fourier_features": Writer(1, 3, both(needs(frequencies=(1, 2)), size_of("in_features"),
                                          fields_of(scale=(0.5, 1), trainable=(False, True)))),
    "grid_encoding": Writer(1, 3, grid_encoding),
    "hash_encoding": Writer(1, 3, both(
        needs(table_size=(5, 8), base_resolution=(2, 3), levels=(1, 2)),
        fields_of(features=(1, 2), growth=(1.5, 2)))),
    "triplane": Writer(1, 3, both(needs(features=(2, 1), resolution=(2, 3)),
                                  fields_of(reduction=("sum", "product", "concat")))),
}  # fmt: skip

ITEM_BY_ITEM: Mapping[str, Writer] = {
    **{
        name: Writer(0, MAX_RANK, fields_of())
        for name in ("add", "multiply", "subtract", "divide", "maximum", "minimum", "where")
    },
    "masked_fill": Writer(0, MAX_RANK, needs(value=(-1, 2))),
}
"""What takes single numbers beside values of any shape."""

COMBINING: Mapping[str, Writer] = {
    **ITEM_BY_ITEM,
    "matmul": Writer(2, MAX_RANK, fields_of()),
    "einsum": Writer(0, 4, einsum),
    "concat": Writer(1, MAX_RANK, concat),
    "linear_recurrence": Writer(1, MAX_RANK, both(along, fields_of(reverse=(True, False)))),
    "stack": Writer(0, MAX_RANK, axis.stack),
    "scaled_dot_product_attention": Writer(2, 4, scaled_attention),
    "bilinear": Writer(1, 3, both(needs(out_features=(2, 3)), fields_of(bias=(False, True)),
                                  size_of("in1_features"))),
}  # fmt: skip

INDEXED: Mapping[str, Writer] = {
    "embedding": Writer(
        1, 4, both(needs(num_embeddings=(2, 3, 4), embedding_dim=(2, 4, 3)), made_weight)
    ),
    "one_hot": Writer(0, 4, needs(num_classes=(2, 3, 4))),
    "gather": Writer(1, 4, ranking.gather),
}

FAMILIES: Mapping[str, Mapping[str, Writer]] = {
    "weighted": WEIGHTED, "activations": ACTIVATIONS, "norms": NORMS, "poolings": POOLINGS,
    "axes": AXES, "sequences": SEQUENCES, "places": PLACES, "combining": COMBINING,
    "indexed": INDEXED,
}  # fmt: skip
WRITERS: Mapping[str, Writer] = {
    name: writer for family in FAMILIES.values() for name, writer in family.items()
}
"""How each type of layer is written, by the name that people write."""
