"""The section of an editing task: a few test signals before and after, and what they should be."""

from __future__ import annotations

import base64
import io
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
    lines = []
    for name, images in rows:
        cells = "".join(
            f"<td>{picture(image, f'{name}, image {number}')}</td>"
            for number, image in enumerate(images)
        )
        lines.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    remark = (
        "The first test signals: as their networks decode before editing, after editing by each "
        "model’s first seed, and the edited originals."
    )
    body = (
        '<div class="scroll" role="region" tabindex="0" aria-label="Edited signals">'
        f'<table class="pictures"><tbody>{"".join(lines)}</tbody></table></div>'
    )
    return section("Before and after", body + note(remark))


def picture(image: Floats, description: str) -> str:
    """An image (H, W, c) with values in [0, 1], clipped, as a PNG within the page."""
    values = np.clip(image, 0, 1)
    values = values.repeat(3, axis=2) if values.shape[2] == 1 else values[:, :, :3]
    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, values, format="png", metadata=_NO_METADATA)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{escape(description)}">'
