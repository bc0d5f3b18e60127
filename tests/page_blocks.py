"""The code blocks of a page, found by a Markdown parser and run one after the other.

A block's language says what is done with it: `python` and `sh` are run, in one namespace and one
folder for the page; `yaml` is written to the file that its first line names (`# net.yaml`), and so
is `python` whose first line names one (`# my_module.py`); `text`
is what the block before printed, where `...` stands for anything. The comment `<!-- from: FILE -->`
before a `text` block or a table says that it is copied from that file.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from pipelines.cli import main

SOURCE = re.compile(r"<!-- from: (?P<files>.+?) -->\s*")
NAMED = re.compile(r"# (?P<name>[\w./-]+\.yaml)\n")
MODULE = re.compile(r"# (?P<name>\w+\.py)\n")
SHELL = re.compile(r"[|&;<>`$()]")
COMMENT = re.compile(r"(^|\s+)#.*$")
KINDS = ("python", "sh", "yaml", "text")


class PageError(AssertionError):
    """A block of a page is not right as it stands."""


@dataclass(frozen=True)
class Block:
    """A code block of a page, and the line on which its text begins."""

    page: Path
    line: int
    kind: str
    text: str
    files: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        return f"{self.page.name}:{self.line}"


@dataclass(frozen=True)
class Table:
    """A table of a page that is copied from `files`."""

    page: Path
    line: int
    text: str
    files: tuple[str, ...]


def _parse(page: Path) -> tuple[list[Token], list[str]]:
    content = page.read_text(encoding="utf-8")
    return MarkdownIt("commonmark").enable("table").parse(content), content.splitlines()


def _lines(token: Token) -> tuple[int, int]:
    assert token.map is not None
    return token.map[0], token.map[1]


def _source(before: Token | None) -> tuple[str, ...]:
    """Give the files of the comment that stands before a block."""
    found = SOURCE.fullmatch(before.content) if before and before.type == "html_block" else None
    return tuple(found["files"].split()) if found else ()


def blocks(page: Path) -> Iterator[Block]:
    """Give every code block of a page, however it is written; directives are the builder's."""
    before: Token | None = None
    for token in _parse(page)[0]:
        if token.type == "html_block" and re.search(r"<(pre|code)\b", token.content):
            raise PageError(f"{page.name}:{_lines(token)[0] + 1}: code in HTML; use a fence")
        if token.type == "code_block":
            raise PageError(f"{page.name}:{_lines(token)[0] + 1}: indented code; use a fence")
        if token.type == "fence" and not token.info.startswith("{"):
            line = _lines(token)[0] + 2
            if token.info not in KINDS:
                known = ", ".join(KINDS)
                raise PageError(f"{page.name}:{line}: language {token.info!r}, not one of {known}")
            yield Block(page, line, token.info, token.content, _source(before))
        before = token


def tables(page: Path) -> Iterator[Table]:
    """Give the tables of a page that say from which files they are."""
    tokens, lines = _parse(page)
    for before, token in pairwise(tokens):
        if token.type == "table_open" and (files := _source(before)):
            first, last = _lines(token)
            text = "".join(f"{line}\n" for line in lines[first:last])
            yield Table(page, first + 1, text, files)


def inline_code(page: Path) -> Iterator[str]:
    """Give what stands between backticks in the prose of a page."""
    for token in _parse(page)[0]:
        for child in token.children or ():
            if child.type == "code_inline":
                yield child.content


@dataclass
class Runner:
    """Runs the blocks of one page in the current folder.

    `printed` gives what was written to standard output since it was last called. With `in_process`,
    lines that only call `gmn` are calls of its function, which saves the start of an interpreter.
    """

    printed: Callable[[], str]
    in_process: bool = True
    namespace: dict[str, Any] = field(default_factory=lambda: {"__name__": "page"})
    output: str | None = None

    def run(self, block: Block) -> None:
        if block.kind == "python" and (module := MODULE.match(block.text)):
            Path(module["name"]).write_text(block.text, encoding="utf-8")
        elif block.kind == "python":
            self._capture(lambda: self._python(block))
        elif block.kind == "sh":
            self._capture(lambda: self._shell(block))
        elif block.kind == "yaml":
            Path(file_name(block)).write_text(block.text, encoding="utf-8")
        else:
            if self.output is None:
                raise PageError(f"{block.place}: no block before it prints this")
            compare(block, self.output)

    def _capture(self, action: Callable[[], None]) -> None:
        self.printed()
        action()
        self.output = self.printed()

    def _python(self, block: Block) -> None:
        code = "\n" * (block.line - 1) + block.text
        exec(compile(code, block.page, "exec", dont_inherit=True), self.namespace)

    def _shell(self, block: Block) -> None:
        lines = [COMMENT.sub("", line) for line in block.text.splitlines()]
        commands = [shlex.split(line) for line in lines if line]
        plain = all(c[0] == "gmn" for c in commands) and not SHELL.search("\n".join(lines))
        if self.in_process and plain:
            for command in commands:
                _gmn(block, command[1:])
            return
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block.text],
            env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        print(done.stdout, end="")
        if done.returncode:
            raise PageError(f"{block.place}: exit code {done.returncode}:\n{done.stderr}")


def _gmn(block: Block, arguments: list[str]) -> None:
    try:
        main(arguments)
    except SystemExit as stop:
        if stop.code:
            raise PageError(f"{block.place}: exit code {stop.code}: gmn {arguments}") from stop


def file_name(block: Block) -> str:
    """Give the name of the file that a `yaml` block describes."""
    named = NAMED.match(block.text)
    if not named:
        raise PageError(f"{block.place}: the first line is not the file's name, as `# net.yaml`")
    return named["name"]


def compare(block: Block, printed: str) -> None:
    """Compare what a block shows with what was printed, up to space at the ends of lines."""
    checker = doctest.OutputChecker()
    expected, actual = (
        "".join(f"{line.rstrip()}\n" for line in text.splitlines())
        for text in (block.text, printed)
    )
    if not checker.check_output(expected, actual, doctest.ELLIPSIS):
        raise PageError(f"{block.place}: shown:\n{expected}\nprinted:\n{actual}")
