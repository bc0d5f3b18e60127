"""Two networks side by side after matching, and how they differ."""

from __future__ import annotations

import numpy as np

from graphgen.drawing.matrix import MatrixView


def test_networks_are_shown_side_by_side(look):
    seen = look("resnet-beside")
    assert seen.run("viewer.panes.length") == 1
    seen.page.select_option("#shows", "beside")
    seen.settled()
    assert seen.run("viewer.panes.map(pane => pane.which)") == ["this", "other", "difference"]
    assert seen.page.inner_text("#panel").count("distance") >= 1
    this, other, apart = (seen.displayed(which) for which in ("this", "other", "difference"))
    assert this.keys() == other.keys() == apart.keys()
    checked = 0
    for index in this:
        np.testing.assert_allclose(apart[index], other[index] - this[index], atol=1e-6)
        block = seen.made.template.blocks[index]
        own = MatrixView(block).display(block.view(seen.made.weights[block.tensor]))
        np.testing.assert_array_equal(this[index], own)
        checked += not np.array_equal(other[index], this[index])
    assert checked > 5


def test_one_network_has_nothing_beside_it(look):
    seen = look("cnn")
    assert not seen.page.locator("#shows").is_visible()
