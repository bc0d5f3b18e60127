"""Published networks are what their authors' code is: names, function, graphs, symmetries."""

from __future__ import annotations

from dataclasses import replace

import pytest

import graphgen
from published.all import PUBLISHED
from published.checks import check_any_network, check_function, check_names, check_symmetries
from published.network import FOLDER, Compared, compared
from published.table import PAGE, page

NAMES = list(PUBLISHED)


@pytest.mark.parametrize("name", NAMES)
def test_the_function_is_that_of_the_authors(name: str) -> None:
    check_function(compared(PUBLISHED[name]))


@pytest.mark.parametrize("name", NAMES)
def test_names_are_those_of_the_authors_and_come_back(name: str) -> None:
    check_names(compared(PUBLISHED[name]))


@pytest.mark.parametrize("name", NAMES)
def test_symmetries_have_the_order_by_hand_and_keep_the_authors_function(name: str) -> None:
    check_symmetries(compared(PUBLISHED[name]))


@pytest.mark.parametrize("name", NAMES)
def test_what_holds_for_any_network_holds(name: str) -> None:
    check_any_network(compared(PUBLISHED[name]))


def test_the_table_is_that_of_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text, "run: PYTHONPATH=tests python -m published.table"


def test_every_file_is_compared() -> None:
    files = {path.relative_to(FOLDER).as_posix() for path in (FOLDER / "published").glob("*.yaml")}
    assert files <= {published.file for published in PUBLISHED.values()}


def test_checks_fail_where_a_network_is_another() -> None:
    right = PUBLISHED["GPT-2"]
    other = Compared(replace(right, call=lambda model, ids: 1.1 * model(ids).logits))
    with pytest.raises(AssertionError, match="numpy is off by"):
        check_function(other)
    other = Compared(right)
    other.state["h.bias"] = other.state["transformer.ln_f.bias"]
    with pytest.raises(graphgen.GraphError, match="h.bias: not a tensor of this architecture"):
        check_names(other)
    other = Compared(
        replace(right, call=lambda model, ids: model(ids).logits * model.lm_head.weight[0, 0])
    )
    with pytest.raises(AssertionError, match="after a sample is off by"):
        check_symmetries(other)
