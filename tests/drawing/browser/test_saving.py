"""What is kept of a page: the map as a drawing and as a picture; and pages in narrow windows."""

from __future__ import annotations

import struct
from pathlib import Path
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"


def saved(seen, button: str, folder: Path) -> bytes:
    with seen.page.expect_download() as download:
        seen.page.click(button)
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path.read_bytes()


def test_the_map_is_saved_as_a_drawing(look, tmp_path):
    seen = look("resnet")
    root = ElementTree.fromstring(saved(seen, "#save-drawing", tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["resnet.svg"]
    blocks = [block for block in seen.made.template.blocks if block.tensor is not None]
    images = root.findall(f"{SVG}image")
    assert len(images) == len(blocks)
    assert all(image.get("href").startswith("data:image/png;base64,") for image in images)
    width, height = (float(root.get(side)) for side in ("width", "height"))
    for image in images:
        x, y, w, h = (float(image.get(name)) for name in ("x", "y", "width", "height"))
        assert x >= 0 <= y
        assert x + w <= width
        assert y + h <= height
    assert "fc" in [text.text for text in root.iter(f"{SVG}text")]
    # What is collapsed is not drawn.
    seen.page.get_by_role("button", name="Collapse layer2.0 on the map").focus()
    seen.page.keyboard.press("Enter")
    folded = ElementTree.fromstring(saved(seen, "#save-drawing", tmp_path))
    inside = [block for block in blocks if str(block.tensor).startswith("layer2.0.")]
    assert len(folded.findall(f"{SVG}image")) == len(blocks) - len(inside) < len(blocks)


def test_the_map_is_saved_as_a_picture(look, tmp_path):
    seen = look("cnn")
    content = saved(seen, "#save", tmp_path)
    assert content.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", content[16:24])
    shape = seen.run("[viewer.layout.width, viewer.layout.height]")
    assert abs(width / height - (shape[0] + 48) / (shape[1] + 48)) < 0.01


def test_in_a_narrow_window_the_outline_is_opened_by_its_button(look):
    seen = look("resnet", viewport={"width": 420, "height": 800})
    outline, opener = seen.page.locator("#outline"), seen.page.locator("#outline-opener")
    assert not outline.is_visible()
    opener.click()
    assert outline.is_visible()
    assert opener.get_attribute("aria-expanded") == "true"
    seen.page.keyboard.press("Escape")
    assert not outline.is_visible()
    opener.click()
    seen.page.locator("#outline summary").get_by_text("layer1.0").click()
    assert outline.is_visible()
    seen.page.locator("#outline details[open] .item").first.click()
    assert not outline.is_visible()
    assert seen.page.inner_text("#panel h2") == "layer1.0.conv1.weight"
    wide = look("resnet")
    assert not wide.page.locator("#outline-opener").is_visible()
    assert wide.page.locator("#outline").is_visible()
