"""Two networks on one page: the second as it lies on the first, and the difference."""

from __future__ import annotations

import importlib
import json
from typing import Any

import numpy as np
import pytest
from drawing.values_pages import cells_of, exact_display, expected_display

import graphgen
from graphgen.drawing.values import page_data
from graphgen.errors import GraphError
from graphgen.testing import random_weights

NET = "resnet"
# The package gives a function of this name.
module = importlib.import_module("graphgen.drawing.comparing.compared")


def weights_of(seed: int) -> dict[str, Any]:
    return random_weights(NET, np.random.default_rng(seed), np.float32)


def display(page: dict[str, Any], numbers: Any, index: int, values: dict[str, Any]) -> Any:
    """Read one of the further displays of a block."""
    block = {**page["blocks"][index], "values": values}
    return exact_display({**page, "blocks": {index: block}}, numbers, index)


def test_a_permuted_copy_lies_on_its_original() -> None:
    ours = weights_of(0)
    moved = graphgen.symmetries(NET).sample(np.random.default_rng(1)).apply(ours)
    page, numbers = page_data(NET, ours, against=moved, examples=0)
    against = page["against"]
    assert against["how"] == "exact copy"
    assert against["distance"] == 0
    assert against["distance_before"] > 1  # control: it did not lie there before
    for index, found in enumerate(against["blocks"]):
        if found is None:
            continue
        own = exact_display(page, numbers, index)
        np.testing.assert_array_equal(display(page, numbers, index, found["values"]), own)
        assert found["difference"]["statistics"]["zeros"] == own.size


def test_the_difference_is_that_of_the_matched_weights() -> None:
    ours, theirs = weights_of(0), weights_of(1)
    page, numbers = page_data(NET, ours, against=(NET, theirs), examples=0)
    found = graphgen.match(NET, ours, theirs)
    moved = found.apply(theirs)
    template = graphgen.template(NET)
    assert page["against"]["distance"] == pytest.approx(found.distance)
    assert page["against"]["distance_before"] > found.distance
    turned = 0
    for index, block in enumerate(page["against"]["blocks"]):
        if block is None:
            continue
        expected = expected_display(template, moved, index)
        shown = display(page, numbers, index, block["values"])
        np.testing.assert_array_equal(shown, expected)
        apart = display(page, numbers, index, block["difference"]["values"])
        np.testing.assert_array_equal(apart, expected - exact_display(page, numbers, index))
        as_it_was = expected_display(template, theirs, index)
        turned += not np.array_equal(cells_of(page, index, as_it_was), cells_of(page, index, shown))
    assert turned > 0  # control: without the match they lie elsewhere
    json.dumps(page, allow_nan=False)


def test_other_architectures_are_refused() -> None:
    ours = weights_of(0)
    other = random_weights("mlp", np.random.default_rng(0))
    with pytest.raises(GraphError, match="another architecture.*only networks of one"):
        page_data(NET, ours, against=("mlp", other))
    with pytest.raises(GraphError, match="another architecture"):
        page_data(NET, ours, against=graphgen.compile("mlp", other))
    with pytest.raises(GraphError, match="conv1"):
        page_data(NET, ours, against=other)
    with pytest.raises(GraphError, match="no weights"):
        page_data(NET, ours, against=(NET, None))
    with pytest.raises(GraphError, match="`against` is an int"):
        page_data(NET, ours, against=3)  # type: ignore[arg-type]
    with pytest.raises(GraphError, match="none of the first"):
        page_data(NET, against=ours)


def test_what_cannot_be_matched_is_compared_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = weights_of(0), weights_of(1)
    theirs["conv1.weight"][0, 0, 0, 0] = np.nan
    page, _ = page_data(NET, ours, against=theirs, examples=0)
    assert page["against"]["how"].startswith("not matched: ")
    assert page["against"]["distance"] is None
    json.dumps(page, allow_nan=False)
    monkeypatch.setattr(module, "MOST_MATCHED", 10)
    page, _ = page_data(NET, ours, against=weights_of(1), examples=0)
    assert "too many" in page["against"]["how"]
    assert page["against"]["distance"] == page["against"]["distance_before"]
