"""An example of every layer: a description that runs, from the registry alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from spec.architecture import Architecture
from spec.errors import SpecError
from spec.layer import LAYERS, Layer
from spec.load import loads
from spec.primitives import Shape

SHAPES: tuple[Shape, ...] = ((8,), (6, 8), (3, 16, 16), (3, 8, 8, 8), (2, 3, 4, 4, 4))
PAIR: tuple[Shape, ...] = ((8,), (8,))

SIZES: Mapping[str, Any] = MappingProxyType(
    {
        "out_features": 10, "out_channels": 16, "kernel_size": 3, "embed_dim": 16, "patch_size": 4,
        "hidden_size": 16, "hidden_features": 32, "num_heads": 2, "num_embeddings": 100,
        "embedding_dim": 16, "num_groups": 1, "output_size": 4, "rank": 4, "frequencies": 16,
        "table_size": 64, "base_resolution": 4, "levels": 4, "features": 4, "resolution": 8,
        "dim0": 1, "dim1": 2, "dim": 1,
    }
)  # fmt: skip
"""What an example writes in a required field, by the field's name; 2 in others."""

GIVEN: Mapping[str, tuple[tuple[Shape, ...], Mapping[str, Any]]] = MappingProxyType(
    {
        "batch_norm": (((16, 8, 8),), {}),
        "instance_norm": (((16, 8, 8),), {}),
        "group_norm": (((16, 8, 8),), {"num_groups": 4}),
        "flatten": (((16, 4, 4),), {}),
        "embedding": (((6,),), {"num_embeddings": 100, "embedding_dim": 16}),
        "layer_norm": (((6, 8),), {}),
        "rms_norm": (((6, 8),), {}),
        "mean": (((6, 8),), {"dim": 1}),
        "amax": (((6, 8),), {"dim": 1}),
        "sum": (((6, 8),), {"dim": 1}),
        "reshape": (((6, 8),), {"shape": [6, 2, 4]}),
        "split": (((8,),), {"sections": 2, "index": 0}),
        "transpose": (((6, 8),), {"dim0": 1, "dim1": 2}),
        "upsample": (((3, 8, 8),), {"scale_factor": 2}),
        "permute": (((3, 8, 6),), {"dims": [0, 2, 3, 1]}),
        "unflatten": (((8,),), {"dim": 1, "unflattened_size": [2, 4]}),
        "unsqueeze": (((6, 8),), {"dim": 1}),
        "squeeze": (((8, 1, 1),), {}),
        "pixel_shuffle": (((12, 8, 8),), {"upscale_factor": 2}),
        "channel_shuffle": (((6, 8, 8),), {"groups": 3}),
        "select": (((6, 8),), {"dim": 1, "index": -1}),
        "narrow": (((6, 8),), {"dim": 1, "start": 1, "length": 4}),
        "slice": (((6, 8),), {"dim": 2, "start": 1, "step": 2}),
        "index_select": (((6, 8),), {"dim": 1, "index": [0, 2, 2]}),
        "chunk": (((6, 8),), {"chunks": 2, "index": 1}),
        "roll": (((3, 8, 8),), {"shifts": [1, 2], "dims": [2, 3]}),
        "flip": (((3, 8, 8),), {"dims": [3]}),
        "expand": (((1, 8),), {"shape": [6, 8]}),
        "tile": (((6, 8),), {"dims": [2, 1]}),
        "rotary": (((2, 6, 8),), {}),
        "relative_position_bias": (((6, 8),), {}),
        "window_position_bias": (((6, 8),), {"window_size": [2, 3]}),
        "alibi": (((6, 8),), {}),
        "scaled_dot_product_attention": (((2, 6, 8), (2, 6, 8), (2, 6, 8)), {}),
        "pad": (((3, 8, 8),), {"pad": [1, 2, 0, 1]}),
        "clamp": (((8,),), {"min": 0}),
        "threshold": (((8,),), {"threshold": 0.5, "value": 0}),
        "matmul": (((6, 8), (8, 4)), {}),
        "einsum": (((6, 8), (4, 8)), {"equation": "'nqd,nkd->nqk'"}),
        "logsumexp": (((6, 8),), {"dim": 1}),
        "kthvalue": (((6, 8),), {"k": 2, "dim": 1}),
        "median": (((6, 8),), {"dim": 1}),
        "top_k": (((6, 8),), {"k": 2}),
        "top_k_mask": (((6, 8),), {"k": 2}),
        "hardmax": (((6, 8),), {"dim": 1}),
        "argmax": (((6, 8),), {"dim": 1}),
        "argmin": (((6, 8),), {"dim": 1}),
        "one_hot": (((6,),), {"num_classes": 8}),
        "gather": (((6, 8), (2, 8)), {"dim": 1}),
        **{name: (((6, 8),), {"other": 0.5}) for name in ("eq", "ne", "lt", "le", "gt", "ge")},
        "affine": (((8,),), {"scale": -1, "shift": 1}),
        "normalize": (((8,),), {"dim": 1}),
        "parameter": (((6, 8),), {"shape": [4, 8]}),
        "constant": (((8,),), {"values": [[1, 0], [0, 1]]}),
        "arange": (((8,),), {"end": 8}),
        "band_mask": (((8,),), {"rows": 6, "after": 0}),
        "linear_recurrence": (((6, 8), (6, 8)), {}),
        "cumsum": (((6, 8),), {"dim": 1}),
        "masked_fill": (((6, 8), (6, 8)), {"value": 0}),
        "frequency_encoding": (((3,),), {"num_frequencies": 10}),
        "grid_encoding": (((2,),), {"features": 4, "cells": [8, 8]}),
        "hash_encoding": (((2,),), {"table_size": 64, "base_resolution": 4}),
        "triplane": (((3,),), {"features": 4, "resolution": 8}),
    }
)
"""Shapes of inputs and fields, where the first that fit show too little."""


