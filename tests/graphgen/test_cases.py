"""The least networks of each kind that is easily got wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from oracles.any_network import (
    Case,
    check_automorphisms,
    check_backends,
    check_edit,
    check_exchanges,
    check_order,
    check_round_trip,
    check_symmetric,
    separate,
)
from oracles.any_network import exported_graph as exported
from oracles.exports import check_exports
from oracles.renaming import named_alike

import graphgen
import spec

CASES = Path(__file__).parent / "cases"
EXPECTED = json.loads((CASES / "expected.json").read_text())
GROUPS, PAIRS = EXPECTED["groups"], EXPECTED["differ"]
NAMES = [*GROUPS, *(f"{pair}_{letter}" for pair in PAIRS for letter in "ab")]


def network(name: str) -> spec.Architecture:
    return spec.load(CASES / f"{name}.yaml")


def test_every_network_is_judged() -> None:
    assert set(NAMES) == {path.stem for path in CASES.glob("*.yaml")}


@pytest.mark.parametrize("name", [name for name in GROUPS if "order" in GROUPS[name]])
def test_the_order_is_that_by_hand(name: str) -> None:
    group = graphgen.symmetries(network(name))
    check_order(group)
    assert group.order == GROUPS[name]["order"]


@pytest.mark.parametrize("name", [name for name in GROUPS if "scalings" in GROUPS[name]])
def test_signs_and_scales_are_counted(name: str) -> None:
    group = graphgen.scalings(network(name))
    assert [group.signs, group.scales] == GROUPS[name]["scalings"]


@pytest.mark.parametrize("name", NAMES)
def test_what_holds_for_any_network(name: str, tmp_path: Path) -> None:
    net = network(name)
    case, group = Case(net), graphgen.symmetries(net)
    check_order(group)
    check_symmetric(case, group)
    check_automorphisms(case)
    check_exchanges(case, group)
    check_round_trip(case)
    check_backends(case)
    check_exports(net, tmp_path)


@pytest.mark.parametrize("name", PAIRS)
def test_different_functions_have_different_graphs_and_exports(name: str) -> None:
    a, b = network(f"{name}_a"), network(f"{name}_b")
    assert check_edit(Case(a), named_alike(a, b))
    assert graphgen.template(a).hash != graphgen.template(b).hash


def test_a_network_is_not_told_apart_from_itself() -> None:
    case = Case(network("decoder"))
    assert not check_edit(case, network("decoder"))
    graph = graphgen.compile(case.net, case.weights)
    assert not separate(exported(graph), exported(graph))
