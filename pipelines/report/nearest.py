"""The section of nearest networks: signals of test networks, and those found next to them."""

from __future__ import annotations

from html import escape

import numpy as np

from pipelines.report.inputs import Content, Floats
from pipelines.report.layout import note, section
from pipelines.report.pictures import picture, table


def nearest(content: Content) -> str:
    """A table for the best model: a row for each test network, then its nearest neighbours."""
    model = next((m for m in content.models if f"{m}.nearest" in content.examples), None)
    if model is None:
        return ""
    signals = content.examples[f"{model}.nearest"]
    span = float(signals.min()), float(signals.max())
    rows = []
    for number, found in enumerate(signals):
        names = [f"test network {number}"]
        names += [f"neighbour {place} of test network {number}" for place in range(1, len(found))]
        drawn = [
            picture(values, name) if values.ndim == 3 else curve(values[:, 0], span, name)
            for name, values in zip(names, found, strict=True)
        ]
        rows.append((names[0], drawn))
    remark = (
        f"What the first test networks encode, and after each what the training networks encode "
        f"whose embeddings by {model} have the largest cosine similarity with its own, the nearest "
        "first. No label took part in this."
    )
    return section("Nearest in the embedding", note(remark) + table(rows, "Nearest networks"))


def curve(values: Floats, span: tuple[float, float], description: str) -> str:
    """A curve of values at equal distances, between the ends of `span`, as a small SVG."""
    low, high = span
    heights = 95 - 90 * (values - low) / ((high - low) or 1)
    places = np.linspace(5, 95, len(values))
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(places, heights, strict=True))
    return (
        f'<svg class="curve" viewBox="0 0 100 100" role="img" aria-label="{escape(description)}">'
        f'<polyline points="{points}"/></svg>'
    )
