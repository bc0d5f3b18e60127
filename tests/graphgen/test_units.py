from __future__ import annotations

from itertools import product
from pathlib import Path
from random import Random

import numpy as np
import pytest

import graphgen
import spec
from graphgen.testing import random_inputs, random_weights, relative_error
from graphgen.testing.symmetric import outputs
from graphgen.units.derivation import units
from graphgen.units.extents import Extent, OddCutError, align, beside, split, unify
from graphgen.units.extents import product as product_of
from graphgen.units.families import rows
from spec.testing import description

NETS = sorted(path.stem for path in Path(spec.__file__).parent.glob("nets/*.yaml"))
GROUPED_QUERIES = """
inputs: {x: [5, 4]}
layers:
  - linear: {out_features: 6, name: embed}
  - residual:
      body:
        - layer_norm: {name: norm}
        - multihead_attention: {num_heads: 4, num_kv_heads: 2, head_dim: 3, packed: false, name: a}
  - linear: {out_features: 2, name: head}
"""


def test_grouped_queries() -> None:
    found = units(spec.loads(GROUPED_QUERIES))
    assert {
        name: (family.kind, family.size, family.copies, family.parameters)
        for name, family in found.families.items()
    } == {
        "embed/neuron": ("neuron", 6, (), 4 + 1 + 2 + 12 + 6 + 6 + 12 + 1 + 2),
        "1.body.a/key-value group": ("key-value group", 2, (), 42 + 21 + 21 + 36),
        "1.body.a/query head": ("query head", 2, (2,), 21 + 18),
        "1.body.a/key dimension": ("key dimension", 3, (2,), 14 + 7),
        "1.body.a/value dimension": ("value dimension", 3, (2,), 7 + 12),
    }
    unit = found["1.body.a/query head"][1, 0]
    assert unit.name == "1.body.a/query head[1, 0]"
    assert [(own.tensor, own.axis, own.indices.tolist()) for own in unit.slices] == [
        ("1.body.a.q_proj.weight", 0, [6, 7, 8]),
        ("1.body.a.q_proj.bias", 0, [6, 7, 8]),
        ("1.body.a.out_proj.weight", 1, [6, 7, 8]),
    ]
    assert repr(unit.slices[0]) == "1.body.a.q_proj.weight: 6:9 of axis 0"
    assert {(own.tensor, own.axis): own.why for own in found.held} == {
        ("embed.weight", 1): ("the input `x`",),
        ("head.weight", 0): ("the output `head`",),
    }


def test_channels_of_groups() -> None:
    found = units(
        spec.loads("""
inputs: {x: [3, 6]}
layers:
  - conv1d: {out_channels: 4, kernel_size: 1}
  - conv1d: {out_channels: 6, kernel_size: 3, groups: 2}
  - group_norm: {num_groups: 2}
  - conv1d: {out_channels: 2, kernel_size: 1}
""")
    )
    groups, first, second = found.families.values()
    assert (groups.kind, groups.size, groups.copies) == ("group", 2, ())
    assert (first.kind, first.size, first.copies) == ("channel", 2, (2,))
    assert (second.kind, second.size, second.copies) == ("channel", 3, (2,))
    # The second channel of the first group is a column of the rows of this group alone.
    inside = first[0, 1].slices[-1]
    assert (inside.tensor, inside.axis, inside.indices.tolist()) == ("1.weight", 1, [1])
    assert [(axis, own.tolist()) for axis, own in inside.within] == [(0, [0, 1, 2])]
    assert first.parameters == 3 + 1 + 3 * 3
    assert second.together == ("a group norm over them (2)",)


def test_groups_leave_whole_where_a_grouped_convolution_has_a_skip() -> None:
    found = units(
        spec.loads("""
inputs: {x: [3, 6]}
layers:
  - conv1d: {out_channels: 6, kernel_size: 1, name: a}
  - residual: {body: [tanh, conv1d: {out_channels: 6, kernel_size: 3, padding: 1, groups: 3}]}
  - conv1d: {out_channels: 2, kernel_size: 1}
""")
    )
    # Channels meet those of their group, so that a group of each channel by itself is no unit.
    assert {name: (f.size, f.copies) for name, f in found.families.items()} == {
        "a/group": (3, ()),
        "a/channel": (2, (3,)),
    }


def test_rotary_pairs_and_tables_stay() -> None:
    why = {text.split(" (")[0] for own in units("llama").held for text in own.why}
    assert why == {
        "entries of a table that the input chooses",
        "rotary positions, which turn each pair by an angle of its own",
        "the output `lm_head`",
    }


