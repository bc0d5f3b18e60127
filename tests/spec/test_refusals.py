"""Every refusal of what has a meaning is on a page, with a network that is told so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import spec

ROOT = Path(spec.__file__).parents[1]
PAGE = (ROOT / "docs" / "reference" / "refusals.md").read_text(encoding="utf-8")
SHORT = 12
"""Pieces of a message that are shorter, between what it quotes, say nothing by themselves."""


def refusals(folder: str) -> Iterator[tuple[str, ast.expr]]:
    """List the messages of what is refused, with their places; models' are not on the page."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        if "importers" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = ast.unparse(node.func)
            if called == "RefusalError" or called.endswith(".refuse"):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.args[-1]


def pieces(message: ast.expr) -> list[str]:
    """List the words that a message has whatever it quotes."""
    constants = [node.value for node in ast.walk(message) if isinstance(node, ast.Constant)]
    texts = [text.strip() for text in constants if isinstance(text, str)]
    return [text for text in texts if len(text) >= SHORT]


def shown(page: str) -> str:
    """Give the page without its line breaks."""
    return " ".join(page.split())


FOUND = [*refusals("spec"), *refusals("graphgen")]


@pytest.mark.parametrize(("place", "message"), FOUND, ids=[place for place, _ in FOUND])
def test_a_refusal_is_on_the_page(place: str, message: ast.expr) -> None:
    said = pieces(message)
    assert said, f"{place}: no words of its own"
    missing = [words for words in said if " ".join(words.split()) not in shown(PAGE)]
    assert not missing, f"{place}: docs/reference/refusals.md does not have {missing}"


def test_there_are_refusals_in_both_packages() -> None:
    assert sum(place.startswith("spec") for place, _ in FOUND) >= 20
    assert sum(place.startswith("graphgen") for place, _ in FOUND) >= 4


def test_control_a_refusal_without_its_section_is_missed() -> None:
    cut = PAGE[: PAGE.index("## Space")] + PAGE[PAGE.index("## Tables by hashing") :]
    lost = {
        place.split(":")[0]
        for place, message in FOUND
        for words in pieces(message)
        if " ".join(words.split()) not in shown(cut)
    }
    assert lost == {"spec/layers/convolution.py", "spec/layers/upsample.py"}
