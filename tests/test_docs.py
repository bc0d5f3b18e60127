"""The pages run: every example is executed, and what they say it prints is what it prints.

A comment on the line before a fenced block says what is done with it: `run`, `file: NAME` (written
to that file), `output` (what the block before it prints; `...` stands for anything), `not run:` and
a reason. The blocks of a page share one empty folder and one namespace.
"""

from __future__ import annotations

import doctest
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import spec
from pipelines.cli import main

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").glob("*.md"))
README = ROOT / "README.md"
FENCE = re.compile(
    r"^(?:<!-- (?P<marker>.+?) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.M | re.S
)
MARKERS = re.compile(r"run|output|file: \S+|not run: .+")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, and where it begins."""

    page: Path
    line: int
    language: str
    marker: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    content = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(content):
        line = content.count("\n", 0, found.start("text"))
        yield Block(page, line, found["language"], found["marker"] or "", found["text"])


def run_page(page: Path, capsys: pytest.CaptureFixture[str]) -> int:
    """Run the marked blocks of a page in the current folder; give their number."""
    namespace: dict[str, Any] = {"__name__": "docs"}
    printed, count = "", 0
    for block in blocks(page):
        kind, _, argument = block.marker.partition(": ")
        if kind == "file":
            Path(argument).write_text(block.text, encoding="utf-8")
        elif kind == "run":
            capsys.readouterr()
            run_block(block, namespace)
            printed = capsys.readouterr().out
        elif kind == "output":
            compare(block, printed)
        count += kind in ("file", "run", "output")
    return count


def run_block(block: Block, namespace: dict[str, Any]) -> None:
    if block.language == "python":
        code = "\n" * block.line + block.text
        exec(compile(code, block.page, "exec", dont_inherit=True), namespace)
        return
    assert block.language == "sh", f"{block.place}: `run` is for python and sh"
    for line in block.text.splitlines():
        command, *arguments = shlex.split(line)
        assert command == "gmn", f"{block.place}: only `gmn` is run, not {command!r}"
        main(arguments)


def compare(block: Block, printed: str) -> None:
    checker = doctest.OutputChecker()
    expected, actual = (
        "".join(f"{line.rstrip()}\n" for line in text.splitlines())
        for text in (block.text, printed)
    )
    if not checker.check_output(expected, actual, doctest.ELLIPSIS):
        raise AssertionError(f"{block.place}: shown:\n{expected}\nprinted:\n{actual}")


def unmarked(page: Path) -> list[str]:
    return [block.place for block in blocks(page) if not MARKERS.fullmatch(block.marker)]


@pytest.fixture(autouse=True)
def _own_folder_and_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    before = dict(spec.LAYERS)
    yield
    spec.LAYERS.clear()
    spec.LAYERS.update(before)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page_run(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_page(page, capsys)


def test_the_marked_examples_of_the_readme_run(capsys: pytest.CaptureFixture[str]) -> None:
    run_page(README, capsys)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_what_is_done_with_it(page: Path) -> None:
    assert unmarked(page) == []


def test_the_pages_hold_examples(capsys: pytest.CaptureFixture[str]) -> None:
    names = {page.stem for page in PAGES}
    assert names >= {"index", "language", "graph", "files", "metanets", "pipelines"}
    ran = [block for page in PAGES for block in blocks(page) if block.marker == "run"]
    assert len(ran) >= 15


def test_the_table_of_layers_has_every_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    from layer_table import table

    rows = {row.split("`")[1]: row for row in table().splitlines()[2:]}
    assert rows.keys() == spec.LAYERS.keys()
    for name, layer in spec.LAYERS.items():
        assert all(f"`{field}`: " in rows[name] for field in layer.field_names())
    assert "`running_var`" in rows["batch_norm"]


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        ("<!-- run -->\n```python\nundefined_name\n```\n", NameError, "undefined_name"),
        (
            "<!-- run -->\n```python\nprint(1)\n```\n\n<!-- output -->\n```text\n2\n```\n",
            AssertionError,
            r"page.md:7: shown:\n2\n\nprinted:\n1",
        ),
        ("<!-- run -->\n```sh\ngmn check missing.yaml\n```\n", SystemExit, "2"),
    ],
    ids=["an example that raises", "another output", "a command that fails"],
)
def test_a_wrong_page_is_found(
    content: str,
    error: type[BaseException],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = tmp_path / "page.md"
    page.write_text(content, encoding="utf-8")
    with pytest.raises(error, match=words):
        run_page(page, capsys)


def test_a_block_without_a_marker_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- runn -->\n```python\n1\n```\n\n```yaml\na: 1\n```\n", encoding="utf-8")
    assert unmarked(page) == ["page.md:2", "page.md:6"]


def test_an_error_points_to_the_line_of_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("Text.\n\n<!-- run -->\n```python\n1\n1 / 0\n```\n", encoding="utf-8")
    with pytest.raises(ZeroDivisionError) as caught:
        run_page(page, capsys)
    assert caught.traceback[-1].lineno + 1 == 6
