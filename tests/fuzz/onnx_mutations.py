"""Mutations of ONNX models: their bytes, and what their fields say."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from fuzz.weights_mutations import BYTES
from onnx import ModelProto, helper

NUMBERS = (-(2**63), -(2**31), -2, -1, 0, 1, 2, 3, 7, 255, 2**20, 2**31 - 1, 2**40, 2**62)
WORDS = ("", "x", "w", "b", "y", "Conv", "Gemm", "MatMul", "Reshape", "Loop", "If", "Scan", "Cast",
         "Einsum", "LSTM", "Attention", "Resize", "\0", "a" * 5000, "../../etc/passwd",
         "/etc/passwd", "é中", "ai.onnx.ml", "com.microsoft", "TopK", "Expand", "Tile", "Range",
         "ConstantOfShape", "Pad", "OneHot", "EyeLike", "Shape", "NonZero", "Where")  # fmt: skip


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Change a model in one to three ways."""
    if rng.random() < 0.25:
        return rng.choice(BYTES)(data, rng)
    model = ModelProto.FromString(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        rng.choice(FIELDS)(model, rng)
    return bytes(model.SerializeToString())


def renamed(model: Any, rng: random.Random) -> None:
    """Let a node read or give another value: cycles, doubles and values that are nowhere."""
    node = rng.choice(model.graph.node or [helper.make_node("Relu", ["x"], ["y"])])
    names = rng.choice((node.input, node.output))
    if names:
        others = [name for each in model.graph.node for name in (*each.input, *each.output)]
        names[rng.randrange(len(names))] = rng.choice([*others, *WORDS])


def operator(model: Any, rng: random.Random) -> None:
    """Make a node another operator's."""
    if model.graph.node:
        node = rng.choice(model.graph.node)
        setattr(node, rng.choice(("op_type", "op_type", "domain")), rng.choice(WORDS))


def attribute(model: Any, rng: random.Random) -> None:
    """Change, add or drop an attribute."""
    if not model.graph.node:
        return
    node = rng.choice(model.graph.node)
    if node.attribute and rng.random() < 0.7:
        chosen = rng.randrange(len(node.attribute))
        if rng.random() < 0.3:
            del node.attribute[chosen]
            return
        one = node.attribute[chosen]
        if one.ints:
            one.ints[rng.randrange(len(one.ints))] = rng.choice(NUMBERS)
        elif rng.random() < 0.2:
            one.type = rng.randrange(0, 12)
        else:
            one.i, one.f, one.s = rng.choice(NUMBERS), rng.choice((0.0, -1.0, 1e30)), b"\xff"
        return
    name = rng.choice(("axis", "axes", "perm", "pads", "group", "strides", "to", "kernel_shape"))
    value = rng.choice((1, -1, 2**40, [0, 1], [2**40], 1.5, "SAME_UPPER", "nonsense"))
    node.attribute.append(helper.make_attribute(name, value))


def tensor(model: Any, rng: random.Random) -> None:
    """Change the shape, the type or the numbers of a tensor, or say that they lie elsewhere."""
    if not model.graph.initializer:
        return
    one = rng.choice(model.graph.initializer)
    how = rng.randrange(6)
    if how == 0 and one.dims:
        one.dims[rng.randrange(len(one.dims))] = rng.choice(NUMBERS)
    elif how == 1:
        one.dims.extend(rng.choices(NUMBERS, k=rng.choice((1, 3, 70))))
    elif how == 2:
        one.data_type = rng.randrange(0, 30)
    elif how == 3:
        one.raw_data = one.raw_data[: rng.randrange(len(one.raw_data) + 1)] or b"\xff" * 9
    elif how == 4:
        one.name = rng.choice(WORDS)
    else:
        one.data_location = 1
        places = (
            "../secret.bin",
            "/etc/passwd",
            "model.onnx",
            "link.bin",
            "missing",
            "",
            "\0",
            ".",
        )
        told = {"location": rng.choice(places), "offset": str(rng.choice(NUMBERS)),
                "length": rng.choice(("1", "999999999999", "-1", "x"))}  # fmt: skip
        del one.external_data[:]
        for key, value in told.items():
            if rng.random() < 0.8:
                one.external_data.add(key=key, value=value)


def input_shape(model: Any, rng: random.Random) -> None:
    """Change the shape or the type of an input."""
    if not model.graph.input:
        return
    kind = rng.choice(model.graph.input).type.tensor_type
    if rng.random() < 0.2:
        kind.elem_type = rng.randrange(0, 30)
    elif kind.shape.dim and rng.random() < 0.8:
        dim = rng.choice(kind.shape.dim)
        if rng.random() < 0.3:
            dim.dim_param = rng.choice(WORDS)
        else:
            dim.dim_value = rng.choice(NUMBERS)
    else:
        for size in rng.choices(NUMBERS, k=rng.choice((1, 40))):
            kind.shape.dim.add(dim_value=size)


def lists(model: Any, rng: random.Random) -> None:
    """Drop, double or shuffle entries of a list."""
    graph = model.graph
    entries = rng.choice((graph.node, graph.initializer, graph.input, graph.output))
    if not entries:
        return
    kept = list(entries)
    how = rng.randrange(3)
    if how == 0:
        kept.pop(rng.randrange(len(kept)))
    elif how == 1:
        kept.append(rng.choice(kept))
    else:
        rng.shuffle(kept)
    copies = [type(each).FromString(each.SerializeToString()) for each in kept]
    del entries[:]
    entries.extend(copies)


def nested(model: Any, rng: random.Random) -> None:
    """Put the graph into a branch of itself, some times."""
    depth = rng.choice((1, 3, 40))
    for _ in range(depth):
        inner = type(model.graph).FromString(model.graph.SerializeToString())
        if inner.ByteSize() > 1 << 18:
            return
        node = model.graph.node.add(op_type=rng.choice(("If", "Loop", "Scan")), output=["z"])
        node.input.extend(rng.choices(WORDS, k=2))
        for name in ("then_branch", "else_branch", "body"):
            node.attribute.append(helper.make_attribute(name, inner))
        if depth > 3:
            del model.graph.node[:-1]


def versions(model: Any, rng: random.Random) -> None:
    """Say that the model is of another version."""
    model.ir_version = rng.choice((*NUMBERS, 3, 4, 8))
    for each in model.opset_import:
        each.version = rng.choice((*NUMBERS, 1, 6, 9, 13, 21))


FIELDS: tuple[Callable[[Any, random.Random], None], ...] = (
    renamed, operator, attribute, attribute, tensor, tensor, input_shape, lists, nested, versions,
)  # fmt: skip
