"""Pictures in a report: signals before and after an edit, and those of nearest networks."""

from __future__ import annotations

import base64
import io
from typing import Any

import matplotlib.image
import numpy as np

from pipelines.report.blocks import Note, Picture, Pictures, Section
from pipelines.report.inputs import Content, Floats

# Equal images have equal bytes, whatever the version of matplotlib that wrote them.
_NO_METADATA: Any = {"Software": None}


def edited(content: Content) -> list[Section]:
    """A few test signals: a column for each, a row for what it was, is to be, and became."""
    models = [m for m in content.models if f"{m}.after" in content.examples]
    if not models:
        return []
    first = models[0]
    rows = [("before", content.examples[f"{first}.before"])]
    rows += [(model, content.examples[f"{model}.after"]) for model in models]
    rows += [("target", content.examples[f"{first}.target"])]
    drawn = [
        (name, [picture(image, f"{name}, image {number}") for number, image in enumerate(images)])
        for name, images in rows
    ]
    remark = (
        "The first test signals: as their networks decode before editing, after editing by each "
        "model’s first seed, and the edited originals."
    )
    return [Section("Before and after", [Pictures("Edited signals", drawn), Note(remark)])]


def nearest(content: Content) -> list[Section]:
    """The best model's nearest neighbours: a row for each test network."""
    model = next((m for m in content.models if f"{m}.nearest" in content.examples), None)
    if model is None:
        return []
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
    found = Pictures("Nearest networks", rows)
    return [Section("Nearest in the embedding", [Note(remark), found])]


def picture(image: Floats, description: str) -> Picture:
    """An image (H, W, c) with values in [0, 1], clipped, as a PNG."""
    values = np.clip(image, 0, 1)
    values = values.repeat(3, axis=2) if values.shape[2] == 1 else values[:, :, :3]
    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, values, format="png", metadata=_NO_METADATA)
    return Picture(description, png=base64.b64encode(buffer.getvalue()).decode())


def curve(values: Floats, span: tuple[float, float], description: str) -> Picture:
    """A curve of values at equal distances, between the ends of `span`, in a box of 100 by 100."""
    low, high = span
    heights = 95 - 90 * (values - low) / ((high - low) or 1)
    places = np.linspace(5, 95, len(values))
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(places, heights, strict=True))
    return Picture(description, points=points)
