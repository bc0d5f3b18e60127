"""Functions of one number: every spelling of one is found, and what is another function is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from oracles.rewrites import Build, checked, layers

B = Build
Spelling = Callable[[Build], str]


def erf_gelu(b: B, root: float = 2**-0.5, order: int = 0) -> str:
    inner = b("erf", b("affine", "x", scale=root))
    if order == 0:  # x * 0.5 * (1 + erf)
        return b("multiply", b("scale_by", "x", factor=0.5), b("shift_by", inner, value=1.0))
    if order == 1:  # 0.5 * (x * (1 + erf))
        whole = b("multiply", "x", b("add", inner, b.number(1.0)))
        return b("multiply", whole, b.number(0.5))
    share = b("affine", inner, scale=0.5, shift=0.5)
    return b("multiply", share, "x")


def tanh_gelu(b: B, cube: float = 0.044715, order: int = 0) -> str:
    if order == 0:
        third = b("power", "x", exponent=3.0)
        inner = b("add", "x", b("scale_by", third, factor=cube))
    else:  # x (1 + c x^2)
        once = b("multiply", b("scale_by", "x", factor=cube), "x")
        inner = b("multiply", "x", b("shift_by", once, value=1.0))
    bend = b("tanh", b("scale_by", inner, factor=0.7978845608))
    return b("multiply", b("scale_by", "x", factor=0.5), b("shift_by", bend, value=1.0))


def softplus(b: B) -> str:
    return b("log", b("shift_by", b("exp", "x"), value=1.0))


def logistic(b: B) -> str:
    negative = b("exp", b("scale_by", "x", factor=-1.0))
    return b("reciprocal", b("shift_by", negative, value=1.0))


SPELLINGS: dict[str, tuple[Spelling, str]] = {
    "gelu 0": (lambda b: erf_gelu(b, order=0), "gelu"),
    "gelu 1": (lambda b: erf_gelu(b, 0.7071067690849304, order=1), "gelu"),
    "gelu 2": (lambda b: erf_gelu(b, order=2), "gelu"),
    "gelu tanh 0": (lambda b: tanh_gelu(b, order=0), "gelu"),
    "gelu tanh 1": (lambda b: tanh_gelu(b, order=1), "gelu"),
    "silu": (lambda b: b("multiply", "x", b("sigmoid", "x")), "silu"),
    "silu by exp": (lambda b: b("multiply", "x", logistic(b)), "silu"),
    "quick_gelu": (
        lambda b: b("multiply", b("sigmoid", b("scale_by", "x", factor=1.702)), "x"),
        "quick_gelu",
    ),
    "mish": (lambda b: b("multiply", "x", b("tanh", softplus(b))), "mish"),
    "softplus": (softplus, "softplus"),
    "sigmoid": (logistic, "sigmoid"),
    "hardswish": (
        lambda b: b(
            "multiply", "x",
            b("scale_by", b("clamp", b("shift_by", "x", value=3), min=0, max=6), factor=1 / 6),
        ),
        "hardswish",
    ),
    "relu6": (lambda b: b("clamp", "x", min=0, max=6), "relu6"),
    "leaky": (lambda b: b("maximum", "x", b("scale_by", "x", factor=0.1)), "leaky_relu"),
    "elu": (
        lambda b: b(
            "where", b("gt", "x", other=0), "x", b("shift_by", b("exp", "x"), value=-1.0)
        ),
        "elu",
    ),
    "abs": (lambda b: b("maximum", "x", b("scale_by", "x", factor=-1.0)), "abs"),
    "clamp": (lambda b: b("clamp", b("clamp", "x", min=-2.5), max=1), "clamp"),
}  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spelled_out(spelling: str) -> None:
    spell, word = SPELLINGS[spelling]
    build = Build({"x": (3, 4)})
    network, _ = checked(build.network(spell(build)))
    assert layers(network) == [word]


OTHERS: dict[str, Spelling] = {
    "almost 0": lambda b: b("tanh", b("clamp", "x", min=1e-12)),
    "another root": lambda b: erf_gelu(b, 0.7075),
    "another cube": lambda b: tanh_gelu(b, 0.04475),
    "another slope": lambda b: b(
        "multiply", "x", b("sigmoid", b("scale_by", "x", factor=1.7))
    ),
    "two values": lambda b: b(
        "multiply", "x", b("sigmoid", b("roll", "x", shifts=[1], dims=[1]))
    ),
}  # fmt: skip


@pytest.mark.parametrize("other", OTHERS)
def test_another_function_is_left(other: str) -> None:
    build = Build({"x": (3, 4)})
    network, _ = checked(build.network(OTHERS[other](build)))
    assert len(network.nodes) > 1
    assert not {"gelu", "silu", "quick_gelu", "relu"} & set(layers(network))


def test_what_others_read_stays() -> None:
    build = Build({"x": (3, 4)})
    gate = build("sigmoid", "x")
    whole = build("multiply", "x", gate)
    network, _ = checked(build.network(whole, gate))
    assert sorted(layers(network)) == ["sigmoid", "silu"]


def test_twice_a_function() -> None:
    build = Build({"x": (3, 4)})
    bend = build("shift_by", build("erf", build("scale_by", "x", factor=2**-0.5)), value=1.0)
    network, _ = checked(build.network(build("multiply", "x", bend)))
    assert layers(network) == ["gelu", "affine"]
    assert network.nodes[-1].fields == {"scale": 2.0}


def test_numbers_are_one_affine() -> None:
    build = Build({"x": (3, 4)})
    y = build("divide", "x", build.number(4.0))
    y = build("subtract", build.number(1.0), y)
    y = build("multiply", build.constant([[2.0]]), y)
    y = build("add", y, build.constant([[-2.0] * 4] * 3))
    network, _ = checked(build.network(y))
    assert [(n.layer, dict(n.fields)) for n in network.nodes] == [("affine", {"scale": -0.5})]


def test_numbers_that_undo_each_other_leave_nothing() -> None:
    build = Build({"x": (3, 4)})
    y = build("scale_by", build("scale_by", build("relu", "x"), factor=4.0), factor=0.25)
    network, _ = checked(build.network(y))
    assert layers(network) == ["relu"]


def test_choices_that_are_alike_for_all_items() -> None:
    build = Build({"x": (3, 4)})
    y = build("where", build.number(1), "x", build.number(-np.inf))
    y = build("masked_fill", y, build.constant([[0, 0, 0, 0]]), value=7)
    z = build("where", build.constant([[1, 1, 0, 1]]), "x", build.number(0))
    network, _ = checked(build.network(build("relu", y), z))
    assert sorted(layers(network)) == ["constant", "constant", "relu", "where"]