def swapped(weights, family, one, other, but=None):
    """Exchange two units, in all tensors but one."""
    result = {name: array.copy() for name, array in weights.items()}
    pairs = zip(one.slices, other.slices, strict=True)
    # Axis by axis: a weight may have a family on both of its axes.
    for a, b in pairs:
        if a.tensor == but:
            continue
        array = result[a.tensor]
        array[a.index], array[b.index] = array[b.index].copy(), array[a.index].copy()
    return result


@pytest.mark.parametrize("name", NETS)
def test_units_of_one_copy_are_exchanged_as_wholes(name: str) -> None:
    net = spec.load(Path(spec.__file__).parent / "nets" / f"{name}.yaml")
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    expected = outputs(net, weights, x)
    found = units(net)
    assert found.families
    for family in found.families.values():
        copy = tuple(int(rng.integers(n)) for n in family.copies)
        one, other = (family[(*copy, int(k))] for k in rng.permutation(family.size)[:2])
        result = outputs(net, swapped(weights, family, one, other), x)
        assert max(map(relative_error, result, expected)) < 1e-10, family
        shapes = {own.tensor: weights[own.tensor].shape for own in one.slices}
        marks = {tensor: np.zeros(shape, np.bool_) for tensor, shape in shapes.items()}
        for own in one.slices:
            marks[own.tensor][own.index] = True
        trained = (int(mark.sum()) for name, mark in marks.items() if name in net.parameters)
        assert family.parameters == sum(trained)


@pytest.mark.parametrize("name", ["resnet", "llama", "lstm_classifier"])
def test_a_tensor_that_is_left_out_is_noticed(name: str) -> None:
    net = graphgen.sources.architecture_from(name)
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    expected = outputs(net, weights, x)
    family = next(iter(units(net).families.values()))
    for tensor in family.tensors:
        if net.tensors[tensor].dtype.startswith("float"):
            result = outputs(net, swapped(weights, family, family[0], family[1], tensor), x)
            assert max(map(relative_error, result, expected)) > 1e-8, tensor


@pytest.mark.parametrize("seed", range(20))
def test_random_networks(seed: int) -> None:
    net = spec.loads(description(Random(seed)))
    rng = np.random.default_rng(seed)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    with np.errstate(all="ignore"):
        expected = outputs(net, weights, x)
        for family in units(net).families.values():
            copy = tuple(int(rng.integers(n)) for n in family.copies)
            one, other = (family[(*copy, int(k))] for k in rng.permutation(family.size)[:2])
            result = outputs(net, swapped(weights, family, one, other), x)
            for a, b in zip(result, expected, strict=True):
                if np.isfinite(b).all():
                    assert relative_error(a, b) < 1e-10, family


def test_what_is_asked_for_and_not_there() -> None:
    found = units("mlp")
    with pytest.raises(graphgen.GraphError, match=r"no family of units 'x'; there are 1/neuron"):
        found["x"]
    with pytest.raises(IndexError, match=r"1/neuron has \[\d+\] units, got an int, 1000"):
        found["1/neuron"][1000]
    with pytest.raises(graphgen.GraphError, match="`net` is an int, 3"):
        units(3)  # type: ignore[arg-type]


def test_printed() -> None:
    found = units(spec.loads(GROUPED_QUERIES))
    assert repr(found) == "<Units of network: 24 in 5 families, 1 branch>"
    assert repr(found["embed/neuron"]) == "<embed/neuron: 6, 46 parameters a unit>"
    lines = str(found).splitlines()
    assert lines[0] == "network: 24 units, 1 branch"
    assert lines[2].split("  ")[0] == "embed/neuron"
    assert lines[2].endswith("a layer norm over them (1.body.norm)")
    assert lines[-1] == "stays: 2 of head.weight (axis 0): the output `head`"
    assert rows(np.arange(10) * 2) == "0, 2, 4, 6, 8, 10, ... (10)"


def test_extents() -> None:
    whole, groups, inner = Extent(12), Extent(3), Extent(4)
    align([whole], [groups, inner])
    first, second = split(whole, [4])
    assert (first.size, second.size) == (4, 8)
    assert [term.size for term in groups.terms] == [1, 2]
    side = beside([Extent(4), Extent(8)])
    unify(side, whole)
    assert side.root is whole.root
    assert product_of([groups, inner]).size == 12


@pytest.mark.parametrize(("left", "right"), list(product([(6, 4)], [(8, 3), (4, 6)])))
def test_cuts_that_do_not_nest(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    with pytest.raises(OddCutError):
        align([Extent(n) for n in left], [Extent(n) for n in right])
    with pytest.raises(OddCutError):
        split(product_of([Extent(3), Extent(4)]), [5])
