"""The section of an editing task: a few test signals before and after, and what they should be."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import Any

import matplotlib.image
import numpy as np

from pipelines.report.inputs import Content, Floats
from pipelines.report.layout import note, section

# Equal images have equal bytes, whatever the version of matplotlib that wrote them.
_NO_METADATA: Any = {"Software": None}


def pictures(content: Content) -> str:
    """A table of images: a column for each, a row for what it was, is to be, and became."""
    models = [m for m in content.models if f"{m}.after" in content.examples]
    if not models:
        return ""
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
    return section("Before and after", table(drawn, "Edited signals") + note(remark))


def table(rows: Sequence[tuple[str, Sequence[str]]], description: str) -> str:
    """A table of pictures that are HTML already, in rows with names."""
    lines = []
    for name, drawn in rows:
        cells = "".join(f"<td>{one}</td>" for one in drawn)
        lines.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(description)}">'
        f'<table class="pictures"><tbody>{"".join(lines)}</tbody></table></div>'
    )


def picture(image: Floats, description: str) -> str:
    """An image (H, W, c) with values in [0, 1], clipped, as a PNG within the page."""
    values = np.clip(image, 0, 1)
    values = values.repeat(3, axis=2) if values.shape[2] == 1 else values[:, :, :3]
    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, values, format="png", metadata=_NO_METADATA)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{escape(description)}">'
