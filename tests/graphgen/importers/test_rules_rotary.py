"""Rotary positions that are spelled out, by tables, in every order of features; and look-alikes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from oracles.rewrites import Build, checked, layers

from graphgen.importers.network import Weight

T, D = 6, 8


def angles(size: int, base: float = 10000.0, offset: int = 0) -> np.ndarray:
    return np.outer(np.arange(offset, T + offset), base ** -(np.arange(0, size, 2) / size))


def halves(b: Build, x: str, table: np.ndarray, dtype: type = np.float64) -> str:
    """`x cos + rotate_half(x) sin`, as transformers has it."""
    dim = len(b.shapes[x])
    size = b.shapes[x][-1]
    twice = np.concatenate([table, table], -1)[None].astype(dtype)
    first = b("narrow", x, dim=dim, start=0, length=size // 2)
    second = b("slice", x, dim=dim, start=size // 2)
    turned = b("concat", b("scale_by", second, factor=-1.0), first, dim=dim)
    y = b("multiply", x, b.constant(np.cos(twice).astype(dtype)))
    return b("add", y, b("multiply", turned, b.constant(np.sin(twice).astype(dtype))))


def parts(b: Build, x: str, table: np.ndarray) -> str:
    """The two halves by chunk, each turned, side by side."""
    dim = len(b.shapes[x])
    cut = b("chunk", x, chunks=2, dim=dim)
    one, two = f"{cut}.0", f"{cut}.1"
    c, s = b.constant(np.cos(table)[None]), b.constant(np.sin(table)[None])
    first = b("subtract", b("multiply", one, c), b("multiply", two, s))
    second = b("add", b("multiply", two, c), b("multiply", one, s))
    return b("concat", first, second, dim=dim)


def neighbours(b: Build, x: str, table: np.ndarray) -> str:
    """Pairs of neighbours, as in GPT-J: stacked, and laid flat."""
    heads, _, size = b.shapes[x]
    pairs = b("reshape", x, shape=(heads, T, size // 2, 2))
    one, two = (b("select", pairs, dim=4, index=i) for i in range(2))
    c, s = b.constant(np.cos(table)[None]), b.constant(np.sin(table)[None])
    first = b("subtract", b("multiply", one, c), b("multiply", two, s))
    second = b("add", b("multiply", two, c), b("multiply", one, s))
    return b("flatten", b("stack", first, second, dim=4), start_dim=3)


@pytest.mark.parametrize("base", [10000.0, 500000.0, 1234.5])
@pytest.mark.parametrize("way", [halves, parts, neighbours])
def test_every_spelling(way: object, base: float) -> None:
    build = Build({"x": (2, T, D)})
    network, _ = checked(build.network(way(build, "x", angles(D, base))))  # type: ignore[operator]
    (node,) = network.nodes
    fields = {} if base == 10000 else {"base": base}
    assert node.layer == "rotary"
    assert dict(node.fields) == fields | ({"interleaved": True} if way is neighbours else {})


@pytest.mark.parametrize("base", [10000.0, 500000.0])
def test_tables_in_single_precision(base: float) -> None:
    build = Build({"x": (2, T, D)})
    network, _ = checked(build.network(halves(build, "x", angles(D, base), np.float32)))
    assert dict(network.nodes[0].fields) == ({} if base == 10000 else {"base": base})


def test_some_of_the_features() -> None:
    build = Build({"x": (2, T, D)})
    turned = halves(build, build("narrow", "x", dim=3, start=0, length=4), angles(4))
    rest = build("narrow", "x", dim=3, start=4, length=4)
    network, _ = checked(build.network(build("concat", turned, rest, dim=3)))
    assert [(n.layer, n.fields) for n in network.nodes] == [("rotary", {"size": 4})]


def test_from_another_place_on_and_stretched() -> None:
    build = Build({"x": (2, T, D)})
    first = halves(build, "x", angles(D, offset=3))
    second = halves(build, "x", angles(D) / 4)
    rng = np.random.default_rng(0)
    third = halves(build, "x", np.outer(np.arange(T), rng.uniform(0.1, 1, D // 2)))
    network, _ = checked(build.network(first, second, third))
    assert layers(network) == ["rotary"] * 3
    assert dict(network.nodes[0].fields) == {"offset": 3}
    assert dict(network.nodes[1].fields) == {"scaling": "linear", "factor": 4.0}
    assert network.nodes[2].fields["scaling"] == "longrope"


OTHERS = {
    "backwards": lambda b: halves(b, "x", -angles(D)),
    "another cosine": lambda b: halves(b, "x", angles(D) + 1e-3 * (np.arange(T)[:, None] == 2)),
    "squares": lambda b: halves(b, "x", angles(D) ** 2),
}


@pytest.mark.parametrize("other", OTHERS)
def test_another_map_is_left(other: str) -> None:
    build = Build({"x": (2, T, D)})
    network, _ = checked(build.network(OTHERS[other](build)))
    assert "rotary" not in layers(network)


def test_two_values_are_left() -> None:
    build = Build({"x": (2, T, D), "z": (2, T, D)})
    c, s = (build.constant(f(np.tile(angles(D), 2))[None]) for f in (np.cos, np.sin))
    y = build("add", build("multiply", "x", c), build("multiply", "z", s))
    network, _ = checked(build.network(y))
    assert "rotary" not in layers(network)


@pytest.mark.parametrize("size", [D, 4])
def test_attention_with_rotary_positions(size: int) -> None:
    build = Build({"x": (T, 16)})

    def heads(turned: bool) -> str:
        y = build("reshape", build("linear", "x", out_features=16), shape=(T, 2, D))
        y = build("transpose", y, dim0=1, dim1=2)
        if not turned:
            return y
        if size == D:
            return halves(build, y, angles(D))
        part = halves(build, build("narrow", y, dim=3, start=0, length=size), angles(size))
        rest = build("narrow", y, dim=3, start=size, length=D - size)
        return build("concat", part, rest, dim=3)

    y = build("scaled_dot_product_attention", heads(True), heads(True), heads(False))
    y = build("reshape", build("transpose", y, dim0=1, dim1=2), shape=(T, 16))
    network, _ = checked(build.network(build("linear", y, out_features=16)))
    (node,) = network.nodes
    assert node.fields["rotary"] == 10000
    assert node.fields.get("rotary_size") == (None if size == D else size)


def test_rotary_positions_along_the_heads_are_no_multihead_attention() -> None:
    build = Build({"x": (T, 16)})
    operands = []
    for turned in (True, True, False):
        y = build("reshape", build("linear", "x", out_features=16), shape=(T, 2, D))
        y = build("rotary", y) if turned else y
        operands.append(build("transpose", y, dim0=1, dim1=2))
    y = build("scaled_dot_product_attention", *operands)
    y = build("reshape", build("transpose", y, dim0=1, dim1=2), shape=(T, 16))
    network, _ = checked(build.network(build("linear", y, out_features=16)))
    assert "multihead_attention" not in layers(network)


def test_tables_that_a_file_has_among_its_tensors() -> None:
    build = Build({"x": (2, T, D)})
    y = halves(build, "x", angles(D), np.float32)
    z = halves(build, y, angles(D) + 0.1)
    tables = [node for node in build.nodes if node.layer == "constant"]
    for node in tables:
        weight = Weight(f"table.{node.output}", node.fields["values"])
        shape = {"shape": list(weight.array.shape)}
        learned = replace(node, layer="parameter", fields=shape, tensors={"weight": weight})
        build.nodes[build.nodes.index(node)] = learned
    network, _ = checked(build.network(z))
    assert layers(network)[0] == "rotary"
    assert layers(network).count("rotary") == 1