def example(name: str) -> str:
    """Write a short description with this layer, as YAML; nothing if none was found to fit.

    >>> print(example("conv2d"), end="")
    inputs: {x: [3, 16, 16]}
    layers:
      - conv2d: {out_channels: 16, kernel_size: 3, name: layer}
    """
    for shapes, fields in candidates(LAYERS[name]):
        text = written(name, shapes, fields)
        try:
            loads(text)
        except SpecError:
            continue
        return text
    return ""


def candidates(layer: type[Layer]) -> Iterator[tuple[tuple[Shape, ...], Mapping[str, Any]]]:
    """Try the inputs that are given, then inputs of one to five axes."""
    if layer.type in GIVEN:
        yield GIVEN[layer.type]
    required = {
        field.name: SIZES.get(field.name, 2)
        for field in dataclasses.fields(layer)
        if field.default is dataclasses.MISSING
    }
    for shape in SHAPES:
        yield (shape,) * layer.inputs_allowed[0], required


def written(name: str, shapes: tuple[Shape, ...], fields: Mapping[str, Any]) -> str:
    """Write a description of one layer."""
    names = "xyzuvw"[: len(shapes)]
    rows = ", ".join(f"{x}: {list(shape)}" for x, shape in zip(names, shapes, strict=True))
    inputs = f"[{', '.join(names)}]"
    told = {**({"inputs": inputs} if len(shapes) > 1 else {}), **fields, "name": "layer"}
    pairs = ", ".join(f"{key}: {value}" for key, value in told.items())
    return f"inputs: {{{rows}}}\nlayers:\n  - {name}: {{{pairs}}}\n"


def shapes_of(name: str) -> list[tuple[tuple[Shape, ...], Shape]]:
    """List shapes that the example's fields take, and what comes out of them."""
    found: list[tuple[tuple[Shape, ...], Shape]] = []
    for net in fitting(name):
        ins, out = tuple(net.inputs.values()), net.output_shapes[0]
        if (ins, out) not in found:
            found.append((ins, out))
    return found


def fitting(name: str) -> Iterator[Architecture]:
    """Load the example, and its fields on inputs of other numbers of axes."""
    first: Mapping[str, Any] | None = None
    for shapes, fields in candidates(LAYERS[name]):
        try:
            net = loads(written(name, shapes, fields if first is None else first))
        except SpecError:
            continue
        first = fields if first is None else first
        yield net
