"""Norms, softmax, learned values and gates that are spelled out, and their look-alikes."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.rewrites import Build, checked, layers


def root_mean_square(b: Build, x: str, eps: float, dim: tuple[int, ...], order: int = 0) -> str:
    mean = b("mean", b("square", x), dim=dim, keepdim=True)
    if eps:
        mean = b("shift_by", mean, value=eps)
    if order == 0:
        return b("multiply", x, b("rsqrt", mean))
    if order == 1:
        return b("divide", x, b("sqrt", mean))
    return b("multiply", b("reciprocal", b("sqrt", mean)), x)


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("eps", [0.0, 1e-5])
def test_rms_norm(order: int, eps: float) -> None:
    build = Build({"x": (3, 6)})
    y = root_mean_square(build, "x", eps, (2,), order)
    network, _ = checked(build.network(build("multiply", build.parameter(1, 6), y)))
    (norm,) = network.nodes
    assert (norm.layer, norm.fields["eps"], *norm.tensors) == ("rms_norm", eps, "weight")


def test_rms_norm_of_gemma() -> None:
    build = Build({"x": (3, 6)})
    y = root_mean_square(build, "x", 1e-6, (2,))
    more = build("shift_by", build.parameter(1, 6), value=1.0)
    network, _ = checked(build.network(build("multiply", y, more)))
    assert layers(network) == ["rms_norm", "layer_scale", "add"]


def test_rms_over_two_axes_and_over_others() -> None:
    build = Build({"x": (2, 3, 6)})
    both = root_mean_square(build, "x", 1e-6, (2, 3))
    network, _ = checked(build.network(both))
    assert dict(network.nodes[0].fields)["normalized_shape"] == [3, 6]
    for dim in ((1,), (1, 3)):
        other = root_mean_square(build, "x", 1e-6, dim)
        network, _ = checked(build.network(other))
        assert "rms_norm" not in layers(network)


def test_what_is_no_rms_norm() -> None:
    build = Build({"x": (3, 6), "z": (3, 6)})
    another = build(
        "multiply", "z", build("rsqrt", build("mean", build("square", "x"), dim=(2,), keepdim=True))
    )
    outside = build("sqrt", build("mean", build("square", "x"), dim=(2,), keepdim=True))
    late = build("divide", "x", build("shift_by", outside, value=1e-6))
    network, _ = checked(build.network(another, late))
    assert "rms_norm" not in layers(network)


@pytest.mark.parametrize("twice", [False, True])
def test_layer_norm(twice: bool) -> None:
    build = Build({"x": (3, 6)})

    def apart() -> str:
        return build("subtract", "x", build("mean", "x", dim=(2,), keepdim=True))

    d = apart()
    e = apart() if twice else d
    variance = build("mean", build("square", e), dim=(2,), keepdim=True)
    y = build("divide", d, build("sqrt", build("shift_by", variance, value=1e-5)))
    y = build("add", build("multiply", y, build.parameter(1, 6)), build.parameter(1, 6))
    network, _ = checked(build.network(y))
    (norm,) = network.nodes
    assert (norm.layer, list(norm.tensors)) == ("layer_norm", ["weight", "bias"])
    assert dict(norm.fields) == {"eps": 1e-5}


def test_another_mean_is_no_layer_norm() -> None:
    build = Build({"x": (6, 6)})
    d = build("subtract", "x", build("mean", "x", dim=(1,), keepdim=True))
    network, _ = checked(build.network(root_mean_square(build, d, 1e-5, (2,))))
    assert "layer_norm" not in layers(network)


def test_sample_variance_is_no_layer_norm_but_scaled() -> None:
    build = Build({"x": (3, 6)})
    d = build("subtract", "x", build("mean", "x", dim=(2,), keepdim=True))
    variance = build(
        "scale_by", build("mean", build("square", d), dim=(2,), keepdim=True), factor=6 / 5
    )
    y = build("divide", d, build("sqrt", build("shift_by", variance, value=1e-3)))
    network, _ = checked(build.network(y))
    assert layers(network) == ["layer_norm", "affine"]
    assert np.isclose(network.nodes[0].fields["eps"], 1e-3 * 5 / 6)


def test_normalize() -> None:
    build = Build({"x": (3, 6)})
    length = build("sqrt", build("sum", build("square", "x"), dim=(2,), keepdim=True))
    limited = build("expand", build("clamp", length, min=1e-12), shape=(3, 6))
    network, _ = checked(build.network(build("divide", "x", limited)))
    assert [(n.layer, dict(n.fields)) for n in network.nodes] == [
        ("normalize", {"dim": [2], "eps": 1e-12})
    ]


def test_softmax() -> None:
    build = Build({"x": (3, 6)})
    y = build("subtract", "x", build("amax", "x", dim=(2,), keepdim=True))
    top = build("exp", y)
    y = build("divide", top, build("sum", top, dim=(2,), keepdim=True))
    network, _ = checked(build.network(build("log", y)))
    assert [(n.layer, n.fields) for n in network.nodes] == [("log_softmax", {"dim": 2})]


def test_shares_along_two_axes_are_no_softmax() -> None:
    build = Build({"x": (6, 6)})
    top = build("exp", "x")
    y = build("divide", top, build("sum", top, dim=(1, 2), keepdim=True))
    other = build(
        "divide", top, build("sum", build("exp", build("relu", "x")), dim=(2,), keepdim=True)
    )
    network, _ = checked(build.network(y, other))
    assert "softmax" not in layers(network)


def test_learned_values() -> None:
    build = Build({"x": (3, 6)})
    build.number(1)
    y = build("linear", "x", out_features=4, bias=False)
    y = build("add", build.parameter(1, 4), y)
    y = build("multiply", y, build.parameter(3, 1))
    y = build("add", y, build.parameter(3, 4))
    y = build("concat", build.parameter(1, 4), y, dim=1)
    network, _ = checked(build.network(y))
    assert layers(network) == ["linear", "layer_scale", "position_embedding", "class_token"]
    assert network.nodes[0].tensors.keys() == {"weight", "bias"}


def test_a_map_that_is_read_twice_has_no_bias_of_one() -> None:
    build = Build({"x": (3, 6)})
    y = build("linear", "x", out_features=4, bias=False)
    network, _ = checked(build.network(build("add", y, build.parameter(1, 4)), y))
    assert sorted(layers(network)) == ["bias", "linear"]


@pytest.mark.parametrize("shape", [(), (1, 1), (3, 6)])
def test_learned_numbers_that_lie_along_no_axis_stay(shape: tuple[int, ...]) -> None:
    build = Build({"x": (3, 6)})
    y = build("multiply", "x", build.parameter(*shape))
    network, _ = checked(build.network(y))
    assert layers(network) == ["parameter", "multiply"]


def test_products_with_learned_matrices() -> None:
    build = Build({"x": (2, 3, 6)})
    y = build("matmul", "x", build.parameter(1, 6, 4))
    y = build("matmul", y, build.parameter(2, 4, 5))
    network, _ = checked(build.network(y))
    assert layers(network) == ["linear", "parameter", "matmul"]


@pytest.mark.parametrize("turned", [False, True])
def test_glu(turned: bool) -> None:
    build = Build({"x": (4, 6)})
    parts = build("chunk", "x", chunks=2, dim=2)
    first, second = (f"{parts}.{1 - i if turned else i}" for i in range(2))
    y = build("multiply", first, build("sigmoid", second))
    network, _ = checked(build.network(y))
    assert ("glu" in layers(network)) != turned


def test_glu_by_narrow() -> None:
    build = Build({"x": (4, 6)})
    first = build("narrow", "x", dim=1, start=0, length=2)
    second = build("slice", "x", dim=1, start=2)
    y = build("multiply", build("sigmoid", second), first)
    network, _ = checked(build.network(y))
    assert [(n.layer, n.fields) for n in network.nodes] == [("glu", {"dim": 1})]


@pytest.mark.parametrize(("gate", "bias"), [("silu", False), ("gelu", True), ("tanh", False)])
def test_swiglu(gate: str, bias: bool) -> None:
    build = Build({"x": (4, 6)})
    one = build(gate, build("linear", "x", out_features=5, bias=bias))
    y = build("multiply", build("linear", "x", out_features=5, bias=bias), one)
    network, _ = checked(build.network(build("linear", y, out_features=6, bias=bias)))
    assert (layers(network) == ["swiglu"]) == (gate != "tanh")


def test_numbers_beside_values_without_inputs_are_left() -> None:
    build = Build({"x": (3, 6)})
    shifted = build("shift_by", build.parameter(1, 6), value=0.5)
    network, _ = checked(build.network(build("multiply", "x", shifted)))
    assert layers(network) == ["parameter", "affine", "multiply"]


def test_a_sum_by_its_count_is_a_mean() -> None:
    build = Build({"x": (3, 6)})
    y = build("scale_by", build("sum", "x", dim=(1, 2)), factor=1 / 18)
    z = build("scale_by", build("sum", "x", dim=(2,)), factor=1 / 18)
    network, _ = checked(build.network(y, z))
    assert layers(network) == ["mean", "sum", "affine"]


def test_movements_of_learned_values_are_views() -> None:
    build = Build({"x": (3, 6)})
    table = build.parameter(10, 6)
    rows = build("index_select", table, dim=1, index=[2, 3, 4])
    kinds = build.parameter(2, 6)
    one = build("unsqueeze", build("index_select", kinds, dim=1, index=[1, 1, 1]), dim=1)
    wide = build("unsqueeze", build("add", "x", rows), dim=1)
    y = build("squeeze", build("add", wide, one), dim=[1])
    more = build("shift_by", build.parameter(6), value=1.0)
    y = build("multiply", y, build("reshape", more, shape=(1, 6)))
    network, _ = checked(build.network(y))
    # What nothing reads of the table stays a part of it.
    assert "position_embedding" in layers(network)
    assert {"index_select", "reshape"}.isdisjoint(layers(network))
    stored = next(n for n in build.nodes if n.output == table).tensors["weight"].array
    views = [w.array for n in network.nodes for w in n.tensors.values()]
    assert sum(np.shares_memory(view, stored) for view in views) == 1


def test_rows_in_any_order_are_chosen_still() -> None:
    build = Build({"x": (3, 6)})
    rows = build("index_select", build.parameter(10, 6), dim=1, index=[2, 5, 4])
    network, _ = checked(build.network(build("add", "x", rows)))
    assert layers(network) == ["parameter", "index_select", "add"]


@pytest.mark.parametrize(
    ("pad", "padding"), [([1, 1, 1, 1], 1), ([0, 1, 2, 0], [[2, 0], [0, 1]]), ([1, 1], [0, 1])]
)
def test_zeros_around_a_convolution(pad: list[int], padding: object) -> None:
    build = Build({"x": (2, 6, 6)})
    y = build("pad", "x", pad=pad)
    network, _ = checked(build.network(build("conv2d", y, out_channels=3, kernel_size=3)))
    assert [(n.layer, n.fields["padding"]) for n in network.nodes] == [("conv2d", padding)]


@pytest.mark.parametrize("fields", [{"mode": "reflect"}, {"value": 1.0}])
def test_other_numbers_around_a_convolution_stay(fields: dict[str, object]) -> None:
    build = Build({"x": (2, 6, 6)})
    y = build("pad", "x", pad=[1, 1, 1, 1], **fields)
    network, _ = checked(build.network(build("conv2d", y, out_channels=3, kernel_size=3)))
    assert layers(network) == ["pad", "conv2d"]


@pytest.mark.parametrize("way", ["tiles", "overlap", "channels first"])
def test_patches(way: str) -> None:
    build = Build({"x": (3, 8, 4)})
    stride = [2, 1] if way == "overlap" else 2
    y = build("conv2d", "x", out_channels=5, kernel_size=2, stride=stride)
    y = build("flatten", y, start_dim=2)
    y = y if way == "channels first" else build("transpose", y, dim0=1, dim1=2)
    network, _ = checked(build.network(build("relu", y)))
    assert ("patches" in layers(network)) == (way == "tiles")


@pytest.mark.parametrize("turned", [False, True])
def test_instance_norm_of_groups_is_a_group_norm(turned: bool) -> None:
    build = Build({"x": (6, 2, 3)})
    groups = build("reshape", "x", shape=(3, 12))
    normed = build("reshape", build("instance_norm", groups, eps=1e-3), shape=(6, 2, 3))
    gamma, beta = build.parameter(6, 1, 1), build.parameter(6, 1, 1)
    scaled = build("multiply", *((gamma, normed) if turned else (normed, gamma)))
    network, _ = checked(build.network(build("add", scaled, beta)))
    (norm,) = network.nodes
    assert norm.layer == "group_norm"
    assert dict(norm.fields) == {"num_groups": 3, "eps": 1e-3}


def test_what_is_no_group_norm() -> None:
    build = Build({"x": (6, 2, 3)})
    apart = build(
        "reshape", build("instance_norm", build("reshape", "x", shape=(4, 9))), shape=(6, 2, 3)
    )
    network, _ = checked(build.network(apart))
    assert "group_norm" not in layers(network)

    build = Build({"x": (6, 2, 3)})
    groups = build("instance_norm", build("reshape", "x", shape=(3, 12)))
    wide = build("reshape", groups, shape=(6, 2, 3))
    along = build("multiply", wide, build.parameter(1, 2, 1))
    network, _ = checked(build.network(along))
    assert dict(network.nodes[0].fields)["affine"] is False
    assert layers(network) == ["group_norm", "layer_scale"]
