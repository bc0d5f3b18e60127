"""The page as a file: it holds what it shows, and asks for nothing."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import graphgen
from graphgen.drawing import svg, view
from graphgen.drawing.page import page
from graphgen.drawing.page.page import SCRIPTS, script
from graphgen.drawing.values import page_data
from graphgen.testing import random_weights

FOLDER = Path(graphgen.__file__).parent / "drawing" / "page"


def held(html: str, name: str) -> bytes:
    found = re.search(rf'<script id="{name}" type="text/plain">([^<]*)</script>', html)
    assert found
    return gzip.decompress(base64.b64decode(found[1]))


@pytest.fixture(scope="module")
def cnn() -> SimpleNamespace:
    weights = random_weights("cnn", np.random.default_rng(0), np.float32)
    data, numbers = page_data("cnn", weights)
    return SimpleNamespace(weights=weights, data=data, numbers=numbers, html=page(data, numbers))


def test_the_page_holds_the_data_and_the_numbers(cnn: SimpleNamespace) -> None:
    lists = json.loads(held(cnn.html, "page-lists"))
    first = json.loads(held(cnn.html, "page-data"))
    assert {**first, "lists": lists} == json.loads(json.dumps(cnn.data))
    assert "lists" not in first
    assert lists
    numbers = np.frombuffer(held(cnn.html, "page-values"), "<f4")
    np.testing.assert_array_equal(numbers, cnn.numbers)
    changed = cnn.numbers.copy()
    changed[0] += 1
    assert held(page(cnn.data, changed), "page-values") != held(cnn.html, "page-values")


def test_the_page_names_nothing_outside_of_it(cnn: SimpleNamespace) -> None:
    namespace = "http://www.w3.org/2000/svg"
    assert re.findall(r"(?:https?:)?//[a-z][\w.]+\.\w+[^\s\"']*", cnn.html) == [namespace[5:]] or (
        set(re.findall(r"https?://[^\s\"']+", cnn.html)) == {namespace}
    )
    assert not re.findall(r"\b(?:src|href)=(?![\"']?data:)", cnn.html)
    assert "default-src 'none'" in cnn.html


def test_names_are_no_markup(cnn: SimpleNamespace) -> None:
    name = "<script>alert(1)</script>&@data@@script@"
    html = page({**cnn.data, "name": name}, cnn.numbers)
    assert name not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;@data@@script@" in html
    assert json.loads(held(html, "page-data"))["name"] == name


def test_the_same_network_gives_the_same_page(cnn: SimpleNamespace) -> None:
    assert view("cnn", cnn.weights) == view("cnn", cnn.weights)


def test_every_script_is_in_the_page() -> None:
    assert sorted(SCRIPTS) == sorted(path.stem for path in FOLDER.glob("*.js"))
    assert "</" not in script()
    lengths = [len(path.read_text().splitlines()) for path in FOLDER.iterdir() if path.is_file()]
    assert max(lengths) <= 300


def test_a_picture_goes_by_the_same_arguments(cnn: SimpleNamespace) -> None:
    graph = graphgen.compile("cnn", cnn.weights)
    assert svg("cnn", cnn.weights).startswith("<svg")
    assert svg(graph).count("<image") == svg("cnn", cnn.weights).count("<image")
    assert svg("cnn") != svg("cnn", cnn.weights)
    assert "gmn" in view(graph) or view(graph)
