"""The page's matrices, moved as the page moves them, are those of the moved weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from drawing.values_pages import (
    by_nodes,
    cells_of,
    exact_display,
    image_of,
    listed,
    moved_display,
    with_values,
)
from hypothesis import given
from numpy.typing import NDArray

import graphgen
import spec
from graphgen.drawing.matrix import MatrixView
from graphgen.drawing.symmetry import factors, outputs
from graphgen.drawing.values import page_data
from graphgen.sources import reference_networks
from graphgen.symmetry.scalings import Scaling, Scalings
from graphgen.testing import random_weights
from spec.testing import architectures

Page = dict[str, Any]
Array = NDArray[Any]
FACTORS = ("sign", "scale")
BRANCHES = """
inputs: {x: [3]}
layers:
  - linear: {name: first, out_features: 4}
  - relu: {name: y}
  - linear: {name: upper, out_features: 5}
  - linear: {name: second, inputs: x, out_features: 4}
  - relu: {name: z}
  - linear: {name: lower, out_features: 5}
  - add: {inputs: [upper, lower]}
"""


def page_of(net: Any, **options: Any) -> tuple[Page, Array, dict[str, Array], Any]:
    weights = random_weights(net, np.random.default_rng(3), np.float32)
    page, numbers = page_data(net, weights, **options)
    return page, numbers, weights, graphgen.template(net)


class Recorded(Scaling):
    """An element of a group of factors that says that it was made."""

    made: ClassVar[list[Scaling]] = []

    def __init__(self, group: Scalings, values: Array) -> None:
        super().__init__(group, values)
        self.made.append(self)


def page_and_scalings(net: Any) -> tuple[tuple[Page, Array, dict[str, Array], Any], list[Scaling]]:
    """Give a page, and the factors that its examples stand for, in order."""
    Recorded.made.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(factors, "Scaling", Recorded)
        patch.setattr(outputs, "MOST_WORK", 0)  # outputs say nothing here, and take time
        page = page_of(net)
    return page, [*Recorded.made]


def inverse_of(nodes: Array) -> Array:
    result = np.empty_like(nodes)
    result[nodes] = np.arange(len(nodes))
    return result


def cells_after(page: Page, template: Any, weights: dict[str, Array], index: int) -> Array:
    block = template.blocks[index]
    display = MatrixView(block).display(block.view(weights[block.tensor])).astype(np.float32)
    return cells_of(page, index, display)


def check(net: Any) -> tuple[int, int, Page]:
    """Compare every example of a page with `apply`; count them, and the controls that failed."""
    (page, numbers, weights, template), scalings = page_and_scalings(net)
    group = graphgen.symmetries(net)
    shown = controls = 0
    for family in page["symmetries"]["families"]:
        for example in family["examples"]:
            if family["kind"] in FACTORS:
                element: Any = scalings.pop(0)
                backwards: Any = Scaling(element.group, 1 / element.values)
            else:
                nodes = np.array(image_of(page, example))
                assert not np.array_equal(nodes, np.arange(len(nodes)))
                element = group.permutation(nodes)
                backwards = group.permutation(inverse_of(nodes))
            after, other = element.apply(weights), backwards.apply(weights)
            differs = any(not np.array_equal(after[n], other[n], equal_nan=True) for n in weights)
            seen = False
            for index in with_values(page):
                moved = moved_display(page, numbers, example, index)
                np.testing.assert_array_equal(moved, cells_after(page, template, after, index))
                seen |= not np.array_equal(moved, cells_after(page, template, other, index))
            assert seen == differs
            shown += 1
            controls += seen
    assert not scalings
    return shown, controls, page


@pytest.mark.parametrize("net", reference_networks())
def test_the_page_moves_matrices_as_apply_moves_weights(net: str) -> None:
    shown, controls, _ = check(net)
    assert shown >= 2
    assert controls >= 1  # the inverse of a shuffle is another


@pytest.mark.parametrize("kind", ["cells", "branches"])
def test_cells_and_branches_move_as_apply_moves_weights(kind: str) -> None:
    path = Path(spec.__file__).parent / "nets" / "published" / "resnext.yaml"
    page = check(spec.load(path) if kind == "cells" else spec.loads(BRANCHES))[2]
    moves = [
        (family["kind"], move)
        for family in page["symmetries"]["families"]
        for example in family["examples"]
        for move in example["moves"]
    ]
    if kind == "cells":  # groups of channels, which are permuted each in its own way
        assert any(move["cells"] is not None for _, move in moves)
    else:
        found = [move for own, move in moves if own == "branches"]
        assert {move["from"] != move["block"] for move in found} == {True}


@given(architectures())
def test_the_page_moves_matrices_of_any_network(text: str) -> None:
    check(spec.loads(text))


@pytest.mark.parametrize("net", ["cnn", "gpt2", "lstm_classifier", "mobilenet", "densenet", "bert"])
def test_nodes_alone_say_where_each_cell_goes(net: str) -> None:
    page, numbers, _, template = page_of(net)
    turned = 0
    for family in page["symmetries"]["families"]:
        for example in family["examples"]:
            if family["kind"] in FACTORS:
                continue
            backwards = inverted(page, example)
            for index in with_values(page):
                slow = by_nodes(page, numbers, example, index, template)
                np.testing.assert_array_equal(slow, moved_display(page, numbers, example, index))
                other = by_nodes(page, numbers, backwards, index, template)
                turned += not np.array_equal(slow, other)
    assert turned > 0  # control: the inverse permutation moves other cells


def inverted(page: Page, example: Page) -> Page:
    nodes = {}
    for group, place in example["nodes"].items():
        page["lists"].append(np.argsort(page["lists"][place]).tolist())
        nodes[group] = len(page["lists"]) - 1
    return {**example, "nodes": nodes}


def test_outputs_stay_and_the_control_changes_them() -> None:
    page, *_ = page_of("resnet")
    for family in page["symmetries"]["families"]:
        for example in family["examples"]:
            told = example["outputs"]
            assert example["largest_change"] < 1e-12 * max(1, example["largest_output"])
            assert example["control_change"] > 1e-6 * example["largest_output"]
            assert told["count"] == len(told["before"]) == len(told["control"])
            assert told["before"] != told["control"]
            assert example["control_tensor"] in {tensor["name"] for tensor in page["tensors"]}


@pytest.mark.parametrize("net", reference_networks())
def test_axes_are_permuted_by_what_the_printed_table_says(net: str) -> None:
    page, _ = page_data(net)
    rows = {}
    for line in str(graphgen.symmetries(net)).splitlines():
        name, _, words = line.strip().partition("  ")
        if "|" in words or words.strip():
            rows[name] = [word.strip() for word in words.split("|")]
    compared = 0
    for block in page["blocks"]:
        told = rows.get(block["tensor"])
        if block["tied"] or told is None or len(told) != len(block["shape"]):
            continue
        compared += 1
        assert [word or "." for word in block["permuted_by"]] == told
    assert compared >= 3


def test_families_list_what_they_move() -> None:
    page, _ = page_data("cnn")
    first, second = page["symmetries"]["families"][:2]
    assert sorted((tensor["name"], tensor["axis"]) for tensor in first["tensors"]) == [
        ("0.bias", 0),
        ("0.weight", 0),
        ("1.bias", 0),
        ("1.running_mean", 0),
        ("1.running_var", 0),
        ("1.weight", 0),
        ("3.weight", 1),
    ]
    assert (first["kind"], first["size"], second["size"]) == ("permutation", 8, 16)


def test_a_shuffle_is_never_the_identity() -> None:
    for seed in range(20):
        page, _ = page_data("llama", examples=3, seed=seed)
        for family in page["symmetries"]["families"]:
            for example in family["examples"]:
                for place in example["nodes"].values():
                    order = listed(page, place)
                    assert not np.array_equal(order, np.arange(len(order)))


def test_heads_move_as_wholes() -> None:
    page, numbers = page_data("gpt2", random_weights("gpt2", np.random.default_rng(0), np.float32))
    (heads, *_) = (f for f in page["symmetries"]["families"] if f["kind"] == "heads")
    (swap,) = heads["examples"]
    orders = [page["lists"][place] for place in swap["nodes"].values()]
    one = [4, 5, 6, 7, 0, 1, 2, 3]
    assert one in orders
    assert [k + start for start in (0, 8, 16) for k in one] in orders  # queries, keys and values
    index = swap["moves"][0]["block"]
    before = cells_of(page, index, exact_display(page, numbers, index))
    assert not np.array_equal(moved_display(page, numbers, swap, index), before)
