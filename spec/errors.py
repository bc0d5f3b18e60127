"""Problems found in a description, with their places, and the error that carries them."""

from __future__ import annotations

import re
import reprlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MAX_PROBLEMS = 100  # of one document; what comes after is not looked for

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # as the YAML parser counts lines
_SHOWN_WIDTH = 100

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60
_SHORT.maxlevel = 3

_KINDS: dict[type, str] = {
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    float: "a float",
    str: "a string",
    list: "a list",
    dict: "a mapping",
}


def quoted(value: object) -> str:
    """Return `repr(value)`, shortened where it is long, for use in a message."""
    try:
        text = _SHORT.repr(value)
        return text if len(text) <= 120 else text[:117] + "..."
    except ValueError:  # Python does not print integers of many thousand digits
        return f"<{kind(value)}>"


def shortened(text: str) -> str:
    """Return a text without its middle where it is too long for a message."""
    return text if len(text) <= 800 else f"{text[:500]} ... {text[-250:]}"


def kind(value: object) -> str:
    """Return what `value` is called in a description: `kind(3)` is `'an integer'`."""
    named = _KINDS.get(type(value))
    return named or f"a {type(value).__module__}.{type(value).__qualname__}"


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; lines and columns count from 1, columns in characters."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a description.

    `message` says what was got, what was expected and what to do; `mark` is its place and
    `source_line` the text of that line. Each entry of `trail` is a phrase such as
    `"in block 'basic', called at net.yaml:20:11"`, innermost first.
    """

    message: str
    mark: Mark | None
    source_line: str | None = None
    trail: tuple[str, ...] = ()

    def __str__(self) -> str:
        rows = [self.message if self.mark is None else f"{self.mark}: {self.message}"]
        if self.mark is not None and self.source_line is not None:
            rows += _excerpt(self.source_line, self.mark.column)
        rows += [f"  {phrase}" for phrase in self.trail]
        return "\n".join(rows)


class SpecError(Exception):
    """A description is wrong; `problems` holds the first hundred found, sorted by place.

    `str(error)` prints one problem a paragraph, as `file:line:column: message` with the source
    line and a caret under the place.
    """

    problems: tuple[Problem, ...]

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems[:MAX_PROBLEMS], key=_position))
        super().__init__(self.problems)

    def __str__(self) -> str:
        paragraphs = [str(problem) for problem in self.problems]
        if len(paragraphs) == MAX_PROBLEMS:
            paragraphs.append(f"These are the first {MAX_PROBLEMS} problems; there may be more.")
        return "\n\n".join(paragraphs)

    @classmethod
    def stop_at_limit(cls, problems: Sequence[Problem]) -> None:
        """Raise the error where so many problems were found that no more are looked for."""
        if len(problems) >= MAX_PROBLEMS:
            raise cls(problems)


class Source:
    """The lines of a text and the name of its file, to say where in it a problem lies."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.lines = _LINE_BREAK.split(text)

    def mark(self, place: Any) -> Mark:
        """Return the place of one of the YAML parser's marks, which count from 0."""
        return Mark(self.file, place.line + 1, place.column + 1)

    def mark_at(self, offset: int, text: str) -> Mark:
        """Return the place of the character `text[offset]`."""
        before = _LINE_BREAK.split(text[:offset])
        return Mark(self.file, len(before), len(before[-1]) + 1)

    def line(self, mark: Mark) -> str | None:
        """Return the line of `mark`, or None where the text has no such line."""
        return self.lines[mark.line - 1] if mark.line <= len(self.lines) else None

    def problem(self, message: str, mark: Mark, trail: tuple[str, ...] = ()) -> Problem:
        """Return a problem at `mark`, with its source line."""
        return Problem(message, mark, self.line(mark), trail)


class UnusedWarning(UserWarning):
    """Something in a description is not used, as may be meant; the message says what and where."""


def _position(problem: Problem) -> tuple[str, int, int]:
    mark = problem.mark
    return ("", 0, 0) if mark is None else (mark.file, mark.line, mark.column)


def _excerpt(line: str, column: int) -> list[str]:
    """Return the part of `line` around `column`, fit for a terminal, and its caret row."""
    if not line.strip():
        return []
    at = min(column - 1, len(line))
    start = 0 if len(line) <= _SHOWN_WIDTH else max(0, at - _SHOWN_WIDTH // 2)
    stop = start + _SHOWN_WIDTH
    head, tail = "..." * (start > 0), "..." * (stop < len(line))
    before = head + _printable(line[start:at])
    shown = before + _printable(line[at:stop]) + tail
    return [f"    {shown.rstrip()}", " " * (4 + sum(map(_cells, before))) + "^"]


def _printable(text: str) -> str:
    return "".join(
        " " if char.isspace() else char if char.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )


def _cells(char: str) -> int:
    """Return how many terminal cells `char` takes."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
