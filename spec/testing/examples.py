"""Examples of the layers that random networks do not draw: inputs, and fields for several calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Example = tuple[Mapping[str, Sequence[int]], Sequence[Mapping[str, Any]]]

ITEMS = {"x": (4, 6)}
TWO = {"x": (4, 6), "y": (4, 6)}
IMAGE = {"x": (3, 4, 4)}

_RECURRENT: tuple[Mapping[str, Any], ...] = (
    {"hidden_size": 3},
    {"hidden_size": 3, "input_size": 6, "num_layers": 2, "bidirectional": True, "bias": False},
)
_REDUCED: tuple[Mapping[str, Any], ...] = ({"dim": 1}, {"dim": [-1], "keepdim": True})

EXAMPLES: dict[str, Example] = {
    "adaptive_avg_pool3d": (
        {"x": (2, 4, 4, 4)},
        (
            {"output_size": [1, 2, 3]},
            {"output_size": 2},
        ),
    ),
    "adaptive_max_pool3d": (
        {"x": (2, 4, 4, 4)},
        (
            {"output_size": [1, 2, 3]},
            {"output_size": 2},
        ),
    ),
    "avg_pool3d": (
        {"x": (2, 4, 4, 4)},
        (
            {"kernel_size": 2},
            {"kernel_size": 3, "stride": [1, 2, 1], "padding": 1},
            {"kernel_size": 3, "stride": [1, 2, 1], "padding": 1, "count_include_pad": False},
        ),
    ),
    "conv3d": (
        {"x": (2, 3, 4, 5)},
        (
            {"out_channels": 2, "kernel_size": 2},
            {
                "out_channels": 4,
                "kernel_size": [1, 2, 3],
                "groups": 2,
                "bias": False,
                "in_channels": 2,
            },
            {"out_channels": 4, "kernel_size": 2, "stride": [1, 2, 2], "padding": 1},
            {"out_channels": 4, "kernel_size": 3, "padding": 1, "padding_mode": "reflect"},
            {"out_channels": 4, "kernel_size": 3, "padding": [2, 1, 0], "padding_mode": "circular"},
            {"out_channels": 4, "kernel_size": 2, "dilation": 2},
        ),
    ),
    "conv_transpose1d": (
        {"x": (4, 5)},
        (
            {"out_channels": 2, "kernel_size": 2},
            {"out_channels": 4, "kernel_size": 3, "groups": 2, "bias": False, "in_channels": 4},
            {"out_channels": 4, "kernel_size": 3, "stride": 2, "padding": 1},
            {"out_channels": 4, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
            {"out_channels": 4, "kernel_size": 2, "dilation": 2},
        ),
    ),
    "conv_transpose2d": (
        {"x": (4, 3, 4)},
        (
            {"out_channels": 2, "kernel_size": 2},
            {"out_channels": 4, "kernel_size": 3, "groups": 2, "bias": False, "in_channels": 4},
            {"out_channels": 4, "kernel_size": 3, "stride": 2, "padding": 1},
            {"out_channels": 4, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
            {"out_channels": 4, "kernel_size": 2, "dilation": 2},
        ),
    ),
    "conv_transpose3d": (
        {"x": (4, 2, 3, 2)},
        (
            {"out_channels": 2, "kernel_size": 2},
            {"out_channels": 4, "kernel_size": 3, "groups": 2, "bias": False, "in_channels": 4},
            {"out_channels": 4, "kernel_size": 3, "stride": 2, "padding": 1},
            {"out_channels": 4, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
            {"out_channels": 4, "kernel_size": 2, "dilation": 2},
        ),
    ),
    "fourier_features": (
        {"x": (5, 2)},
        (
            {"frequencies": 3},
            {"frequencies": 4, "scale": 0.5, "in_features": 2, "trainable": False},
        ),
    ),
    "grid_encoding": (
        {"x": (5, 2)},
        (
            {"features": 3, "cells": [4, 5]},
            {"features": 2, "cells": [3, 4]},
        ),
    ),
    "hash_encoding": (
        {"x": (5, 3)},
        (
            {"table_size": 64, "base_resolution": 2},
            {"table_size": 32, "base_resolution": 3, "levels": 2, "features": 3, "growth": 1.5},
        ),
    ),
    "instance_norm": (
        {"x": (3, 5)},
        (
            {},
            {"affine": True, "eps": 0.1},
            {"track_running_stats": True, "num_features": 3, "momentum": 0.3},
        ),
    ),
    "max_pool3d": (
        {"x": (2, 4, 4, 4)},
        (
            {"kernel_size": 2},
            {"kernel_size": 3, "stride": [1, 2, 1], "padding": 1},
        ),
    ),
    "p4_conv2d": (
        IMAGE,
        (
            {"out_channels": 2, "kernel_size": 3, "padding": 1},
            {"out_channels": 3, "kernel_size": 2, "bias": False, "stride": 2, "in_channels": 3},
        ),
    ),
    "p4m_conv2d": (
        {"x": (2, 8, 4, 4)},
        (
            {"out_channels": 2, "kernel_size": 3, "padding": 1},
            {"out_channels": 3, "kernel_size": 2, "bias": False, "stride": 2, "in_channels": 2},
        ),
    ),
    "prelu": (
        ITEMS,
        (
            {},
            {"num_parameters": 4, "init": 0.1},
        ),
    ),
    "rms_norm": (
        ITEMS,
        (
            {},
            {"normalized_shape": [4, 6], "eps": 0.1},
            {"elementwise_affine": False},
        ),
    ),
    "softmax": (
        ITEMS,
        ({},),
    ),
    "triplane": (
        {"x": (5, 3)},
        (
            {"features": 3, "resolution": 4},
            {"features": 3, "resolution": 4, "reduction": "product"},
            {"features": 2, "resolution": 3, "reduction": "concat"},
        ),
    ),
    "upsample": (
        IMAGE,
        (
            {"scale_factor": 2},
            {"size": [7, 3], "mode": "nearest"},
            {"scale_factor": 2, "mode": "bilinear"},
            {"scale_factor": [1.7, 0.8], "mode": "bicubic"},
            {"scale_factor": 2, "mode": "bilinear", "align_corners": True},
        ),
    ),
    "amax": (ITEMS, _REDUCED),
    "kthvalue": (ITEMS, ({"k": 2}, {"k": 3, "dim": 1, "keepdim": True})),
    "median": (ITEMS, ({}, {"dim": 1, "keepdim": True})),
    "top_k": (ITEMS, ({"k": 2}, {"k": 3, "dim": 1, "largest": False, "value": -1})),
    "top_k_mask": (ITEMS, ({"k": 2}, {"k": 3, "dim": 1, "largest": False})),
    "hardmax": (ITEMS, ({}, {"dim": 1, "first": True})),
    "argmax": (ITEMS, ({"dim": 1}, {"dim": -1, "keepdim": True})),
    "argmin": (ITEMS, ({"dim": 1},)),
    "one_hot": ({"x": (5,)}, ({"num_classes": 4},)),
    "gather": (TWO, ({"dim": 1},)),
    "eq": (TWO, ({},)),
    "gt": (ITEMS, ({"other": 0.5},)),
    "bilinear": (
        {"x": (4, 3), "y": (4, 6)},
        (
            {"out_features": 2},
            {"out_features": 2, "in1_features": 3, "in2_features": 6},
            {"out_features": 3, "bias": False},
        ),
    ),
    "class_token": (ITEMS, ({},)),
    "logsumexp": (ITEMS, _REDUCED),
    "maximum": (TWO, ({},)),
    "where": ({**TWO, "z": (4, 6)}, ({},)),
    "constant": (ITEMS, ({"values": [1, 2, 1]}, {"values": 2, "shape": [4, 6]})),
    "masked_fill": (TWO, ({"value": -1},)),
    "parameter": (ITEMS, ({"shape": [4, 6]}, {"shape": []})),
    "einsum": (TWO, ({"equation": "nqd,nkd->nqk"},)),
    "matmul": ({"x": (4, 6), "y": (6, 3)}, ({},)),
    "concat": (TWO, ({}, {"dim": -1})),
    "embedding": ({"x": (5,)}, ({"num_embeddings": 9, "embedding_dim": 4},)),
    "gru": (ITEMS, _RECURRENT),
    "bias": (ITEMS, ({}, {"dim": 1})),
    "layer_scale": (ITEMS, ({}, {"init_value": 0.1, "dim": 1})),
    "lstm": (ITEMS, _RECURRENT),
    "mean": (ITEMS, _REDUCED),
    "multihead_attention": (
        {"x": (4, 8)},
        (
            {"num_heads": 2, "embed_dim": 8, "dropout": 0.1},
            {
                "num_heads": 4,
                "num_kv_heads": 2,
                "head_dim": 6,
                "causal": True,
                "bias": False,
                "out_bias": True,
                "packed": False,
                "rotary": 100,
                "rotary_size": 2,
                "rotary_interleaved": True,
                "scale": 0.5,
                "softcap": 20,
                "kdim": 8,
                "vdim": 8,
                "query_bias": True,
                "key_bias": False,
                "value_bias": True,
                "qk_norm": "rms_norm",
                "qk_norm_eps": 1e-6,
            },
        ),
    ),
    "alibi": (ITEMS, ({"num_heads": 3},)),
    "relative_position_bias": (
        ITEMS,
        (
            {"num_heads": 2},
            {"num_heads": 2, "num_buckets": 6, "max_distance": 4, "bidirectional": False},
        ),
    ),
    "window_position_bias": ({"x": (6, 4)}, ({"num_heads": 2, "window_size": [2, 3]},)),
    "rotary": (
        {"x": (3, 4, 8)},
        (
            {"size": 6, "base": 100, "interleaved": True, "offset": 2, "dim": 1},
            {"scaling": "linear", "factor": 2},
            {"scaling": "dynamic", "factor": 2, "original_length": 3},
            {
                "scaling": "llama3",
                "factor": 8,
                "original_length": 16,
                "low_freq_factor": 1,
                "high_freq_factor": 4,
            },
            {
                "scaling": "yarn",
                "factor": 4,
                "original_length": 16,
                "beta_fast": 8,
                "beta_slow": 1,
                "attention_factor": 1.1,
            },
            {
                "scaling": "yarn",
                "factor": 4,
                "original_length": 16,
                "beta_fast": 2,
                "beta_slow": 0.1,
                "truncate": False,
            },
            {
                "scaling": "longrope",
                "factor": 4,
                "original_length": 3,
                "short_factor": [1, 1, 1, 1],
                "long_factor": [1, 1.5, 2, 3],
            },
        ),
    ),
    "scaled_dot_product_attention": (
        {"q": (2, 4, 6), "k": (2, 4, 6), "v": (2, 4, 3), "bias": (4, 4)},
        (
            {"is_causal": True, "scale": 0.3, "dropout_p": 0.1},
            {"softcap": 3, "enable_gqa": True},
        ),
    ),
    "multiply": (TWO, ({},)),
    "chunk": (ITEMS, ({"chunks": 3, "dim": -1, "index": 1},)),
    "expand": ({"x": (1, 4)}, ({"shape": [2, 3, -1]},)),
    "flip": (ITEMS, ({"dims": [1, 2]},)),
    "index_select": (ITEMS, ({"dim": 1, "index": [3, 0, 0]}, {"dim": 2, "index": [5, 0]})),
    "narrow": (ITEMS, ({"dim": 2, "start": 1, "length": 3},)),
    "permute": (IMAGE, ({"dims": [0, 3, 1, 2]},)),
    "pixel_shuffle": ({"x": (4, 2, 3)}, ({"upscale_factor": 2},)),
    "pixel_unshuffle": ({"x": (1, 4, 2)}, ({"downscale_factor": 2},)),
    "channel_shuffle": ({"x": (6, 2)}, ({"groups": 3},)),
    "repeat_interleave": (ITEMS, ({"repeats": 2, "dim": 1},)),
    "roll": (ITEMS, ({"shifts": 1, "dims": 2}, {"shifts": [1, -2], "dims": [1, 2]})),
    "select": (ITEMS, ({"dim": 1, "index": -1},)),
    "slice": (ITEMS, ({"dim": 2, "start": 1, "stop": 6, "step": 2}, {"dim": 1, "step": -1})),
    "squeeze": ({"x": (1, 4, 1)}, ({}, {"dim": 1})),
    "stack": (TWO, ({}, {"dim": 2})),
    "tile": (ITEMS, ({"dims": [2, 1]},)),
    "unflatten": (ITEMS, ({"dim": 2, "unflattened_size": [2, -1]},)),
    "unfold": (IMAGE, ({"kernel_size": 2, "padding": 1, "stride": 2, "dilation": [1, 2]},)),
    "unsqueeze": (ITEMS, ({"dim": 2},)),
    "pad": (IMAGE, ({"pad": [1, 2, -1, 1], "value": 0.5}, {"pad": [1, 1], "mode": "reflect"})),
    "patches": (
        IMAGE,
        (
            {"embed_dim": 6, "patch_size": 2, "in_channels": 3},
            {"embed_dim": 6, "patch_size": [1, 2], "bias": False},
        ),
    ),
    "position_embedding": (ITEMS, ({}, {"max_length": 7}, {"offset": 2})),
    "reshape": (ITEMS, ({"shape": [3, -1]}, {"shape": 24})),
    "rnn": (ITEMS, (*_RECURRENT, {"hidden_size": 3, "nonlinearity": "relu"})),
    "set_linear": (
        ITEMS,
        ({"out_features": 3}, {"out_features": 3, "in_features": 6, "pool": "max", "bias": False}),
    ),
    "sine": (ITEMS, ({}, {"frequency": 30})),
    "sinusoidal_positions": (ITEMS, ({"base": 100},)),
    "split": ({"x": (4, 4)}, ({"sections": 2, "index": 1}, {"sizes": [1, 3], "dim": 2})),
    "sum": (ITEMS, _REDUCED),
    "swiglu": (
        ITEMS,
        (
            {"hidden_features": 3},
            {"hidden_features": 3, "in_features": 6, "bias": True, "activation": "gelu"},
        ),
    ),
    "transpose": (IMAGE, ({"dim0": 1, "dim1": -1},)),
}
"""By the name that people write: the shapes of the inputs, and the fields of each call."""


def example_texts(type_: str) -> list[str]:
    """Write a description of one layer, named `layer`, for each example of a type."""
    inputs, calls = EXAMPLES[type_]
    shapes = [{name: list(shape)} for name, shape in inputs.items()]
    return [
        yaml.safe_dump(
            {
                "inputs": shapes,
                "layers": [{type_: {"name": "layer", "inputs": list(inputs), **fields}}],
            },
            sort_keys=False,
        )
        for fields in calls
    ]


def example_documents(type_: str) -> SearchStrategy[str]:
    """Give a strategy of the descriptions of `example_texts`."""
    from hypothesis import strategies

    return strategies.sampled_from(example_texts(type_))
