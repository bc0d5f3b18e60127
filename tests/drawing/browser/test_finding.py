"""Search, outline, collapse, and the page's address."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest


def test_search_goes_to_a_tensor(look):
    seen = look("resnet")
    seen.find("layer2.0.conv1.weight")
    assert seen.page.inner_text("#panel h2") == "layer2.0.conv1.weight"
    assert seen.page.locator("#outline [aria-current]").inner_text().startswith("conv1.weight")


def test_search_goes_through_all_that_fits(look):
    seen = look("resnet")
    seen.find("conv1")
    first = seen.page.inner_text("#found")
    assert first.startswith("1 of ")
    seen.page.keyboard.press("Enter")
    assert seen.page.inner_text("#found").startswith("2 of ")


@pytest.mark.parametrize(
    "text", ["no such name", "3.weight[99,0,0,0]", "3.weight[1,2]", "[", "3.weight[-1,0,0,0]"]
)
def test_search_says_that_nothing_was_found(look, text):
    seen = look("cnn")
    seen.find(text)
    assert seen.page.inner_text("#found") == "nothing found"


def test_collapsing_a_module_hides_its_boxes(look):
    seen = look("resnet")
    x, y = seen.place("layer2.0.conv1.weight", (3, 3, 1, 1))
    seen.page.mouse.move(x, y)
    assert "layer2.0.conv1.weight" in seen.page.inner_text("#tip")
    height = seen.run("viewer.layout.height")
    seen.page.get_by_role("button", name="Collapse layer2.0 on the map").focus()
    seen.page.keyboard.press("Enter")
    seen.settled()
    assert seen.run("viewer.layout.height") < height
    hidden = seen.block("layer2.0.conv1.weight")
    assert not seen.run(
        "index => viewer.layout.boxes.has(viewer.network.boxOfBlock.get(index).id)", hidden
    )
    # What was found is opened again.
    seen.find("layer2.0.conv1.weight")
    assert seen.run("viewer.layout.height") == pytest.approx(height)


def test_the_outline_names_every_tensor_with_an_edge(look):
    seen = look("resnet")
    assert seen.page.locator("#outline details").count() >= 4
    told = seen.run("[...document.querySelectorAll('#outline button.item')].length")
    blocks = [block for block in seen.made.template.blocks if block.tensor is not None]
    groups = seen.run("viewer.network.scene.boxes.filter(box => box.kind === 'neurons').length")
    assert told == len(blocks) + groups


def test_the_address_brings_back_what_was_seen(look):
    seen = look("resnet")
    seen.find("layer2.0.conv1.weight[3,2,1,0]")
    seen.page.select_option("#colours", "all")
    seen.page.click("#theme")
    seen.page.wait_for_timeout(600)
    address = urlsplit(seen.page.url).fragment
    found = parse_qs(address)
    assert {"at", "box", "cursor", "colours", "theme"} <= set(found)
    again = look("resnet", f"#{address}")
    assert again.page.inner_text("#panel h2") == "layer2.0.conv1.weight"
    state = "[viewer.look, viewer.cursor.y, viewer.cursor.x, viewer.chosen.box.id]"
    assert again.run(state) == seen.run(state)
    assert again.run("viewer.camera.k") == pytest.approx(seen.run("viewer.camera.k"), rel=1e-4)


@pytest.mark.parametrize(
    "address",
    ["#at=nonsense", "#box=99999&row=3", "#cursor=1", "#symmetry=99,99", "#folded=777", "#%%%"],
)
def test_a_wrong_address_is_borne(look, address):
    seen = look("cnn", address)
    assert seen.page.inner_text("#panel h2") == "cnn"
