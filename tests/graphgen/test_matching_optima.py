"""Weight matching of networks that are no copies: bounds, optima, and what is refused."""

from __future__ import annotations

import time
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles.copies import HEADS, SMALL_GROUPS, copy_of, deep, distance, elements, mlp, noisy

import graphgen
import spec
from graphgen.symmetry.scalings import Scaling
from graphgen.testing import random_inputs, random_weights, relative_error
from graphgen.testing.symmetric import outputs
from spec.testing.small_nets import small_net


@pytest.mark.parametrize("name", SMALL_GROUPS)
def test_no_element_comes_closer_than_the_bound(name: str) -> None:
    net = spec.loads(SMALL_GROUPS[name])
    group = graphgen.symmetries(net)
    rng = np.random.default_rng(6)
    assert group.order < 5000
    for share in (0.1, 10.0):
        a = random_weights(net, rng)
        b = noisy(copy_of(net, a, rng), rng, share)
        distances = [distance(net, a, element.apply(b)) for element in elements(group)]
        assert len(distances) == group.order
        found = graphgen.match(net, a, b, signs=False, scales=False, restarts=4)
        assert found.lower_bound <= min(distances) + 1e-9
        assert found.distance >= min(distances) - 1e-9
        assert found.distance <= np.quantile(distances, 0.05) + 1e-9
        if share < 1:
            assert found.distance == pytest.approx(min(distances))
            assert found.lower_bound > 0


@pytest.mark.parametrize("share", [0.1, 10.0])
def test_no_element_with_signs_comes_closer_than_the_bound(share: float) -> None:
    net = mlp("sine", 2)
    rng = np.random.default_rng(7)
    a = random_weights(net, rng)
    b = noisy(copy_of(net, a, rng, "signs"), rng, share)
    signs = graphgen.scalings(net)
    roots, powers = signs.unknowns.find_all(np.arange(signs.unknowns.count))
    distances = []
    for chosen in product((1.0, -1.0), repeat=len(signs.roots)):
        values = np.ones(signs.unknowns.count)
        values[signs.roots] = chosen
        turned = Scaling(signs, values[roots] ** powers).apply(b)
        group = graphgen.symmetries(net)
        distances += [distance(net, a, element.apply(turned)) for element in elements(group)]
    found = graphgen.match(net, a, b, restarts=8)
    assert found.lower_bound <= min(distances) + 1e-9
    assert found.distance == pytest.approx(min(distances))
    only = graphgen.match(net, a, b, signs=False)
    assert only.scaling is None
    if share < 1:
        assert found.scaling is not None
        assert only.distance > found.distance


@pytest.mark.parametrize("name", SMALL_GROUPS)
def test_no_exchange_of_neighbours_brings_a_local_optimum_closer(name: str) -> None:
    net = spec.loads(SMALL_GROUPS[name])
    rng = np.random.default_rng(8)
    a, b = random_weights(net, rng), random_weights(net, rng)
    found = graphgen.match(net, a, b)
    assert found.how == "local optimum"
    moved = found.apply(b)
    others = [
        distance(net, a, element.apply(moved)) for element in graphgen.symmetries(net).generators()
    ]
    assert min(others) >= found.distance - 1e-9
    assert max(others) > found.distance


def test_another_network_is_no_copy() -> None:
    net = mlp("tanh", 8)
    rng = np.random.default_rng(9)
    a, b = random_weights(net, rng), random_weights(net, rng)
    found = graphgen.match(net, a, b)
    assert found.how == "local optimum"
    assert 0 < found.lower_bound < found.distance < distance(net, a, b)
    assert "local optimum" in repr(found)
    assert "at least" in repr(found)


@pytest.mark.parametrize(("free", "change"), [("", 2e-16), ("signs", 2e-16), ("scales", 1e-8)])
def test_a_copy_with_one_weight_changed_is_not_called_exact(free: str, change: float) -> None:
    net = mlp("relu" if free == "scales" else "tanh", 6)
    rng = np.random.default_rng(10)
    weights = random_weights(net, rng)
    copy = copy_of(net, weights, rng, free)
    assert graphgen.match(net, weights, copy).how == "exact copy"
    assert repr(graphgen.match(net, weights, copy)) == "<Match: exact copy>"
    copy["2.weight"][1, 2] *= 1 + change
    found = graphgen.match(net, weights, copy)
    assert found.how == "local optimum"
    assert found.distance < 1e-7


def test_neurons_that_nothing_tells_apart_are_put_in_some_order() -> None:
    net = deep(20)
    rng = np.random.default_rng(11)
    for change in ("twins", "dead", "equal"):
        weights = random_weights(net, rng)
        for name, array in weights.items():
            if change == "equal":
                array[...] = 1
            elif array.shape == (8, 8) and name != "0.0.weight":
                array[:4] = 0 if change == "dead" else array[4:]
                array[:, :4] = 0 if change == "dead" else array[:, 4:]
            elif array.shape == (8,):
                array[:4] = 0 if change == "dead" else array[4:]
        copy = copy_of(net, weights, rng)
        assert graphgen.match(net, weights, copy, scales=False).how == "exact copy"


