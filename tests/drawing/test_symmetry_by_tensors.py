"""On the page of a computation graph: the symmetries of the parameter graph, by their tensors."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import pytest

import graphgen
import spec
from graphgen.drawing.symmetry.families import tensor_axis
from graphgen.drawing.values import page_data

Page: TypeAlias = dict[str, Any]


@pytest.fixture(scope="module", params=["cnn", "gpt2"])
def pages(request: pytest.FixtureRequest) -> tuple[str, Page, Page]:
    own, _ = page_data(request.param)
    other, _ = page_data(request.param, kind="computation")
    return request.param, own, other


def told(page: Page) -> list[tuple[str, str, Any]]:
    return [(f["name"], f["title"], f["tensors"]) for f in page["symmetries"]["families"]]


def test_the_families_are_those_of_the_parameter_graph(pages: tuple[str, Page, Page]) -> None:
    net, own, other = pages
    assert other["kind"] == "computation"
    assert told(other) == told(own)
    assert other["symmetries"]["order"] == own["symmetries"]["order"]
    blocks = graphgen.template(net, "computation").blocks
    families = other["symmetries"]["families"]
    for family in families:
        tensors = {tensor["name"] for tensor in family["tensors"]}
        assert {blocks[index].tensor for index in family["blocks"]} <= tensors
        assert family["examples"] == []
    assert any(family["blocks"] for family in families)


def test_axes_say_what_permutes_them(pages: tuple[str, Page, Page]) -> None:
    net, own, other = pages
    acted = {
        (tensor["name"], tensor["axis"]): family["name"]
        for family in own["symmetries"]["families"]
        if family["kind"] == "permutation"
        for tensor in family["tensors"]
    }
    template = graphgen.template(net, "computation")
    shapes = {tensor.name: tensor.shape for tensor in template.tensors}
    found = 0
    for block, plain in zip(template.blocks, other["blocks"], strict=True):
        for axis, word in enumerate(plain["permuted_by"]):
            if word is None:
                continue
            place = block.tensor, tensor_axis(block, axis, shapes[str(block.tensor)])
            for name in re.findall(r"P\d+", word):
                assert name in {f["name"] for f in own["symmetries"]["families"]}
            if re.fullmatch(r"P\d+", word) and place in acted:
                assert acted[place] == word
                found += 1
    assert found > 3


def test_where_nothing_is_permuted_nothing_is_told() -> None:
    net = spec.loads("inputs: {x: [3]}\nlayers: [linear: {out_features: 2}]")
    page, _ = page_data(net, kind="computation")
    assert page["symmetries"]["families"] == []
    assert all(word is None for block in page["blocks"] for word in block["permuted_by"])
