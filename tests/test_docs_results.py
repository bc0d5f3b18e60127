"""Tables of results on the pages are those of the files that they are copied from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import report
from page_blocks import Block, Table, blocks, tables

from pipelines.metrics import table

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    *sorted(p for p in (ROOT / "docs").rglob("*.md") if p.parent.name != "layers"),
]
BLOCKS = [block for page in PAGES for block in blocks(page) if block.files]
TABLES = [found for page in PAGES for found in tables(page)]
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.]*\w)")
CEILING = re.compile(r"\nceiling +[01]\.\d{3}$")  # of a zoo that is too large to be kept


def check_block(block: Block) -> None:
    """Compare a printed table with the metrics that it was printed from."""
    (file,) = block.files
    metrics = json.loads((ROOT / file).read_text(encoding="utf-8"))
    assert CEILING.sub("", block.text.rstrip()) == table(metrics), f"{block.place}: {file}"


def check_table(found: Table) -> None:
    """Find a table in the file that it is copied from, or each of its numbers in several."""
    texts = [(ROOT / file).read_text(encoding="utf-8") for file in found.files]
    if len(texts) == 1 and found.files[0].endswith(".md"):
        assert found.text in texts[0], f"{found.page.name}:{found.line}: not in {found.files[0]}"
        return
    known = [value for text in texts for value in numbers(text)]
    for cell in "".join(found.text.splitlines(True)[2:]).split("|"):
        if "wide" in cell:
            continue
        for shown in NUMBER.findall(cell):
            places = len(shown.partition(".")[2])
            close = any(abs(value - float(shown)) <= 0.5000001 * 10**-places for value in known)
            assert close, f"{found.page.name}:{found.line}: {shown} is in none of {found.files}"


def numbers(text: str) -> Iterator[float]:
    if text.lstrip().startswith(("{", "[")):
        yield from _numbers(json.loads(text))
    else:
        yield from map(float, NUMBER.findall(text))


def _numbers(data: Any) -> Iterator[float]:
    if isinstance(data, dict | list):
        for value in data.values() if isinstance(data, dict) else data:
            yield from _numbers(value)
    elif isinstance(data, int | float):
        yield float(data)


def test_what_is_copied() -> None:
    assert len(BLOCKS) == 8
    assert len(TABLES) == 18


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_printed_tables_are_those_of_the_metrics(block: Block) -> None:
    check_block(block)


@pytest.mark.parametrize("found", TABLES, ids=lambda found: f"{found.page.name}:{found.line}")
def test_tables_are_those_of_the_files(found: Table) -> None:
    check_table(found)


def test_every_table_with_deviations_says_where_it_is_from() -> None:
    for page in PAGES:
        copied = "".join(found.text for found in [*tables(page), *blocks(page)] if found.files)
        for line in page.read_text(encoding="utf-8").splitlines():
            if line.count("+-") > 1:
                assert line in copied, f"{page.name}: {line}"


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_another_digit_of_a_printed_table_is_found(block: Block) -> None:
    wrong = Block(block.page, block.line, block.kind, _other_digit(block.text), block.files)
    with pytest.raises(AssertionError):
        check_block(wrong)


@pytest.mark.parametrize("found", TABLES, ids=lambda found: f"{found.page.name}:{found.line}")
def test_another_digit_of_a_table_is_found(found: Table) -> None:
    head = found.text.splitlines(True)
    text = "".join(head[:2]) + _other_digit("".join(head[2:]))
    with pytest.raises(AssertionError):
        check_table(Table(found.page, found.line, text, found.files))


def _other_digit(text: str) -> str:
    """Put an impossible digit in front of the first number with decimals."""
    return re.sub(r"(\d+\.\d+)", r"77\1", text, count=1)


def test_the_tables_of_scale_are_those_that_its_benchmark_wrote() -> None:
    page = ROOT / "docs" / "explanation" / "scale.md"
    assert report.filled(page) == page.read_text(encoding="utf-8")
    assert page.read_text(encoding="utf-8").count("<!-- end -->") == 2
