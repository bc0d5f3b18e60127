"""Bins move as wholes: the page's moved bins are those of the moved weights, and so are norms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawing.values_pages import bins_display, image_of, listed

import graphgen
import spec
from graphgen.drawing.symmetry import outputs
from graphgen.drawing.symmetry.bins import moved_side, shuffled
from graphgen.drawing.values import budget, page_data
from graphgen.drawing.values.bins import Bins, binned, bins_of
from graphgen.testing import random_weights

NETS: dict[str, tuple[str, dict[str, Any]]] = {
    "transformer": (
        "gpt2",
        {"vocabulary": 20, "length": 4, "width": 96, "heads": 2, "depth": 1},
    ),
    "recurrent": ("lstm_classifier", {}),
    "convolutional": ("resnet", {"width": 72, "blocks": [1, 1]}),
}
CLOSE = 2**-9


@pytest.fixture
def page_in_bins(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a page whose large blocks are binned, with its numbers, weights and template."""
    name, variables = NETS[request.param]
    path = Path(spec.__file__).parent / "nets" / f"{name}.yaml"
    net = spec.load(path, **variables)
    monkeypatch.setattr(budget, "EXACT_BLOCK", 200)
    monkeypatch.setattr(outputs, "MOST_WORK", 0)
    weights = random_weights(net, np.random.default_rng(0), np.float32)
    return *page_data(net, weights), weights, graphgen.template(net)


def moved_bins_of(page: Any, numbers: Any, move: Any) -> Any:
    own = bins_display(page, numbers, move["from"])
    rows = listed(page, move["row_bins"], np.arange(own.shape[0]))
    columns = listed(page, move["column_bins"], np.arange(own.shape[1]))
    return own[rows][:, columns]


@pytest.mark.parametrize("page_in_bins", NETS, indirect=True)
def test_moved_bins_are_those_of_moved_weights(page_in_bins: Any) -> None:
    page, numbers, weights, template = page_in_bins
    compared = turned = stirred = 0
    for family in page["symmetries"]["families"]:
        if family["kind"] in ("sign", "scale"):
            continue
        for example in family["examples"]:
            nodes = np.array(image_of(page, example))
            after = graphgen.symmetries(template.net).permutation(nodes).apply(weights)
            other = np.argsort(nodes)
            before = graphgen.symmetries(template.net).permutation(other).apply(weights)
            for move in example["moves"]:
                values = page["blocks"][move["block"]]["values"]
                if values["mode"] != "bins":
                    continue
                assert move["bins"], (family["title"], example["title"], move)
                rows, columns = bins_at(page, move["block"], values)
                block = template.blocks[move["block"]]
                expected = binned(block, after[block.tensor], rows, columns)
                shown = moved_bins_of(page, numbers, move)
                np.testing.assert_allclose(shown, expected.rms, rtol=CLOSE)
                norms = numbers[values["row_rms"] :][: values["row_rms_count"]]
                order = listed(page, move["rows"], np.arange(len(norms)))
                np.testing.assert_allclose(norms[order], expected.row_rms, rtol=CLOSE)
                compared += 1
                back = binned(block, before[block.tensor], rows, columns)
                turned += not np.allclose(shown, back.rms, rtol=CLOSE)
                own = bins_display(page, numbers, move["block"])
                stirred += not np.array_equal(shown, own)
    assert compared >= 4
    assert stirred > 0  # shuffles are seen
    assert turned > 0  # control: the inverse is another picture


def bins_at(page: Any, index: int, values: Any) -> tuple[Bins, Bins]:
    matrix = page["blocks"][index]["matrix"]
    height, width = matrix["taps"]
    return (
        Bins(matrix["rows"], height, values["rows"]),
        Bins(matrix["columns"], width, values["columns"]),
    )


def test_bins_that_come_in_parts_do_not_move() -> None:
    bins = bins_of(100, 1, 64)
    order = np.random.default_rng(0).permutation(100)
    assert moved_side(bins, order) is None
    blocks = np.random.default_rng(0).permutation(50)
    order = (blocks[:, None] * 2 + [1, 0]).reshape(-1)
    np.testing.assert_array_equal(moved_side(bins, order), blocks)


def test_bins_of_unlike_sizes_do_not_change_places() -> None:
    bins = Bins(5, 1, 2)  # two and three cells
    assert moved_side(bins, np.array([2, 3, 4, 0, 1])) is None
    np.testing.assert_array_equal(moved_side(bins, np.array([1, 0, 2, 4, 3])), [0, 1])


def test_shuffles_keep_what_is_together() -> None:
    coarse = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2])
    fine = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    seen = set()
    for seed in range(50):
        order = shuffled([coarse, fine], 10, np.random.default_rng(seed))
        assert sorted(order.tolist()) == list(range(10))
        assert {*order[8:].tolist()} == {8, 9}  # the only one of its size
        assert {*order[:4].tolist()} in ({0, 1, 2, 3}, {4, 5, 6, 7})
        assert {*(order[:2] // 2).tolist()} in ({0}, {1}, {2}, {3})
        seen.add(tuple(order.tolist()))
    assert len(seen) > 20
