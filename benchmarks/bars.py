"""A bar chart on a logarithmic scale, as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from pathlib import Path

ROW, LABEL, WIDTH = 18, 250, 420
COLOURS = ("#4c78a8", "#9ecae9")


def draw(path: Path, panels: Mapping[str, Mapping[str, float]], unit: str) -> None:
    """Draw a panel of bars for each group; the first bar of a panel is dark."""
    values = [value for bars in panels.values() for value in bars.values()]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    lines, y = [], 24
    for name, bars in panels.items():
        lines.append(text(0, y, f"{name}: {unit}", "bold"))
        y += ROW
        for index, (label, value) in enumerate(bars.items()):
            width = WIDTH * (math.log10(value) - low) / (high - low)
            lines.append(text(12, y, label))
            lines.append(
                f'<rect x="{LABEL}" y="{y - 11}" width="{width:.1f}" height="13" '
                f'fill="{COLOURS[min(index, 1)]}"/>'
            )
            lines.append(text(LABEL + width + 6, y, f"{value:.3g}"))
            y += ROW
        y += ROW
    size = f'width="{LABEL + WIDTH + 80}" height="{y}"'
    content = "\n".join(lines)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{content}\n</svg>\n',
        encoding="utf-8",
    )


def text(x: float, y: float, words: str, weight: str = "normal") -> str:
    """Write words."""
    return f'<text x="{x:.1f}" y="{y}" font-weight="{weight}">{escape(words)}</text>'
