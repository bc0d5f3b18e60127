"""Groups of networks of ordinary and of large size are printed at once."""

from __future__ import annotations

import sys
import time
from math import factorial, log10
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphgen
import spec
from graphgen.symmetry import Symmetries, big_numbers

NETS = Path(spec.__file__).parent / "nets"
SIZES: dict[str, tuple[str, dict[str, Any]]] = {
    "ResNet-18": (
        "resnet",
        {"channels": 3, "size": 224, "classes": 1000, "width": 64, "blocks": [2, 2, 2, 2],
         "imagenet": True},
    ),
    "ViT-B": (
        "vit",
        {"channels": 3, "size": 224, "patch": 16, "width": 768, "hidden": 3072, "depth": 12,
         "heads": 12, "classes": 1000},
    ),
    "GPT-2": ("gpt2", {"vocabulary": 50257, "length": 1024, "width": 768, "depth": 12,
                       "heads": 12}),
    "Llama-7B": (
        "llama",
        {"vocabulary": 32000, "length": 2048, "width": 4096, "heads": 32, "kv_heads": 32,
         "hidden": 11008, "depth": 32},
    ),
}  # fmt: skip
BIG = """
inputs: {x: [1]}
layers: [{linear: {out_features: 100000000}}, relu, {linear: {out_features: 1}}]
"""


def big(name: str) -> spec.Architecture:
    if name not in SIZES:
        return spec.loads(BIG)
    file, variables = SIZES[name]
    return spec.load(NETS / f"{file}.yaml", **variables)


@pytest.mark.parametrize("name", [*SIZES, "a layer of 10^8"])
def test_groups_are_printed_at_once(name: str) -> None:
    limit = sys.get_int_max_str_digits()
    start = time.process_time()
    group = graphgen.symmetries(big(name))
    text = str(group)
    assert text.startswith("about 10^")
    assert repr(group).endswith(" permutations>")
    assert f"{group!r}".split(": ")[1].removesuffix(">") == text.splitlines()[0]
    assert time.process_time() - start < 5
    assert "order" not in vars(group)
    assert "free" not in vars(group)
    assert sys.get_int_max_str_digits() == limit


@pytest.mark.parametrize("name", SIZES)
def test_big_groups_give_elements_at_once(name: str) -> None:
    start = time.process_time()
    group = graphgen.symmetries(big(name))
    nodes = group.sample(np.random.default_rng(0)).nodes
    assert np.array_equal(np.sort(nodes), np.arange(group.template.num_nodes))
    first = next(group.generators()).nodes
    assert 0 < np.count_nonzero(first != np.arange(len(first))) < len(first)
    assert "order" not in vars(group)
    assert time.process_time() - start < 5


def test_the_power_of_ten_is_that_of_the_exact_order() -> None:
    group = graphgen.symmetries(big("ResNet-18"))
    power = int(str(group).split("10^")[1].split(" ")[0])
    order = group.order
    assert order is group.order
    digits = order.bit_length() * log10(2)
    assert abs(digits - power) < 1
    assert abs(digits - 2 * power) > 1
    with pytest.raises(ValueError, match="digits"):
        str(order)


@pytest.mark.parametrize("n", [1, 5, 40, 60, 500])
@pytest.mark.parametrize("times", [0, 1, 3])
def test_short_numbers_are_exact_and_long_ones_rounded(n: int, times: int) -> None:
    exact = factorial(n) ** times * 2**times
    words = big_numbers.product_in_words([(n, times)], [(2, times)])
    assert big_numbers.multiplied([(n, times)], [(2, times)]) == exact
    if len(str(exact)) <= big_numbers.DIGITS:
        assert words == str(exact)
    else:
        assert words == f"about 10^{round(len(str(exact)) - 1 + log10(int(str(exact)[:9]) / 1e8))}"


def test_turns_of_many_channels_are_printed_and_counted() -> None:
    text = """
    inputs: {x: [1, 5, 5]}
    layers:
      - p4_conv2d: {out_channels: 5000, kernel_size: 3}
      - relu
      - p4_conv2d: {out_channels: 2, kernel_size: 3}
      - flatten
    """
    group = graphgen.symmetries(spec.loads(text))
    assert "with turns of channels" in str(group).splitlines()[0]
    assert group.turns == 4**5000
    assert "10^19336 with turns" in str(group)
    assert str(group).startswith("about 10^16326 permutations")


