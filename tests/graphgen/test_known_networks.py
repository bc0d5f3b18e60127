"""Networks of the literature, small, with the order of their symmetries worked out by hand.

Each is a file in `networks`, whose comments name its source and what may be exchanged:

    # order: 4! * 5!: channels, hidden units
"""

from __future__ import annotations

from functools import cache
from math import factorial
from pathlib import Path
from random import Random

import pytest
from oracles.any_network import (
    Case,
    check_automorphisms,
    check_backends,
    check_edit,
    check_exchanges,
    check_neutral,
    check_order,
    check_round_trip,
    check_scalings,
    check_symmetric,
)
from oracles.exports import check_exports
from oracles.orders_by_hand import by_hand
from oracles.renaming import named_alike

import graphgen
import spec
from graphgen.symmetry import Symmetries
from spec.architecture import passes_indices
from spec.primitives import Lookup
from spec.testing.edits import edited, neutral

NETWORKS = Path(__file__).parent / "networks"
NAMES = sorted(path.stem for path in NETWORKS.glob("*.yaml"))


def text_of(name: str) -> str:
    return (NETWORKS / f"{name}.yaml").read_text()


@cache
def case(name: str) -> Case:
    return Case(spec.loads(text_of(name)))


@cache
def group(name: str) -> Symmetries:
    return graphgen.symmetries(case(name).net)


def test_orders_are_read() -> None:
    assert by_hand("# order: 4! * 2!^3 * 2: units") == 24 * 8 * 2
    for wrong in ("name: net", "# order: 4! + 2: units"):
        with pytest.raises(ValueError, match="values to unpack|no product"):
            by_hand(wrong)


@pytest.mark.parametrize("name", NAMES)
def test_the_order_is_that_by_hand(name: str) -> None:
    check_order(group(name))
    assert group(name).order == by_hand(text_of(name))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_a_symmetry_keeps_the_function_and_nothing_else(name: str) -> None:
    check_symmetric(case(name), group(name))
    check_automorphisms(case(name))
    check_exchanges(case(name), group(name))
    check_scalings(case(name))


