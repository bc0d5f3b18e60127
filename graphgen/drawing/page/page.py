"""One HTML page from its parts: data, numbers, style and scripts, none of them loaded later."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.drawing.sharing import packed, tokens

SCRIPTS = (
    "numbers", "data", "grids", "colours", "images", "camera", "layout", "base", "labels",
    "motion", "telling", "edges", "overlay", "panes", "pointer", "keys", "tip", "panel",
    "symmetries", "outline", "find", "address", "vectors", "saving", "header", "app", "going",
    "main",
)  # fmt: skip


def page(data: Mapping[str, Any], numbers: NDArray[np.float32]) -> str:
    """Write the page that shows some data, as `graphgen.drawing.values.page_data` gives it.

        html = page(*graphgen.drawing.values.page_data(net, weights))

    The page asks nothing of the network: it opens from disk, in a frame, or from a server.
    """
    # Lists are of symmetries alone, and may be most of the data: the first picture is without them.
    first = {key: value for key, value in data.items() if key != "lists"}
    parts = {
        "@title@": escape(str(data["name"])),
        "@style@": style(),
        "@data@": packed(plain(first)),
        "@lists@": packed(plain(data["lists"])),
        "@values@": packed(np.ascontiguousarray(numbers, dtype="<f4").tobytes()),
        "@script@": script(),
    }
    # Marks are found in the frame alone, never in what is put into it.
    pieces = re.split("(@[a-z]+@)", text("viewer.html"))
    return "".join(parts.get(piece, piece) for piece in pieces)


def plain(data: object) -> bytes:
    """Write data as JSON."""
    written = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return written.encode()


@cache
def script() -> str:
    """Join the scripts into one, without indentation and lines of comment."""
    lines = [line.strip() for name in SCRIPTS for line in text(f"{name}.js").splitlines()]
    kept = [line for line in lines if line and not line.startswith("//")]
    return "\n".join(['(() => {"use strict";', *kept, "})();"])


@cache
def style() -> str:
    """Give the style, without indentation."""
    sheets = tokens() + text("viewer.css")
    return "\n".join(line.strip() for line in sheets.splitlines() if line)


@cache
def text(name: str) -> str:
    """Read a part of the page that comes with the package."""
    return (files("graphgen.drawing.page") / name).read_text(encoding="utf-8")