@pytest.mark.parametrize("name", SIZES)
def test_scalings_of_big_networks_are_found_at_once(name: str) -> None:
    start = time.process_time()
    group = graphgen.scalings(big(name))
    text = str(group)
    counts = text.splitlines()[0]
    assert repr(group).endswith(f"{counts}>")
    values = group.sample(np.random.default_rng(0)).values
    assert np.isfinite(values).all()
    assert (values != 0).all()
    assert time.process_time() - start < 20


def test_the_scalings_of_a_wide_layer_are_found() -> None:
    net = spec.loads(BIG.replace("100000000", "1000000"))
    text = "0 signs and 1000000 scales\n  0: 0 signs, 1000000 scales"
    assert str(graphgen.scalings(net)) == text


def alike_branches(count: int) -> str:
    branch = "        - [linear: {out_features: 8}, relu, linear: {out_features: 4}]\n"
    head = "inputs: {x: [4]}\nlayers:\n  - parallel:\n      merge: add\n      branches:\n"
    return head + branch * count + "  - linear: {out_features: 2}\n"


@pytest.mark.parametrize("count", [8, 32, 64])
def test_alike_branches_are_counted_not_searched(count: int) -> None:
    structure = graphgen.template(spec.loads(alike_branches(count)))
    start = time.process_time()
    order = Symmetries(structure).order
    assert time.process_time() - start < 1
    assert order == factorial(8) ** count * factorial(count) * factorial(4)


def mixture(experts: int, depth: int) -> str:
    """A soft mixture of experts with gates, layer after layer."""
    lines = ["inputs: {x: [4]}", "layers:", "  - linear: {out_features: 8, name: s0}"]
    for k in range(depth):
        lines += [
            f"  - linear: {{name: l{k}, inputs: s{k}, out_features: {experts}}}",
            f"  - softmax: {{name: g{k}, inputs: l{k}}}",
        ]
        for e in range(experts):
            own = f"{k}_{e}"
            lines += [
                f"  - split: {{name: t{own}, inputs: g{k}, sections: {experts}, dim: 1, "
                f"index: {e}}}",
                f"  - linear: {{name: a{own}, inputs: s{k}, out_features: 16}}",
                f"  - relu: {{name: r{own}, inputs: a{own}}}",
                f"  - linear: {{name: b{own}, inputs: r{own}, out_features: 8}}",
                f"  - multiply: {{name: m{own}, inputs: [b{own}, t{own}]}}",
            ]
        parts = ", ".join([f"s{k}", *(f"m{k}_{e}" for e in range(experts))])
        lines.append(f"  - add: {{name: s{k + 1}, inputs: [{parts}]}}")
    return "\n".join([*lines, f"  - linear: {{out_features: 2, inputs: s{depth}}}"])


@pytest.mark.parametrize(
    ("experts", "depth"), [(8, 2), pytest.param(32, 32, marks=pytest.mark.long)]
)
def test_mixtures_of_experts_are_counted(experts: int, depth: int) -> None:
    structure = graphgen.template(spec.loads(mixture(experts, depth)))
    start = time.process_time()
    order = Symmetries(structure).order
    assert time.process_time() - start < 10
    each = factorial(16) ** experts * factorial(experts)
    assert order == factorial(8) * each**depth


def dense(layers: int) -> str:
    """A dense block: each layer reads a concat of all before."""
    lines = [
        "inputs: {x: [3, 8, 8]}",
        "layers:",
        "  - conv2d: {name: c0, out_channels: 16, kernel_size: 3, padding: 1}",
    ]
    for k in range(layers):
        lines += [
            f"  - batch_norm: {{name: b{k}, inputs: c{k}}}",
            f"  - relu: {{name: r{k}, inputs: b{k}}}",
            f"  - conv2d: {{name: d{k}, inputs: r{k}, out_channels: 12, kernel_size: 3, "
            "padding: 1}",
            f"  - concat: {{name: c{k + 1}, inputs: [c{k}, d{k}], dim: 1}}",
        ]
    return "\n".join([*lines, "  - mean: {dim: [2, 3]}", "  - linear: {out_features: 2}"])


@pytest.mark.parametrize("layers", [10, pytest.param(100, marks=pytest.mark.long)])
def test_dense_blocks_are_counted(layers: int) -> None:
    structure = graphgen.template(spec.loads(dense(layers)))
    start = time.process_time()
    order = Symmetries(structure).order
    assert time.process_time() - start < 10
    assert order == factorial(16) * factorial(12) ** layers
