"""The small picture: what it says, how large it is, and that its colours are the weights."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import graphgen
import spec
from graphgen.drawing.scene import scene
from graphgen.drawing.svg import draw
from graphgen.drawing.svg.pictures import indexed, picture, signed, sized
from graphgen.errors import GraphError
from graphgen.sources import reference_networks
from graphgen.testing.random_networks import random_weights

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"


def pixels(uri: str) -> np.ndarray:
    """Read a picture of sixteen colours: the index of each pixel."""
    data = base64.b64decode(uri.partition(",")[2])
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, parts = 8, {}
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        parts[kind] = data[at + 8 : at + 8 + length]
        (check,) = struct.unpack(">I", data[at + 8 + length : at + 12 + length])
        assert check == zlib.crc32(kind + parts[kind])
        at += 12 + length
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert (depth, colour, rest) == (4, 3, [0, 0, 0])
    assert len(parts[b"PLTE"]) == 48
    assert len(parts[b"tRNS"]) == 16
    lines = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, -1)
    assert (lines[:, 0] == 0).all()
    both = np.stack([lines[:, 1:] >> 4, lines[:, 1:] & 15], axis=-1)
    return both.reshape(height, -1)[:, :width]


@pytest.fixture(scope="module")
def cnn() -> graphgen.Graph:
    net = spec.load(ROOT / "spec" / "nets" / "cnn.yaml")
    return graphgen.compile(net, random_weights(net, np.random.default_rng(0), np.float32))


@pytest.mark.parametrize("name", reference_networks())
def test_every_reference_network(name: str) -> None:
    template = graphgen.template(name)
    drawn, root = scene(template), ElementTree.fromstring(draw(template))
    assert root.get("role") == "img"
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert title.text == name
    assert description is not None
    assert f"{template.num_edges:,} edges" in str(description.text)
    matrices = [box for box in drawn.boxes if box.block is not None]
    told = [rect.find(f"{SVG}title") for rect in root.iter(f"{SVG}rect")]
    texts = [title.text or "" for title in told if title is not None]
    for box in matrices:
        assert sum(t.startswith(f"{template.blocks[box.block or 0].name},") for t in texts) >= 1
    captions = [text.text for text in root.iter(f"{SVG}text")]
    assert set(captions) == {b.label for b in drawn.boxes if b.caption} | {
        m.label for m in drawn.modules if m.titled
    }


def test_colours_are_the_weights(cnn: graphgen.Graph) -> None:
    """Each pixel of a small matrix is its weight, by its sign and its size."""
    root = ElementTree.fromstring(draw(cnn))
    images = {
        str(title.text).partition(",")[0]: pixels(image.get("href", ""))
        for image in root.iter(f"{SVG}image")
        if (title := image.find(f"{SVG}title")) is not None
    }
    assert set(images) == {block.name for block in cnn.template.blocks}
    weight = cnn.tensors["3.weight"]
    shown = weight.transpose(0, 2, 1, 3).reshape(48, 24)
    high = np.quantile(np.abs(weight), 0.995)
    expected = 7 + np.rint(np.clip(shown / high, -1, 1) * 7)
    assert np.array_equal(images["3.weight"], expected)
    # The control: kernels that are turned over are another picture.
    turned = np.flip(weight, axis=3).transpose(0, 2, 1, 3).reshape(48, 24)
    assert not np.array_equal(images["3.weight"], 7 + np.rint(np.clip(turned / high, -1, 1) * 7))


def test_missing_values_have_a_colour() -> None:
    values = np.array([[0.0, np.nan, -2.0, 2.0, np.inf]])
    assert signed(values).tolist() == [[7, 15, 0, 14, 14]]
    assert signed(np.full((1, 2), np.nan)).tolist() == [[15, 15]]
    assert signed(np.zeros((1, 2))).tolist() == [[7, 7]]
    assert indexed(np.array([[0.5, -0.5]])).tolist() == [[11, 3]]
    assert sized(np.array([[1.0, 1.0]])).tolist() == [[14, 14]]


def test_large_matrices_are_binned() -> None:
    net = spec.load(ROOT / "spec" / "nets" / "mlp.yaml", width=200)
    weights = random_weights(net, np.random.default_rng(0), np.float32)
    template = graphgen.template(net)
    block = max(template.blocks, key=lambda block: block.num_edges)
    name = str(block.tensor)
    weights[name][: block.shape[0] // 2] *= 0.01
    image = pixels(picture(block, weights[name], 64, strip=False))
    assert max(image.shape) <= 64
    assert image.min() >= 7
    half = image.shape[0] // 2
    assert image[:half].mean() + 3 < image[half:].mean()


def test_light_and_dark(cnn: graphgen.Graph) -> None:
    both, dark, light = draw(cnn), draw(cnn, dark=True), draw(cnn, dark=False)
    assert "prefers-color-scheme:dark" in both
    assert "prefers-color-scheme" not in dark + light
    assert "#12161b" in dark
    assert "#12161b" not in light


def test_width(cnn: graphgen.Graph) -> None:
    root = ElementTree.fromstring(draw(cnn, width=700))
    assert root.get("width") == "700"
    _, _, w, h = map(float, str(root.get("viewBox")).split())
    assert float(str(root.get("height"))) == pytest.approx(700 * h / w, abs=0.1)


def test_nothing_is_fetched(cnn: graphgen.Graph) -> None:
    addresses = re.findall(r'(?:href|src)="(.{10})', draw(cnn)) + re.findall(r"url\((.)", draw(cnn))
    assert addresses
    assert set(addresses) <= {"data:image", "#"}
    assert "<script" not in draw(cnn)


def test_names_are_escaped() -> None:
    net = spec.loads(
        "name: a<b&c\ninputs: {x: [3]}\nlayers:\n  - linear: {name: f, out_features: 2}\n"
    )
    root = ElementTree.fromstring(draw(graphgen.template(net)))
    assert root.findtext(f"{SVG}title") == "a<b&c"


def test_only_graphs_are_drawn() -> None:
    with pytest.raises(GraphError, match="`graph` is"):
        draw("cnn")  # type: ignore[arg-type]


@pytest.mark.long
def test_gpt2_is_small() -> None:
    sizes = {"vocabulary": 50257, "length": 1024, "width": 768, "heads": 12, "depth": 12}
    net = spec.load(ROOT / "spec" / "nets" / "gpt2.yaml", **sizes)
    rng = np.random.default_rng(0)
    weights = {
        tensor.name: rng.standard_normal(tensor.shape, dtype=np.float32)
        for tensor in net.tensors.values()
    }
    assert len(draw(graphgen.compile(net, weights))) < 200_000