@pytest.mark.parametrize("name", NAMES)
def test_weights_come_back_and_exports_work(name: str, tmp_path: Path) -> None:
    check_round_trip(case(name))
    check_exports(case(name).net, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_all_backends_compute_the_same(name: str) -> None:
    check_backends(case(name))


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_exports_to_text_work(name: str, tmp_path: Path) -> None:
    check_exports(case(name).net, tmp_path, text=100_000)


# What is done to a network, and how many times as many symmetries it has then.
ORDERS = [
    ("glu_two_linears", "sigmoid: {name: open}", "identity: {name: open}", 2),
    ("glu_split", "sigmoid: {name: open}", "identity: {name: open}", 2**4),
    ("nerf_fixed", "trainable: false, name: waves", "name: waves", factorial(4)),
    (
        "diffusion_unet",
        "num_groups: 2}\n  - silu\n  - conv2d: {out_channels: 1",
        "num_groups: 1}\n  - silu\n  - conv2d: {out_channels: 1",
        3,
    ),
    ("shufflenet_v1", "groups: 4, bias: false", "groups: 2, bias: false", 4),
    ("maxout", "amax: {dim: 1}", "flatten", 15),
]


@pytest.mark.parametrize(("name", "old", "new", "times"), ORDERS)
def test_an_edit_changes_the_order(name: str, old: str, new: str, times: int) -> None:
    assert text_of(name).count(old) == 1
    net = spec.loads(text_of(name).replace(old, new))
    assert graphgen.symmetries(net).order == by_hand(text_of(name)) * times


def test_a_group_that_is_too_large_is_noticed() -> None:
    name, old, new, _ = ORDERS[1]
    larger = graphgen.symmetries(spec.loads(text_of(name).replace(old, new)))
    with pytest.raises(AssertionError, match="moves the function"):
        check_symmetric(case(name), larger)


# Networks with the same tensors, one of which is the other with an edit: another function.
PAIRS = [
    ("edsr", "{dim0: 2, dim1: 3}", "{dim0: 3, dim1: 2}\n  - transpose: {dim0: 3, dim1: 5}"),
    ("pixel_unshuffle", "  - transpose: {dim0: 2, dim1: 3}\n", ""),
    ("swin", "  - transpose: {dim0: 3, dim1: 4}\n", ""),
    ("shufflenet_v1", "  - transpose: {dim0: 1, dim1: 2}\n", ""),
    ("shufflenet_v2", "      - transpose: {dim0: 1, dim1: 2}\n", ""),
    (
        "gcn",
        "multiply: {inputs: [a, h]}\n  - sum: {dim: 2}",
        "multiply: {inputs: [a, h]}\n  - sum: {dim: 1}",
    ),
    ("graph_attention", "  - softmax\n", "  - transpose: {dim0: 1, dim1: 2}\n  - softmax\n"),
    ("graph_attention", "  - softmax\n", "  - softmax\n  - transpose: {dim0: 1, dim1: 2}\n"),
    ("tcn", "sizes: [5, 1], dim: 2, index: 1", "sizes: [4, 1, 1], dim: 2, index: 1"),
    ("coupling", "inputs: [b3, a3]", "inputs: [a3, b3]"),
    ("coupling", "split: {sections: 2, name: a0}", "split: {sections: 2, index: 1, name: a0}"),
    ("vae", "shape: [3, 2, 2]}\n", "shape: [3, 2, 2]}\n  - transpose: {dim0: 2, dim1: 3}\n"),
    (
        "dcgan_generator",
        "shape: [4, 2, 2]}",
        "shape: [2, 4, 2]}\n  - transpose: {dim0: 1, dim1: 2}",
    ),
    ("pointnet", "name: matrix}", "name: m}\n  - transpose: {dim0: 2, dim1: 3, name: matrix}"),
    (
        "hypernetwork",
        "shape: [4, 3], name: w1}",
        "shape: [3, 4]}\n  - transpose: {dim0: 1, dim1: 2, name: w1}",
    ),
    ("patch_merging", "  - transpose: {dim0: 2, dim1: 3}\n", ""),
    (
        "token_merging",
        "  - reshape: {shape: [2, 6]}",
        "  - transpose: {dim0: 1, dim1: 2}\n  - reshape: {shape: [2, 6]}",
    ),
    ("capsules_conv", "dim0: 2, dim1: 4", "dim0: 2, dim1: 3"),
    ("diffusion_unet", "inputs: [larger, down]", "inputs: [down, larger]"),
    (
        "mixture_density",
        "shape: [3, 2], name: mean}",
        "shape: [2, 3]}\n  - transpose: {dim0: 1, dim1: 2, name: mean}",
    ),
    ("linear_attention", "sum: {dim: 1, keepdim: true", "mean: {dim: 1, keepdim: true"),
]
FILES = [
    ("glu_split", "glu_interleaved"),
    ("qkv_split", "qkv_megatron"),
    ("maxout", "maxout_inner"),
]


def pairs() -> list[tuple[str, str]]:
    for name, old, _ in PAIRS:
        assert old in text_of(name), (name, old)
    edits = [(text_of(name), text_of(name).replace(old, new)) for name, old, new in PAIRS]
    return [*edits, *((text_of(a), text_of(b)) for a, b in FILES)]


@pytest.mark.parametrize(("first", "second"), pairs())
def test_another_function_has_another_graph(first: str, second: str) -> None:
    a, b = (spec.loads(text) for text in (first, second))
    assert check_edit(Case(a), named_alike(a, b))
    assert graphgen.template(a).hash != graphgen.template(b).hash


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("sknet", "[a1, b1], dim: 2", "[b1, a1], dim: 2"),
        ("triangle", "  - layer_norm\n", "  - transpose: {dim0: 1, dim1: 2}\n  - layer_norm\n"),
    ],
)
def test_an_exchange_of_tensors_is_seen_beside_their_names_alone(
    name: str, old: str, new: str
) -> None:
    """Which of two alike tensors does what is no part of the structure, but of the graph."""
    text = text_of(name)
    assert old in text
    a, b = spec.loads(text), spec.loads(text.replace(old, new))
    assert check_edit(Case(a), named_alike(a, b))
    assert graphgen.template(a).hash == graphgen.template(b).hash


def test_two_spellings_have_one_graph() -> None:
    a, b = (spec.loads(text_of(name)) for name in ("qkv_split", "qkv_three_heads_dim"))
    check_neutral(Case(a), named_alike(a, b))


@pytest.mark.parametrize("name", ["edsr", "swin", "vae", "dcgan_generator", "qkv_megatron"])
def test_what_changes_nothing_leaves_the_graph(name: str) -> None:
    for seed in range(5):
        check_neutral(case(name), neutral(case(name).net, Random(seed)))


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_edits_are_told_apart_where_they_compute_something_else(name: str) -> None:
    net = case(name).net
    for seed in range(20):
        check_neutral(case(name), neutral(net, Random(seed)))
        other = edited(net, Random(seed))
        if other is not None and other.inputs == net.inputs and indices_are_inputs(other):
            check_edit(case(name), other)


def indices_are_inputs(net: spec.Architecture) -> bool:
    """Whether tables are read by inputs alone; an edit may let them be read by what is computed."""
    known = set(net.inputs)
    for operation in net.operations:
        given = known.issuperset(operation.inputs)
        primitive = operation.primitive
        if isinstance(primitive, Lookup) and primitive.kind == "table" and not given:
            return False
        if given and passes_indices(primitive):
            known.add(operation.output)
    return True
