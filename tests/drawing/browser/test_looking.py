"""The map: what is drawn, and what is said of it, are the network's own values."""

from __future__ import annotations

import re

import numpy as np
import pytest

from graphgen.drawing.matrix import MatrixView
from graphgen.sources import reference_networks


def test_a_page_opens_from_disk_and_draws(look):
    seen = look("cnn")
    assert seen.page.title() == "cnn"
    assert "1,514" in seen.page.inner_text("#panel")
    colours = seen.run(
        "new Set(viewer.context.getImageData(0, 0, viewer.canvas.width, viewer.canvas.height)"
        ".data.reduce((all, part, i, data) => (i % 4 || all.push(data[i] << 16 | data[i + 1] << 8"
        " | data[i + 2]), all), [])).size"
    )
    assert colours > 100


@pytest.mark.parametrize("net", ["cnn", "resnet", "gpt2"])
def test_every_value_on_the_page_is_the_weights(look, net):
    seen = look(net)
    shown = seen.displayed()
    checked = 0
    for index, block in enumerate(seen.made.template.blocks):
        if block.tensor is None:
            continue
        values = block.view(seen.made.weights[block.tensor])
        np.testing.assert_array_equal(shown[index], MatrixView(block).display(values))
        checked += values.size
    assert checked > 1000


def test_pointing_tells_the_value_and_its_edge(look):
    seen = look("cnn")
    seen.find("3.weight[5,2,1,1]")
    seen.page.mouse.move(*seen.place("3.weight", (5, 2, 1, 1)))
    told = seen.page.inner_text("#tip")
    value = seen.made.weights["3.weight"][5, 2, 1, 1]
    assert np.float32(told.splitlines()[0]) == value
    assert "3.weight[5,2,1,1]" in told
    assert "0[2] → 3[5]" in told
    block = seen.made.template.blocks[seen.block("3.weight")]
    edge = block.edge_start + int(np.ravel_multi_index((5, 2, 1, 1), block.shape))
    assert re.search(rf"\bedge {edge}$", told, re.MULTILINE)
    # Another place tells another value.
    seen.page.mouse.move(*seen.place("3.weight", (5, 2, 1, 2)))
    told = seen.page.inner_text("#tip")
    assert np.float32(told.splitlines()[0]) == seen.made.weights["3.weight"][5, 2, 1, 2] != value


DETAILS = """
(scale) => {
    const { base } = viewer.panes[0];
    const seen = new Set();
    for (const name of ["gaps", "numbers"]) {
        const own = Object.getPrototypeOf(base)[name];
        base[name] = function (...given) { seen.add(name); return own.apply(this, given); };
    }
    const { x, y } = viewer.layout.boxes.get(viewer.network.boxOfBlock.get(6).id);
    viewer.camera.set({ x: 10 - x * scale, y: 10 - y * scale, k: scale });
    viewer.repaint();
    viewer.frame();
    for (const name of ["gaps", "numbers"]) delete base[name];
    return [...seen];
}
"""


def test_three_depths(look):
    seen = look("cnn")
    drawn = [seen.run(DETAILS, scale) for scale in (0.4, 6, 60)]
    assert drawn == [[], ["gaps"], ["gaps", "numbers"]]


def test_a_neuron_shows_its_heaviest_edges(look):
    seen = look("cnn")
    seen.find("3[5]")
    assert "3[5]" in seen.page.inner_text("#panel")
    found = seen.run("viewer.edges.edges.filter(e => e.incoming).map(e => [e.end, e.value])")
    weight = seen.made.weights["3.weight"][5].astype(np.float64)
    norms = np.sqrt((weight**2).sum((1, 2)))
    order = np.argsort(-norms)
    assert [end for end, _ in found] == order.tolist()
    np.testing.assert_allclose(np.abs([value for _, value in found]), norms[order], rtol=1e-6)


def test_nan_has_its_own_colour_and_is_counted(look):
    seen = look("cnn-nan")
    assert "NaN\n3" in seen.page.inner_text("#panel")
    seen.run("Object.assign(viewer.look, { theme: 'light' }); viewer.repaint()")
    seen.find("0.weight")
    seen.settled()
    held = np.argwhere(np.isnan(seen.made.weights["0.weight"]))
    assert len(held) == 3
    # Beside the number that is written in the middle.
    assert seen.pixel(*seen.place("0.weight", tuple(held[0]), 0.1)) == [0xEA, 0xC1, 0x00]
    assert seen.pixel(*seen.place("0.weight", (3, 0, 1, 1), 0.1)) != [0xEA, 0xC1, 0x00]


def test_without_weights_the_structure_is_shown(look):
    seen = look("cnn-bare")
    assert "no weights were given" in seen.page.inner_text("#panel")
    seen.page.mouse.move(*seen.place("3.weight", (5, 2, 1, 1)))
    assert "no value" in seen.page.inner_text("#tip")


def test_zoom_keeps_what_lies_under_the_pointer(look):
    seen = look("resnet")
    place = seen.place("layer1.0.conv1.weight", (3, 3, 1, 1))
    pointer = np.floor(place)  # the wheel knows whole pixels
    seen.page.mouse.move(*pointer.tolist())
    before = seen.run("viewer.camera.k")
    for _ in range(4):
        seen.page.mouse.wheel(0, -240)
    seen.settled()
    factor = seen.run("viewer.camera.k") / before
    assert factor > 2
    after = seen.place("layer1.0.conv1.weight", (3, 3, 1, 1))
    np.testing.assert_allclose(after, pointer + (place - pointer) * factor, atol=0.1)


def test_dragging_moves_the_map(look):
    seen = look("cnn")
    start = seen.place("3.weight", (5, 2, 1, 1))
    seen.page.mouse.move(*start)
    seen.page.mouse.down()
    seen.page.mouse.move(start[0] + 30, start[1] - 20)
    seen.page.mouse.move(start[0] + 60, start[1] - 40)
    seen.page.mouse.up()
    moved = np.subtract(seen.place("3.weight", (5, 2, 1, 1)), start)
    np.testing.assert_allclose(moved, [60, -40], atol=0.1)
    assert not seen.run("viewer.chosen")


@pytest.mark.long
@pytest.mark.parametrize("net", reference_networks())
def test_every_reference_network_opens(look, net):
    seen = look(net)
    for index, grid in seen.displayed().items():
        block = seen.made.template.blocks[index]
        values = block.view(seen.made.weights[block.tensor])
        np.testing.assert_array_equal(grid, MatrixView(block).display(values))