@pytest.mark.parametrize("name", SMALL_GROUPS)
def test_networks_of_equal_weights_are_copies_of_themselves(name: str) -> None:
    net = spec.loads(SMALL_GROUPS[name])
    rng = np.random.default_rng(17)
    for value in (0.0, 1.0):
        weights = {n: np.full_like(x, value) for n, x in random_weights(net, rng).items()}
        found = graphgen.match(net, weights, copy_of(net, weights, rng))
        assert found.distance == 0
        weights = {n: np.sign(x) for n, x in random_weights(net, rng).items()}
        copy = copy_of(net, weights, rng)
        found = graphgen.match(net, weights, copy)
        assert found.distance <= distance(net, weights, copy)
        x = random_inputs(net, rng)
        moved = outputs(net, found.apply(copy), x)
        assert relative_error(moved, outputs(net, copy, x)) < 1e-9


def test_a_copy_but_for_running_statistics_is_as_close_but_not_exact() -> None:
    net = small_net("resnet")
    rng = np.random.default_rng(12)
    weights = random_weights(net, rng)
    copy = copy_of(net, weights, rng)
    for name in net.buffers:
        copy[name] = copy[name] * 2 + 1
    found = graphgen.match(net, weights, copy)
    assert (found.how, found.distance, found.lower_bound) == ("local optimum", 0.0, 0.0)


def test_without_signs_and_scales_values_are_only_permuted() -> None:
    net = mlp("relu", 6)
    rng = np.random.default_rng(13)
    a, b = random_weights(net, rng), random_weights(net, rng)
    found = graphgen.match(net, a, b, signs=False, scales=False)
    assert found.scaling is None
    for name, array in found.apply(b).items():
        assert np.array_equal(np.sort(array, axis=None), np.sort(b[name], axis=None))
    free = graphgen.match(net, a, b)
    assert free.scaling is not None
    assert free.distance < found.distance


def test_too_few_sweeps_are_said() -> None:
    net = mlp("relu", 6)
    rng = np.random.default_rng(14)
    a, b = random_weights(net, rng), random_weights(net, rng)
    assert graphgen.match(net, a, b, sweeps=0).how == "stopped early"
    assert graphgen.match(net, a, b).how == "local optimum"


def test_restarts_do_not_come_out_worse() -> None:
    net = spec.loads(HEADS.replace("PACKED", "true"))
    rng = np.random.default_rng(15)
    a, b = random_weights(net, rng), random_weights(net, rng)
    few = graphgen.match(net, a, b, np.random.default_rng(0))
    many = graphgen.match(net, a, b, np.random.default_rng(0), restarts=16)
    assert many.distance <= few.distance + 1e-9
    again = graphgen.match(net, a, b, np.random.default_rng(0), restarts=16)
    assert again.distance == many.distance


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("signs", 1, "`signs` is an int, 1; expected True or False"),
        ("scales", None, "`scales` is None; expected True or False"),
        ("restarts", -1, "`restarts` is an int, -1; expected an integer of 0 or more"),
        ("rng", 0, "`rng` is an int, 0; expected a Generator"),
    ],
)
def test_arguments_that_are_none(argument: str, value: Any, message: str) -> None:
    net = mlp("relu", 2)
    weights = random_weights(net, np.random.default_rng(0))
    with pytest.raises(graphgen.GraphError, match=message):
        graphgen.match(net, weights, weights, **{argument: value})


def test_weights_that_do_not_fit_are_refused() -> None:
    net = spec.loads(HEADS.replace("PACKED", "false"))
    weights = random_weights(net, np.random.default_rng(0))
    with pytest.raises(graphgen.GraphError, match=r"a\.k_proj\.weight: missing"):
        graphgen.match(net, weights, {n: x for n, x in weights.items() if n != "a.k_proj.weight"})


@pytest.mark.long
def test_time_grows_with_depth_as_the_network_does() -> None:
    rng = np.random.default_rng(16)
    seconds = {}
    for depth in (50, 200):
        net = deep(depth)
        a, b = random_weights(net, rng), random_weights(net, rng)
        start = time.process_time()
        graphgen.match(net, a, b)
        seconds[depth] = time.process_time() - start
    assert seconds[200] < 5
    assert seconds[200] < 8 * seconds[50]


def test_a_barrier_is_the_rise_above_the_line_between_the_ends() -> None:
    a = {"w": np.array([0.0, 0.0]), "n": np.array(3)}
    b = {"w": np.array([2.0, 2.0]), "n": np.array(5)}

    def loss(weights: dict[str, NDArray[Any]]) -> float:
        (x, _) = weights["w"]
        assert weights["n"] == 3
        return float(x + (1 - (x - 1) ** 2))

    barrier = graphgen.loss_barrier(loss, a, b, points=5)
    assert barrier.losses == (0.0, 1.25, 2.0, 2.25, 2.0)
    assert barrier.height == 1.0
    assert graphgen.loss_barrier(lambda weights: -loss(weights), a, b).height == 0.0
    with pytest.raises(graphgen.GraphError, match="at least 2 points, got 1"):
        graphgen.loss_barrier(loss, a, b, points=1)
    with pytest.raises(graphgen.GraphError, match="the tensors of `a` and `b` differ"):
        graphgen.interpolate(a, {"w": np.zeros(3), "n": np.array(1)}, 0.5)
