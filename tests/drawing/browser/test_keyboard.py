"""The map by keys alone, spoken; fingers; and what axe finds in light and in dark."""

from __future__ import annotations

import re

import numpy as np
import pytest
from browsing import serious_faults


def spoken(seen):
    return seen.page.inner_text("#spoken")


def test_the_keyboard_path(look):
    seen = look("cnn")
    keys = seen.page.keyboard
    seen.page.locator("#map").focus()
    keys.press("n")
    keys.press("n")
    assert spoken(seen).startswith("0.weight, 8 by 1 by 3 by 3")
    keys.press("Enter")
    weight = seen.made.weights["0.weight"]
    told = re.match(r"0\.weight\[0,0,0,0\], (\S+)\. image\[0\] → 0\[0\]\. edge 0$", spoken(seen))
    assert told
    assert np.float32(told[1]) == weight[0, 0, 0, 0]
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowDown"):
        keys.press(key)
    told = re.match(r"0\.weight\[1,0,0,1\], (\S+)\. ", spoken(seen))
    assert told
    assert np.float32(told[1]) == weight[1, 0, 0, 1]
    assert seen.run("viewer.cursor !== null")
    keys.press("Escape")
    assert seen.run("viewer.cursor === null && viewer.chosen !== null")
    keys.press("Escape")
    assert seen.run("viewer.chosen === null")


def test_a_neuron_by_keys(look):
    seen = look("cnn")
    seen.page.locator("#map").focus()
    seen.page.keyboard.press("n")
    seen.page.keyboard.press("Enter")
    assert spoken(seen).startswith("image[0]. input, node 0")
    seen.page.keyboard.press("Enter")
    assert seen.page.inner_text("#panel h2") == "image[0]"
    assert seen.run("viewer.edges.edges.length") == 8


def test_keys_zoom_move_and_fit(look):
    seen = look("cnn")
    seen.page.locator("#map").focus()
    start = seen.run("viewer.camera.place")
    seen.page.keyboard.press("+")
    assert seen.run("viewer.camera.k") == pytest.approx(1.3 * start["k"])
    seen.page.keyboard.press("-")
    seen.page.keyboard.press("ArrowRight")
    assert seen.run("viewer.camera.x") == pytest.approx(start["x"] - 60)
    seen.page.keyboard.press("0")
    assert seen.run("viewer.camera.place") == pytest.approx(start)


def test_every_control_is_reached_by_tab(look):
    seen = look("cnn")
    reached = set()
    for _ in range(60):
        seen.page.keyboard.press("Tab")
        reached.add(seen.run("document.activeElement.id || document.activeElement.className"))
    assert {"find", "colours", "fit", "save", "theme", "map", "family", "item"} <= reached


def test_two_fingers_zoom(look):
    seen = look("cnn", has_touch=True)
    session = seen.page.context.new_cdp_session(seen.page)
    before = seen.run("viewer.camera.k")

    def touch(kind, *places):
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (600, 450), (700, 450))
    touch("touchMove", (550, 450), (750, 450))
    touch("touchMove", (500, 450), (800, 450))
    touch("touchEnd")
    assert seen.run("viewer.camera.k") == pytest.approx(3 * before, rel=0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(look, scheme):
    seen = look("resnet-beside", color_scheme=scheme)
    seen.run("document.querySelectorAll('details').forEach(each => each.open = true)")
    for state in ("", "layer2.0.conv1.weight", "layer2.0"):
        if state:
            seen.find(state)
        assert serious_faults(seen.page) == []


def test_axe_does_find_what_is_wrong(look):
    seen = look("cnn")
    seen.run("document.querySelector('label[for=find]').remove()")
    seen.run("document.querySelector('#find').removeAttribute('placeholder')")
    assert serious_faults(seen.page)
