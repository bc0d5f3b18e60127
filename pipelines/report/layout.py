"""The parts that sections are made of, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def grid(panels: Sequence[str], kind: str = "") -> str:
    """Lay figures out side by side; "" if there are none."""
    return f'<div class="grid {kind}">{"".join(panels)}</div>' if panels else ""


def note(text: str) -> str:
    """A remark, from plain text."""
    return f'<p class="note">{escape(text.strip())}</p>'


def section(title: str, body: str) -> str:
    """A section under its title, plain text."""
    return f"<section><h2>{escape(title)}</h2>{body}</section>"
