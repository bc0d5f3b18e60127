"""Examples in the help of a command as blocks of code, which can be copied."""

from __future__ import annotations

import re
from typing import Any

HEAD = re.compile(r"^(\| )?Examples?:$")


def blocks(lines: list[str]) -> list[str]:
    """Make a block of code of the indented lines behind `Example:`."""
    found: list[str] = []
    inside = False
    for line in lines:
        text = line.removeprefix("| ").rstrip()
        if HEAD.match(line):
            found += [".. rubric:: Examples", "", ".. code-block:: sh", ""]
            inside = True
        elif inside and text.startswith("    "):
            found.append(text)
        elif line.strip() != r"\b":
            inside = inside and not text
            found.append(line)
    return found


def process(app: Any, context: Any, lines: list[str]) -> None:
    """Rewrite the lines of a help in place, as sphinx-click asks for."""
    lines[:] = blocks(lines)


def setup(app: Any) -> dict[str, bool]:
    """Connect with sphinx-click, which is loaded before."""
    app.connect("sphinx-click-process-description", process)
    app.connect("sphinx-click-process-epilog", process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
