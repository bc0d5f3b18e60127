"""Pictures of the reference networks and of pages, drawn anew each time that the pages are built.

`python docs/extensions/gallery.py` draws the one of README, which git keeps.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

import graphgen.drawing
import graphgen.testing
import spec

PICTURES = "pictures"
DOCS = Path(__file__).parent.parent
README = DOCS / "readme.svg"
# Pictures of the network that a page describes in its block `net.yaml`.
PAGES = {"quick_start": "tutorials/quick_start.md"}


def reference_networks() -> list[Path]:
    """List the networks that come with the package."""
    return sorted((Path(spec.__file__).parent / "nets").glob("*.yaml"))


def described(page: Path) -> spec.Architecture:
    """Give the network that a page describes."""
    (text,) = re.findall(r"^```yaml\n# net.yaml\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)
    return spec.loads(text)


def picture(net: spec.Architecture) -> str:
    """Draw a network with random weights."""
    weights = graphgen.testing.random_weights(net, np.random.default_rng(0), np.float32)
    return graphgen.drawing.svg(net, weights)


def draw(app: Any) -> None:
    """Draw all pictures into their folder."""
    folder = Path(app.srcdir) / PICTURES
    folder.mkdir(exist_ok=True)
    nets = {path.stem: spec.load(path) for path in reference_networks()}
    nets |= {name: described(DOCS / page) for name, page in PAGES.items()}
    for name, net in nets.items():
        file, drawn = folder / f"{name}.svg", picture(net)
        if not file.exists() or file.read_text(encoding="utf-8") != drawn:
            file.write_text(drawn, encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Draw before pages are read."""
    app.connect("builder-inited", draw)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    README.write_text(picture(described(DOCS.parent / "README.md")), encoding="utf-8")
