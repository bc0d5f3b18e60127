"""Random networks of every family: of tokens, sequences, space, coordinates, turns and vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from spec.testing.author import text_of
from spec.testing.layers import ACTIVATIONS, Pen

Entry = dict[str, Any]
Entries = list[Entry]

POINTWISE = ("relu", "tanh", "gelu", "silu", "prelu", "sine", "sigmoid", "identity")


def activation(pen: Pen) -> Entry:
    """Write an activation."""
    name = pen.pick(POINTWISE)
    fields = {"sine": pen.some(frequency=pen.pick((1, 3))), "prelu": pen.some(init=0.1)}
    return {name: fields.get(name, {})}


def feature_norm(pen: Pen) -> Entry:
    """Write a norm of the features of each token."""
    name = pen.pick(("layer_norm", "rms_norm"))
    return {name: pen.some(eps=pen.pick((1e-5, 0.1)), elementwise_affine=pen.chance())}


def feed_forward(pen: Pen, width: int) -> Entries:
    """Write what works on each token alone."""
    hidden = pen.count(2, 5)
    way = pen.pick(("linear", "swiglu", "lora_linear"))
    if way == "swiglu":
        return [{"swiglu": {"hidden_features": hidden, **pen.some(bias=True)}}]
    if way == "lora_linear":
        return [{"lora_linear": {"out_features": width, "rank": pen.count(1, 2)}}]
    return [
        {"linear": {"out_features": hidden}},
        activation(pen),
        {"linear": {"out_features": width, **pen.some(bias=False)}},
    ]


def attention(pen: Pen, width: int) -> Entry:
    """Write attention over tokens, with any heads that fit."""
    heads = pen.pick([n for n in (2, 1, 4) if width % n == 0])
    fields: Entry = {"num_heads": heads, **pen.some(causal=True, bias=pen.chance())}
    packed = pen.chance()
    fields["packed"] = packed
    if pen.chance():
        fields["num_kv_heads"] = pen.pick([n for n in (1, 2) if heads % n == 0])
    if not packed and pen.chance():
        fields["head_dim"] = 2
    if fields.get("head_dim", width // heads) % 2 == 0 and pen.chance():
        fields["rotary"] = pen.pick((100, 10000))
        fields.update(pen.some(rotary_size=2))
    return {"multihead_attention": fields}


def token_mixing(pen: Pen, length: int) -> Entries:
    """Write what works on each feature alone."""
    turn: Entry = {"transpose": {"dim0": 1, "dim1": 2}}
    hidden: Entry = {"linear": {"out_features": pen.count(2, 3)}}
    return [turn, hidden, activation(pen), {"linear": {"out_features": length}}, dict(turn)]


def tokens(pen: Pen) -> Entry:
    """Write a network of tokens."""
    length, width = pen.count(2, 3), pen.pick((4, 6, 2))
    entries: Entries
    if pen.chance():
        inputs = {"x": [length]}
        entries = [{"embedding": {"num_embeddings": pen.count(2, 4), "embedding_dim": width}}]
    else:
        inputs = {"x": [length, pen.count(1, 3)]}
        entries = [{"linear": {"out_features": width}}]
    if pen.chance():
        entries.append({"class_token": {}})
        length += 1
    position = pen.pick(("identity", "position_embedding", "sinusoidal_positions"))
    entries.append({position: {}})
    for _ in range(pen.count(1, 2)):
        body = [feature_norm(pen)] if pen.chance() else []
        way = pen.pick(("attention", "feed_forward", "token_mixing", "set_linear"))
        if way == "attention":
            body.append(attention(pen, width))
        elif way == "feed_forward":
            body += feed_forward(pen, width)
        elif way == "token_mixing":
            body += token_mixing(pen, length)
        else:
            pool = pen.pick(("mean", "max"))
            body.append({"set_linear": {"out_features": width, **pen.some(pool=pool)}})
        if pen.chance():
            body.append({"layer_scale": {}})
        entries += [{"residual": {"body": body}}] if pen.chance() else body
    return {"inputs": inputs, "layers": [*entries, *pooled(pen)]}


def pooled(pen: Pen) -> Entries:
    """Write the end of a network of tokens: one vector of all of them, and a linear map."""
    way = pen.pick(("mean", "amax", "sum", "flatten"))
    head: Entry = {"linear": {"out_features": pen.count(1, 3)}}
    return [{way: {} if way == "flatten" else {"dim": 1}}, head]


def sequences(pen: Pen) -> Entry:
    """Write a recurrent network."""
    length, features = pen.count(2, 3), pen.count(1, 3)
    entries: Entries = []
    for _ in range(pen.count(1, 2)):
        fields = {
            "hidden_size": pen.count(1, 3),
            **pen.some(bias=False, bidirectional=True, num_layers=2),
        }
        cell = pen.pick(("gru", "lstm", "rnn"))
        if cell == "rnn":
            fields.update(pen.some(nonlinearity="relu"))
        entries.append({cell: fields})
        if pen.chance():
            entries.append(activation(pen))
    return {"inputs": {"x": [length, features]}, "layers": [*entries, *pooled(pen)]}


def space(pen: Pen) -> Entry:
    """Write a convolutional network over one to three axes of space."""
    dims = pen.pick((1, 2, 3))
    size = {1: pen.count(3, 6), 2: pen.count(3, 4), 3: 3}[dims]
    width = pen.pick((2, 4, 3))
    convolution = {"out_channels": width, "kernel_size": pen.count(1, 3)}
    entries: Entries = [{f"conv{dims}d": convolution}]
    for _ in range(pen.count(1, 3)):
        entries.append(space_item(pen, dims, width))
    ending = pen.pick(("pool", "mean", "flatten"))
    if ending == "pool":
        kind = pen.pick(("max", "avg"))
        entries += [{f"adaptive_{kind}_pool{dims}d": {"output_size": 1}}, {"flatten": {}}]
    elif ending == "mean":
        entries.append({"mean": {"dim": [axis + 2 for axis in range(dims)]}})
    else:
        entries.append({"flatten": {}})
    head: Entry = {"linear": {"out_features": pen.count(1, 3)}}
    return {"inputs": {"x": [pen.count(1, 2), *(size,) * dims]}, "layers": [*entries, head]}


def space_item(pen: Pen, dims: int, width: int) -> Entry:
    """Write a layer or two branches that keep the number of channels."""
    grouped = pen.some(groups=pen.pick([n for n in (width, 2, 1) if width % n == 0]))
    convolution: Entry = {
        f"conv{dims}d": {"out_channels": width, "kernel_size": 3, "padding": 1, **grouped}
    }
    way = pen.pick(
        ("norm", "activation", "branches", "convolution", "transposed", "pooling", "upsample")
    )
    if way == "norm":
        name = pen.pick(("instance_norm", "batch_norm", "group_norm"))
        fields = pen.some(affine=pen.chance())
        if name == "group_norm":
            fields["num_groups"] = pen.pick([n for n in (2, 1, width) if width % n == 0])
        elif name == "instance_norm":
            fields.update(pen.some(track_running_stats=True))
        return {name: fields}
    if way == "activation":
        return activation(pen)
    if way == "branches":
        other: Entry = {f"conv{dims}d": {"out_channels": width, "kernel_size": 1}}
        branches = pen.pick(
            [
                [[], [convolution]],
                [[convolution], [dict(convolution), activation(pen)]],
                [[other], []],
            ]
        )
        return {"parallel": {"branches": branches, **pen.some(merge=pen.pick(("add", "multiply")))}}
    if way == "transposed":
        stride = pen.pick((1, 2)) if dims < 3 else 1
        fields = {"out_channels": width, "kernel_size": 2, "stride": stride, **grouped}
        return {f"conv_transpose{dims}d": fields}
    if way == "pooling":
        kind = pen.pick(("max", "avg"))
        return {f"{kind}_pool{dims}d": {"kernel_size": 2, "stride": 1, "padding": 1}}
    if way == "upsample" and dims < 3:
        mode = pen.pick(("nearest", "linear"))
        aligned = pen.some(align_corners=True) if mode == "linear" else {}
        return {"upsample": {"scale_factor": 2, "mode": mode, **aligned}}
    return convolution


def images(pen: Pen) -> Entry:
    """Write a network of patches of an image."""
    width = pen.pick((4, 2))
    patches: Entry = {"patches": {"embed_dim": width, "patch_size": 2, **pen.some(bias=False)}}
    body: Entries = [feature_norm(pen), attention(pen, width)]
    return {
        "inputs": {"x": [pen.count(1, 2), 4, 4]},
        "layers": [patches, {"position_embedding": {}}, {"residual": {"body": body}}, *pooled(pen)],
    }


def coordinates(pen: Pen) -> Entry:
    """Write a network of places in space."""
    way = pen.pick(("linear", "fourier_features", "grid_encoding", "hash_encoding", "triplane"))
    dims = 3 if way == "triplane" else pen.count(1, 2)
    encodings: dict[str, Entry] = {
        "linear": {"out_features": 3},
        "fourier_features": {"frequencies": 2},
        "grid_encoding": {"features": 2, "cells": [2, 3][:dims]},
        "hash_encoding": {"table_size": 5, "base_resolution": 2, **pen.some(levels=2)},
        "triplane": {"features": 2, "resolution": 2,
                     "reduction": pen.pick(("sum", "product", "concat"))},
    }  # fmt: skip
    hidden: Entries = [{"linear": {"out_features": pen.count(2, 4)}}, activation(pen)]
    head: Entry = {"linear": {"out_features": pen.count(1, 3)}}
    return {
        "inputs": {"x": [pen.count(1, 3), dims]},
        "layers": [{way: encodings[way]}, *hidden, head],
    }


def turns(pen: Pen) -> Entry:
    """Write a network that turns with its image."""
    kind = pen.pick(("p4_conv2d", "p4m_conv2d"))
    layers: Entries = []
    for _ in range(pen.count(1, 2)):
        fields = {"out_channels": pen.count(1, 2), "kernel_size": 2, **pen.some(bias=False)}
        layers += [{kind: fields}, activation(pen)]
    pool = pen.pick(("amax", "mean", "sum"))
    head: Entry = {"linear": {"out_features": pen.count(1, 2)}}
    return {"inputs": {"x": [1, 3, 3]}, "layers": [*layers, {pool: {"dim": [2, 3, 4]}}, head]}


def vectors(pen: Pen) -> Entry:
    """Write a network of vectors with products, splits and branches."""
    width = pen.pick((4, 2, 6))
    layers: Entries = [{"linear": {"out_features": width, "inputs": "x", "name": "first"}}]
    way = pen.pick(("bilinear", "branches", "split", "softmax", "multiply"))
    if way == "bilinear":
        layers += [
            {"linear": {"out_features": 3, "inputs": "y", "name": "second"}},
            {
                "bilinear": {
                    "inputs": ["first", "second"],
                    "out_features": width,
                    **pen.some(bias=False),
                }
            },
        ]  # fmt: skip
    elif way == "branches":
        branch = [{"linear": {"out_features": 2}}, {pen.pick(list(ACTIVATIONS)): {}}]
        other = [{"linear": {"out_features": 2}}, {pen.pick(list(ACTIVATIONS)): {}}]
        merge = pen.pick(("add", "concat", "multiply"))
        layers.append({"parallel": {"branches": [branch, other], "merge": merge}})
    elif way == "split":
        half = {"sections": 2, "inputs": "first"}
        layers += [
            {"split": {**half, "index": 0, "name": "left"}},
            {"tanh": {"name": "gate"}},
            {"split": {**half, "index": 1, "name": "right"}},
            {pen.pick(("multiply", "concat")): {"inputs": ["gate", "right"]}},
        ]
    elif way == "softmax":
        layers.append({"softmax": {}})
    else:
        ((type_, fields),) = activation(pen).items()
        layers += [
            {type_: {**fields, "name": "gate"}},
            {"multiply": {"inputs": ["first", "gate"]}},
        ]
    layers.append({"linear": {"out_features": pen.count(1, 3)}})
    second = {"y": [2]} if way == "bilinear" else {}
    return {"inputs": {"x": [pen.count(1, 3)], **second}, "layers": layers}


FAMILIES: tuple[Callable[[Pen], Entry], ...] = (
    vectors, tokens, sequences, space, images, coordinates, turns,
)  # fmt: skip


def family_documents() -> st.SearchStrategy[str]:
    """Give a strategy of descriptions of all families."""

    @st.composite
    def document(draw: st.DrawFn) -> str:
        pen = Pen(draw)
        return text_of({"name": "random", **pen.pick(FAMILIES)(pen)})

    return document()
