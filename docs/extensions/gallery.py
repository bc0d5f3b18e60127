"""Pictures of the reference networks, drawn anew each time that the pages are built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import graphgen.drawing
import graphgen.testing
import spec

PICTURES = "pictures"


def reference_networks() -> list[Path]:
    """List the networks that come with the package."""
    return sorted((Path(spec.__file__).parent / "nets").glob("*.yaml"))


def draw(app: Any) -> None:
    """Draw each network with random weights into the folder of pictures."""
    folder = Path(app.srcdir) / PICTURES
    folder.mkdir(exist_ok=True)
    for path in reference_networks():
        net = spec.load(path)
        weights = graphgen.testing.random_weights(net, np.random.default_rng(0), np.float32)
        picture = graphgen.drawing.svg(net, weights)
        file = folder / f"{path.stem}.svg"
        if not file.exists() or file.read_text(encoding="utf-8") != picture:
            file.write_text(picture, encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Draw before pages are read."""
    app.connect("builder-inited", draw)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
