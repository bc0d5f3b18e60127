"""The fields of layers in words: what each may hold, its default, what it means."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from spec.layer import Layer

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "in_features": "size of the last axis of the input",
        "out_features": "size of the last axis of the output",
        "in_channels": "channels of the input",
        "out_channels": "channels of the output",
        "norm_type": "the power p",
        "kernel_size": "size of the window along each axis",
        "stride": "step of the window along each axis",
        "padding": "places added on both sides of each axis",
        "output_padding": "places added at the end of each axis of the output",
        "dilation": "distance between the taps of the window",
        "groups": "into how many parts the channels are divided, each with weights of its own",
        "padding_mode": "what lies beyond the borders",
        "bias": "whether a vector is added",
        "affine": "whether a factor and a bias for each channel follow",
        "elementwise_affine": "whether a factor and a bias for each element follow",
        "eps": "added below the root",
        "momentum": "share of a new batch in running statistics, while training",
        "track_running_stats": "whether running statistics are kept and used",
        "num_features": "channels of the input",
        "num_channels": "channels of the input",
        "num_groups": "number of groups of channels",
        "normalized_shape": "the last axes, that are normed together",
        "output_size": "bins along each axis",
        "divisor_override": "what the sum of a window is divided by",
        "count_include_pad": "whether padding counts in the mean",
        "ceil_mode": "whether a last window that begins inside may end outside",
        "dim": "the axis, counted with the batch as 0",
        "dim0": "one axis, counted with the batch as 0",
        "dim1": "the other",
        "keepdim": "whether the axis stays, with size 1",
        "start_dim": "the first axis that is merged, counted with the batch as 0",
        "end_dim": "the last axis that is merged",
        "shape": "the shape without the batch; -1 stands for what is left",
        "sizes": "sizes of the parts",
        "sections": "number of equal parts",
        "index": "which part, or which items, from 0",
        "num_embeddings": "rows of the table",
        "embedding_dim": "columns of the table",
        "embed_dim": "features of a token",
        "num_heads": "number of heads",
        "num_kv_heads": "heads of keys and values, if fewer than of queries",
        "head_dim": "features of a head",
        "causal": "whether a token sees only those up to its own place",
        "out_bias": "whether the last map has a bias",
        "packed": "whether the projections of queries, keys and values are one tensor",
        "rotary": "base of the rotary positions",
        "rotary_size": "how many features of a head turn",
        "rotary_interleaved": "whether neighbouring features turn together, or both halves",
        "kdim": "features of what keys are made of",
        "vdim": "features of what values are made of",
        "query_bias": "whether the map to queries has a bias; as `bias` if not said",
        "key_bias": "whether the map to keys has a bias; as `bias` if not said",
        "value_bias": "whether the map to values has a bias; as `bias` if not said",
        "sliding_window": "how many tokens are seen, from the own one back; if not causal, and on",
        "qk_norm": "norm of the queries and keys",
        "qk_norm_over": "the features of each head, or of all heads together",
        "qk_norm_eps": "what that norm adds below its root",
        "softcap": "what scores stay below, by a tanh",
        "dropout_p": "probability of a zero, while training",
        "is_causal": "whether a token sees only those up to its own place",
        "enable_gqa": "whether heads of queries share those of keys",
        "interleaved": "whether neighbouring features turn together, or both halves",
        "offset": "the first position",
        "scaling": "how angles are stretched for longer sequences",
        "original_length": "the length that is not stretched",
        "low_freq_factor": "turns in that length below which all is stretched",
        "high_freq_factor": "turns in that length above which nothing is",
        "beta_fast": "turns in that length above which nothing is stretched; 32 if not said",
        "beta_slow": "turns in that length below which all is; 1 if not said",
        "truncate": "whether to stretch in part from a whole pair to another; true if not said",
        "attention_factor": "factor of what is turned; from `factor` if not said",
        "short_factor": "divisors of each pair's speed, up to that length",
        "long_factor": "divisors of each pair's speed, beyond it",
        "dropout": "probability of a zero, while training",
        "p": "probability of a zero, while training",
        "input_size": "features of a step of the input",
        "hidden_size": "features of the hidden state",
        "num_layers": "how many cells lie one on another",
        "bidirectional": "whether another cell runs from the end",
        "nonlinearity": "the function of the cell",
        "hidden_features": "features between the maps",
        "in1_features": "size of the last axis of the first input",
        "in2_features": "size of the last axis of the second",
        "negative_slope": "slope below zero",
        "alpha": "the factor",
        "approximate": "exact, or by a tanh",
        "beta": "how sharp the bend is",
        "frequency": "factor of the argument",
        "frequencies": "number of waves",
        "scale": "the factor",
        "trainable": "whether the tensor is trained",
        "rank": "rank of the adapter",
        "init": "the value at first",
        "init_value": "the value at first",
        "init_bound": "largest value at first",
        "num_parameters": "1, or one for each channel",
        "max_length": "places that have a vector",
        "base": "base of the wave lengths",
        "patch_size": "size of a patch along each axis",
        "scale_factor": "how many times larger each axis of space becomes",
        "size": "sizes of space in the output",
        "mode": "how places between are filled in",
        "align_corners": "whether the corners of input and output lie on each other",
        "pool": "the statistic over the items",
        "activation": "the function of the gate",
        "features": "features of a place",
        "cells": "places of the grid along each axis",
        "resolution": "places of a plane along each axis",
        "reduction": "how the planes come together",
        "table_size": "rows of each table",
        "base_resolution": "places of the coarsest grid along each axis",
        "growth": "factor from one grid to the next",
        "levels": "number of grids",
        "pad": "how many before and behind, for each axis from the last one on",
        "shifts": "by how many items, along each of `dims`",
        "dims": "the axes, counted with the batch",
        "unflattened_size": "the sizes of the axes that it becomes",
        "start": "the first item",
        "stop": "the item behind the last",
        "step": "from each item to the next",
        "length": "the number of items",
        "chunks": "how many parts, at most",
        "upscale_factor": "how many times larger height and width become",
        "downscale_factor": "how many times smaller height and width become",
        "repeats": "how often each item is there",
        "min": "the least that comes out",
        "max": "the most that comes out",
        "min_val": "the least that comes out",
        "max_val": "the most that comes out",
        "lambd": "how far from 0 what becomes 0 may lie",
        "threshold": "the least that stays",
        "value": "the number that is added, or that takes the place of what does not stay",
        "values": "what 0 becomes",
        "exponent": "the power",
        "factor": "the factor",
    }
)
"""What a field means, by its name, where the layer does not say it of its own."""


def meaning(field: dataclasses.Field[Any]) -> str:
    """Say what a field means; nothing where neither layer nor table does."""
    return str(field.metadata.get("summary") or MEANINGS.get(field.name, ""))


def described(layer: type[Layer], inferred: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """List the fields of a layer: name, what it may hold, default, meaning.

    `inferred` are the fields of such a layer in a network.
    """
    return [
        (
            f"`{field.name}`",
            kind(field.metadata["kind"].schema),
            default(field, inferred.get(field.name)),
            meaning(field),
        )
        for field in dataclasses.fields(layer)
    ]


def default(field: dataclasses.Field[Any], inferred: object) -> str:
    """Say what a field holds where it is not written."""
    if field.default is dataclasses.MISSING:
        return "required"
    if field.default is None:
        return "none" if inferred is None else "inferred"
    return written(field.default)


def kind(schema: Mapping[str, Any]) -> str:
    """Put the schema of a field into a few words."""
    if "anyOf" in schema:
        options = [option for option in schema["anyOf"] if option.get("type") != "null"]
        return " or ".join(kind(option) for option in options)
    if "enum" in schema:
        return " or ".join(f"`{word}`" for word in schema["enum"])
    if schema["type"] == "array":
        count = schema["minItems"] if schema.get("maxItems") == schema["minItems"] else "them"
        return f"a list of {count}"
    if schema["type"] == "boolean":
        return "true or false"
    name = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    limits = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {schema[key]:g}" for key, sign in limits.items() if key in schema]
    return f"{name} {' and '.join(bounds)}".strip()


def written(value: Any) -> str:
    """Write a default as YAML writes it; one size stands for equal sizes along all axes."""
    if isinstance(value, tuple) and len(set(value)) == 1:
        value = value[0]
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
