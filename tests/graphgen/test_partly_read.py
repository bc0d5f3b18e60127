"""Tensors with several uses of which one leads to outputs in part."""

from __future__ import annotations

import pytest
from oracles.any_network import Case, check_automorphisms, check_symmetric
from oracles.automorphisms import coloured_graph

import graphgen
import spec
from graphgen.symmetry import Symmetries

GROUPS = """
inputs: {x: [1, 4]}
layers:
  - conv1d: {out_channels: %d, kernel_size: 2}
  - tanh
  - %s:
      out_channels: %d
      kernel_size: %d
      groups: %d
      parametrizations: {weight: {spectral_norm: {dim: %d}}}
  - narrow: {dim: 1, start: 0, length: %d}
  - relu
  - flatten
  - linear: {out_features: 1}
"""
MIDDLE = """
inputs: {x: [3]}
layers:
  - linear: {inputs: x, out_features: 1}
  - tanh
  - reshape: {shape: [1, 1]}
  - conv1d: {out_channels: 4, kernel_size: 1, bias: false, name: a}
  - linear: {inputs: x, out_features: 2}
  - tanh
  - reshape: {shape: [2, 1]}
  - conv1d: {out_channels: 4, kernel_size: 1, groups: 2, parameters: {weight: a.weight}, name: b}
  - narrow: {dim: 1, start: 1, length: 2, name: c}
  - concat: {inputs: [a, c]}
  - relu
  - flatten
  - linear: {out_features: 1}
"""
TOWERS = """
inputs: {x: [3]}
layers:
  - linear: {inputs: x, out_features: 4, name: a}
  - tanh
  - linear: {out_features: 6, name: a2}
  - linear: {inputs: x, out_features: 4, name: b}
  - tanh
  - linear: {out_features: 6, parameters: {weight: a2.weight}, name: b2}
  - narrow: {inputs: a2, dim: 1, start: %d, length: %d, name: c}
  - narrow: {inputs: b2, dim: 1, start: %d, length: %d, name: d}
  - concat: {inputs: [c, d]}
  - relu
  - linear: {out_features: 1}
"""


def judged(text: str) -> tuple[Symmetries, int]:
    """Give the group, which leaves the function as it is, and nauty's order."""
    net = spec.loads(text)
    group = graphgen.symmetries(net)
    case = Case(net)
    check_symmetric(case, group)
    check_automorphisms(case)
    return group, coloured_graph(group.template).order()


@pytest.mark.parametrize(("fields", "order", "right"), [
    # The vector tells inputs of each output: those of the one that is dead move for themselves.
    ((2, "conv1d", 2, 1, 1, 2, 1), 2, 4),
    ((4, "conv1d", 4, 1, 2, 2, 3), 2 * 2 * 2, 2 * 2 * 2 * 2),
    # All places of the dead output's kernel may move, but the others tell them apart.
    ((2, "conv1d", 2, 2, 1, 1, 1), 2, 4),
    # Inputs and outputs of two dead groups are told apart by their groups where one is alive.
    ((6, "conv_transpose1d", 3, 2, 3, 0, 1), 2 * 2 * 2 * 2, 2 * 24),
])  # fmt: skip
def test_what_is_left_to_one_use_moves_with_the_rest_and_this_is_said(
    fields: tuple[object, ...], order: int, right: int
) -> None:
    group, found = judged(GROUPS % fields)
    assert (group.order, found) == (order, right)
    (said,) = group.statements
    assert "its uses read parts of it" in said


@pytest.mark.parametrize("fields", [
    (2, "conv1d", 2, 1, 1, 0, 1),
    (4, "conv1d", 4, 1, 2, 1, 2),
    (6, "conv_transpose1d", 3, 2, 3, 0, 2),
    (4, "conv1d", 2, 2, 1, 2, 2),
    (4, "conv1d", 4, 2, 2, 2, 4),
])  # fmt: skip
def test_nothing_is_said_where_the_rest_hangs_together(fields: tuple[object, ...]) -> None:
    group, found = judged(GROUPS % fields)
    assert group.order == found
    assert group.statements == ()


@pytest.mark.parametrize(("fields", "order", "right"), [
    ((0, 6, 0, 6), 24 * 720 * 2, 24 * 720 * 2),
    ((0, 4, 0, 4), 24 * 24 * 2, 24 * 24 * 2),
    ((0, 4, 2, 4), 24 * 2 * 2 * 2 * 2, 24 * 2 * 2 * 2 * 2),
    ((0, 3, 3, 3), 24 * 24 * 6 * 6 * 2, 24 * 24 * 6 * 6 * 2),
    ((0, 2, 4, 2), 24 * 2 * 2 * 2, 24 * 24 * 2 * 2 * 2),
])  # fmt: skip
def test_two_towers_of_one_map(fields: tuple[int, ...], order: int, right: int) -> None:
    group, found = judged(TOWERS % fields)
    assert (group.order, found) == (order, right)
    assert bool(group.statements) == (order < right)


def test_outputs_of_two_groups_of_which_one_each_leads_on() -> None:
    """The others may be exchanged for themselves, and with their groups."""
    group, found = judged(MIDDLE)
    assert (group.order, found) == (2, 4)
    assert len(group.statements) == 1
