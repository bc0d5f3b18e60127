"""What holds for a published network, one check each; a check raises `AssertionError`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from oracles.any_network import (
    Case,
    check_automorphisms,
    check_exchanges,
    check_order,
    check_round_trip,
    check_scalings,
    difference,
    outputs,
    several,
    torch_outputs,
)

import graphgen
from published.network import Array, Compared

SAMPLES = 3


def check_function(case: Compared) -> None:
    """Numpy, torch and the computation graph compute what the authors' code computes."""
    net, weights, inputs = case.net, case.checkpoint.weights, case.inputs
    graph = graphgen.compile(net, case.state, "computation")
    for name, found in {
        "numpy": outputs(net, weights, inputs),
        "torch": torch_outputs(net, weights, inputs),
        "the computation graph": several(graphgen.evaluate(graph, *inputs)),
    }.items():
        check_close(case, found, name)
    changed = {
        name: x + 0.1 if x.dtype.kind == "f" and not name.endswith("running_var") else x
        for name, x in weights.items()
    }
    found = outputs(net, changed, inputs)
    assert all(np.isfinite(x).all() for x in found), "other weights give no numbers"
    assert not close(case, found), "other weights give the same outputs"


def check_names(case: Compared) -> None:
    """Everything that is saved is read, or said to be unread, and comes back bit by bit."""
    graph = graphgen.compile(case.net, case.state)
    graph.verify()
    back = case.checkpoint.restore(graph.weights())
    missing = case.state.keys() ^ back.keys()
    assert not missing, f"names that do not come back: {sorted(missing)}"
    for name, value in case.state.items():
        assert back[name].tobytes() == value.tobytes(), f"{name} comes back changed"


def check_symmetries(case: Compared) -> None:
    """The order is that by hand, and samples keep the function of the authors' code."""
    group = graphgen.symmetries(case.net)
    by_hand = case.published.order
    assert group.order == by_hand, f"the order is {group.order}, by hand it is {by_hand}"
    rng = np.random.default_rng(1)
    moved = group.order == 1
    for _ in range(SAMPLES):
        weights = group.sample(rng).apply(case.checkpoint.weights)
        moved |= any((x != case.checkpoint.weights[n]).any() for n, x in weights.items())
        check_close(case, case.moved(weights), "the authors' code, after a sample")
    assert moved, "no sample moves anything"


def check_any_network(case: Compared) -> None:
    """What holds for any network holds for this one, on weights without anything special."""
    some = Case(case.net, inputs=case.inputs)
    check_order(graphgen.symmetries(case.net))
    check_automorphisms(some)
    check_exchanges(some, graphgen.symmetries(case.net))
    check_scalings(some)
    check_round_trip(some)


def check_close(case: Compared, found: Sequence[Array], name: str) -> None:
    said = f"{name} is off by {difference(found, case.expected):.2g}"
    assert close(case, found), f"{said}, more than {case.published.tolerance:g}"


def close(case: Compared, found: Sequence[Array]) -> bool:
    assert all(np.isfinite(x).all() for x in case.expected), "the authors' code gives no numbers"
    shapes = [x.shape for x in found], [x.shape for x in case.expected]
    assert shapes[0] == shapes[1], f"shapes are {shapes[0]}, of the authors' code {shapes[1]}"
    return difference(found, case.expected) <= case.published.tolerance
