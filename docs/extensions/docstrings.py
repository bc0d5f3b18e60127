"""Docstrings as they stand in the code, for Sphinx: examples are indented, names stand in ticks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from textwrap import dedent, indent
from typing import Any

NAME = re.compile(r"(?<![`:])`+([^`]+)`+(?![`_])(\w?)")


def restructured(lines: list[str]) -> Iterator[str]:
    """Give the lines of a docstring as reStructuredText.

    A paragraph that is indented or fenced, or is Python behind the first one, is a block of code,
    and what stands in ticks is literal, also across two lines. Sections such as `Args:` are
    Napoleon's.
    """
    paragraphs = re.split(r"\n[ \t]*\n", "\n".join(lines).rstrip())
    code = False
    for number, paragraph in enumerate(paragraphs):
        if paragraph.startswith("```"):
            paragraph = indent("\n".join(paragraph.split("\n")[1:-1]), "    ")
        indented = paragraph.startswith("    ")
        if indented or (number and is_code(paragraph)):
            if not code:
                language = "python" if parses(dedent(paragraph)) else "text"
                yield from (f".. code-block:: {language}", "")
            code = True
            yield from (paragraph if indented else indent(paragraph, "    ")).split("\n")
        else:
            code = False
            yield from NAME.sub(literal, paragraph).split("\n")
        yield ""


def literal(found: re.Match[str]) -> str:
    """Write what stood in ticks as a literal, on one line."""
    behind = rf"\ {found[2]}" if found[2] else ""
    return f"``{' '.join(found[1].split())}``{behind}"


def is_code(paragraph: str) -> bool:
    """Say whether a paragraph is an example that was not indented."""
    return re.search(r"[(=]", paragraph) is not None and parses(paragraph)


def parses(text: str) -> bool:
    """Say whether a text is Python."""
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def process(app: Any, what: str, name: str, obj: object, options: Any, lines: list[str]) -> None:
    """Rewrite a docstring in place, as autodoc asks for."""
    lines[:] = [*restructured(lines)]


def skip(app: Any, what: str, name: str, obj: object, skipped: bool, options: Any) -> bool | None:
    """Leave out what scikit-learn adds to estimators: its docstrings are for its own pages."""
    return True if re.fullmatch(r"set_\w+_request", name) else None


def setup(app: Any) -> dict[str, bool]:
    """Connect with autodoc."""
    app.connect("autodoc-process-docstring", process)
    app.connect("autodoc-skip-member", skip)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
