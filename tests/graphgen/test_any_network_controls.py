"""Each check of any network fails on what is wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from oracles import any_network
from oracles.any_network import (
    Case,
    check_automorphisms,
    check_backends,
    check_edit,
    check_exchanges,
    check_neutral,
    check_order,
    check_respelled,
    check_round_trip,
    check_scalings,
    check_symmetric,
)

import graphgen
import spec
from graphgen.symmetry import Permutation
from spec.testing.edits import EDITS, edited, form_of, neutral
from spec.testing.listing import Unfit
from spec.testing.network import description
from spec.testing.pen import Pen
from spec.testing.spellings import WAYS, Text

NET = """
inputs: {x: [2, 3]}
layers:
  - conv1d: {name: a, out_channels: 4, kernel_size: 2}
  - %s: {name: b}
  - group_norm: {name: c, num_groups: %d}
  - conv1d: {name: d, out_channels: 4, kernel_size: 1}
  - flatten
  - linear: {name: e, out_features: 2}
"""
GROUPED = spec.loads(NET % ("tanh", 2))
ONE_GROUP = spec.loads(NET % ("tanh", 1))
OTHER = spec.loads(NET % ("relu", 2))
LINEAR = spec.loads(NET % ("identity", 2))


@pytest.fixture
def case() -> Case:
    return Case(GROUPED)


def test_all_checks_pass_on_what_is_right(case: Case) -> None:
    group = graphgen.symmetries(GROUPED)
    check_backends(case)
    check_round_trip(case)
    check_automorphisms(case)
    check_symmetric(case, group)
    check_order(group)
    check_exchanges(case, group)
    check_scalings(case)
    assert check_edit(case, OTHER)
    assert not check_edit(case, GROUPED)
    check_neutral(case, GROUPED)


def test_other_weights_are_seen(case: Case) -> None:
    case.weights["a.weight"] = case.weights["a.weight"] * (1 + 1e-6)
    with pytest.raises(AssertionError, match="torch is off by"):
        check_backends(case)


def test_another_computation_graph_is_seen(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = graphgen.compile(OTHER, case.weights, "computation")
    monkeypatch.setattr(graphgen, "compile", lambda *_: wrong)
    with pytest.raises(AssertionError, match="computation graph: off by"):
        check_backends(case)


def test_an_export_that_gives_other_weights_is_seen(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore = any_network.restore_weights
    monkeypatch.setattr(
        any_network, "restore_weights", lambda text, values: restore(text, values + 1)
    )
    with pytest.raises(AssertionError, match="scalars come out of an export changed"):
        check_round_trip(case)


def test_a_graph_that_says_too_little_is_seen(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = graphgen.template(ONE_GROUP)
    monkeypatch.setattr(graphgen, "template", lambda *_: wrong)
    with pytest.raises(AssertionError, match="an automorphism moves the function by"):
        check_automorphisms(case)
    graph = graphgen.compile(GROUPED, case.weights)
    monkeypatch.setattr(graphgen, "compile", lambda *_: graph)
    with pytest.raises(AssertionError, match="two functions that are .* apart have one graph"):
        check_edit(case, OTHER)


def test_a_group_that_is_too_large_is_seen(case: Case) -> None:
    wrong = graphgen.symmetries(ONE_GROUP)
    with pytest.raises(AssertionError, match="moves the function by"):
        check_symmetric(case, wrong)


class Told(SimpleNamespace):
    """What is told of a group, and nothing else."""

    def __str__(self) -> str:
        return f"{self.order} permutations"


@pytest.mark.parametrize(("order", "statements", "right"), [
    (192, (), True), (24 * 24, (), False), (96, (), False),
    (96, ("something is kept",), True), (24 * 24, ("something is kept",), False),
])  # fmt: skip
def test_a_wrong_order_is_seen(order: int, statements: tuple[str, ...], right: bool) -> None:
    group: Any = Told(template=graphgen.template(GROUPED), order=order, statements=statements)
    if right:
        check_order(group)
    else:
        with pytest.raises(AssertionError, match=f"the order is {order}, nauty finds 192"):
            check_order(group)


def test_an_exchange_that_is_done_though_it_is_none_is_seen(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Permutation, "apply", lambda element, weights: weights)
    with pytest.raises(AssertionError, match="but it is done, and keeps the function"):
        check_exchanges(case, graphgen.symmetries(GROUPED))


def test_factors_that_are_none_are_seen(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    net = spec.loads(NET.replace("group_norm: {name: c, num_groups: %d}", "tanh") % "identity")
    wrong = graphgen.scalings(net)
    other = Case(spec.loads(NET.replace("group_norm: {name: c, num_groups: %d}", "tanh") % "gelu"))
    assert len(wrong.roots) > 0
    monkeypatch.setattr(graphgen, "scalings", lambda _: wrong)
    with pytest.raises(AssertionError, match="a scaling moves the function by"):
        check_scalings(other)


def test_a_blind_export_is_seen(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    export = any_network.to_graphs_tuple

    def blind(graph: graphgen.Graph) -> Any:
        result = export(graph)
        for table in (result.nodes, result.edges):
            table["features"] = np.zeros_like(table["features"])
        return result

    monkeypatch.setattr(any_network, "to_graphs_tuple", blind)
    with pytest.raises(AssertionError, match="two functions that are .* apart have one export"):
        check_edit(case, OTHER)


def test_an_edit_that_is_not_neutral_is_seen(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match="the edit moves it by"):
        check_neutral(case, OTHER)
    monkeypatch.setattr(Case, "same", lambda *_: True)
    with pytest.raises(AssertionError, match="makes no difference gives another hash"):
        check_neutral(case, OTHER)


def test_a_spelling_of_another_function_is_seen(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AssertionError, match="the spelling moves it by"):
        check_respelled(case, OTHER)
    monkeypatch.setattr(Case, "same", lambda *_: True)
    with pytest.raises(AssertionError, match="another spelling has another hash"):
        check_respelled(case, OTHER)


@pytest.mark.parametrize("way", sorted(set(WAYS), key=lambda way: way.__name__))
def test_every_way_to_spell_changes_operations(way: Callable[[Pen, Text], None]) -> None:
    """Spellings would say nothing if they left the operations as they are."""
    changed = 0
    for seed in range(400):
        net = spec.loads(description(Random(seed)))
        text = Text(dict(net.shapes), list(net.operations), tuple(net.index_inputs))
        with contextlib.suppress(Unfit):
            way(Pen(Random(seed)), text)
        changed += text.operations != list(net.operations)
        if changed == 3:
            return
    raise AssertionError(f"{way.__name__} changed {changed} networks")


@pytest.mark.parametrize("edit", sorted(set(EDITS), key=lambda edit: edit.__name__))
def test_every_edit_changes_functions(edit: Callable[..., None]) -> None:
    """Edits would say nothing if they changed nothing."""
    changed = 0
    for seed in range(400):
        net = spec.loads(description(Random(seed)))
        form = form_of(net)
        try:
            edit(Pen(Random(seed)), net, form)
            other = spec.from_resolved(form)
        except Exception:
            continue
        if {n: t.shape for n, t in other.tensors.items()} != {
            n: t.shape for n, t in net.tensors.items()
        }:
            continue
        if other.index_inputs != net.index_inputs:
            continue  # which has fewer entries to choose from
        case = Case(net)
        changed += not case.same(any_network.outputs(other, case.weights, case.inputs))
        if changed == 3:
            return
    raise AssertionError(f"{edit.__name__} changed {changed} functions")


def test_edits_and_their_opposites_are_drawn_from_the_same_networks() -> None:
    same = []
    for number in range(3, 6):
        net = spec.loads(description(Random(number)))
        case = Case(net)
        for seed in range(12):
            other = neutral(net, Random(seed))
            assert case.same(any_network.outputs(other, case.weights, case.inputs))
            changed = edited(net, Random(seed))
            if changed is not None:
                same.append(case.same(any_network.outputs(changed, case.weights, case.inputs)))
    assert not all(same)
