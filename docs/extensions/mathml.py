"""Formulas as MathML, which browsers draw by themselves: no script, and no network."""

from __future__ import annotations

from html import escape
from typing import Any

from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml


def mathml(text: str, inline: bool) -> str:
    """Write a formula of LaTeX as MathML."""
    try:
        return tex2mathml(text, as_block=not inline)
    except MathError as error:
        raise ValueError(f"the formula {text!r} cannot be written as MathML: {error}") from None


def inline_math(self: Any, node: Any) -> None:
    """Write a formula within a line."""
    from docutils import nodes

    self.body.append(mathml(node.astext(), inline=True))
    raise nodes.SkipNode


def display_math(self: Any, node: Any) -> None:
    """Write a formula on a line of its own."""
    from docutils import nodes

    label = f' id="{escape(str(node["label"]))}"' if node.get("label") else ""
    self.body.append(f'<div class="math"{label}>{mathml(node.astext(), inline=False)}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (inline_math, None), (display_math, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
