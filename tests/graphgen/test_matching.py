"""Weight matching finds copies: permuted, and with other signs and scales."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.copies import SMALL_GROUPS, check_copies, copy_of, distance, mlp

import graphgen
import spec
from graphgen.matching.alignment import Alignment
from graphgen.matching.faces import Spelled
from graphgen.matching.factors import stages
from graphgen.symmetry.scalings import Scaling
from graphgen.testing import random_inputs, random_weights, relative_error
from graphgen.testing.symmetric import outputs
from spec.testing.network import description
from spec.testing.small_nets import SMALL_NETS, small_net


@pytest.mark.parametrize("name", SMALL_NETS)
def test_copies_of_reference_networks_are_found(name: str) -> None:
    check_copies(small_net(name), 5, 0)
    check_copies(small_net(name), 1, 0, "scales")


@pytest.mark.long
@pytest.mark.parametrize("free", ["", "scales"])
@pytest.mark.parametrize("name", SMALL_NETS)
def test_a_hundred_copies_of_reference_networks_are_found(name: str, free: str) -> None:
    check_copies(small_net(name), 100, 1, free)


@pytest.mark.parametrize("free", ["", "signs", "scales"])
@pytest.mark.parametrize("name", SMALL_GROUPS)
def test_copies_with_heads_branches_and_shared_tensors_are_found(name: str, free: str) -> None:
    check_copies(spec.loads(SMALL_GROUPS[name]), 5, 2, free)


@pytest.mark.parametrize("function", ["sine", "tanh"])
def test_networks_equal_up_to_signs_are_found(function: str) -> None:
    check_copies(mlp(function, 16), 32, 3, "signs")


@pytest.mark.long
@pytest.mark.parametrize("function", ["sine", "tanh"])
def test_all_of_many_networks_equal_up_to_signs_are_found(function: str) -> None:
    check_copies(mlp(function, 16), 512, 4, "signs")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_networks_equal_up_to_scales_are_found_to_rounding(dtype: str) -> None:
    net = mlp("relu", 16)
    rng = np.random.default_rng(5)
    for _ in range(16):
        weights = random_weights(net, rng, dtype)
        copy = copy_of(net, weights, rng, "scales")
        found = graphgen.match(net, weights, copy)
        assert found.how == "exact copy"
        assert found.distance <= 1e-5 if dtype == "float32" else found.distance <= 1e-12


def exchanged_alike(net: spec.Architecture) -> bool:
    """Whether neurons that are exchanged have the same signs and scales.

    Of a product whose operands both have factors one may keep them: the first, not the same of all.
    """
    group = graphgen.scalings(net)
    table = stages(group)
    roots = group.unknowns.find_all(table)[0]
    free = np.stack([group.unknowns.positive[roots], group.unknowns.unit[roots]])
    return all(
        np.array_equal(free, free[:, :, element.nodes])
        for element in graphgen.symmetries(net).generators()
    )


def test_small_groups_have_runs_of_every_kind() -> None:
    kinds = set()
    for text in SMALL_GROUPS.values():
        net = spec.loads(text)
        weights = random_weights(net, np.random.default_rng(0))
        plans = Alignment(graphgen.template(net), weights, weights, True, True).plans
        kinds |= {"crossed"} if any(plan.crossed for plan in plans.all) else set()
        kinds |= {"ways"} if plans.ways else set()
        kinds |= {"inside"} if any(plan.inside for plan in plans.all) else set()
        faces = [face for plan in plans.all for face in plan.faces]
        kinds |= {"spelled"} if any(isinstance(face, Spelled) for face in faces) else set()
    assert kinds == {"crossed", "ways", "inside", "spelled"}


@given(st.integers(0, 2**32))
def test_copies_of_random_networks_are_found(seed: int) -> None:
    net = spec.loads(description(Random(seed)))
    rng = np.random.default_rng(seed)
    for free in ("", "scales") if exchanged_alike(net) else ("",):
        weights = random_weights(net, rng)
        copy = copy_of(net, weights, rng, free)
        assert graphgen.match(net, weights, copy).how == "exact copy"


@given(st.integers(0, 2**32))
def test_what_is_found_keeps_the_function_and_brings_closer(seed: int) -> None:
    net = spec.loads(description(Random(seed)))
    rng = np.random.default_rng(seed)
    a, b = random_weights(net, rng), random_weights(net, rng)
    found = graphgen.match(net, a, b)
    moved = found.apply(b)
    assert distance(net, a, moved) == pytest.approx(found.distance, rel=1e-9, abs=1e-9)
    assert found.lower_bound <= found.distance <= distance(net, a, b) * (1 + 1e-9)
    x = random_inputs(net, rng)
    assert relative_error(outputs(net, moved, x), outputs(net, b, x)) < 1e-7


@given(st.integers(0, 2**32))
def test_a_search_knows_where_its_weights_are(seed: int) -> None:
    net = spec.loads(description(Random(seed)))
    rng = np.random.default_rng(seed)
    a, b = random_weights(net, rng), random_weights(net, rng)
    task = Alignment(graphgen.template(net), a, b, True, True)
    for search in task.starts(rng, 2, 1):
        search.sweep(rng, 20, rescale=True)
        moved = graphgen.symmetries(net).permutation(search.nodes).apply(task.weights)
        if task.scalings is not None and search.values is not None:
            moved = Scaling(task.scalings, search.values).apply(moved)
        assert relative_error(search.moved, task.scalars.vector(moved)) < 1e-9
