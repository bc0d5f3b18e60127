"""What pages of every kind share: their colours, and how they hold data."""

from __future__ import annotations

import gzip
from base64 import b64encode
from functools import cache
from importlib.resources import files


def packed(content: bytes) -> str:
    """Compress what a page holds: gzip, base64, which no HTML parser takes for a tag."""
    return b64encode(gzip.compress(content, compresslevel=9, mtime=0)).decode("ascii")


@cache
def tokens() -> str:
    """Give the colours of pages, light and dark, as variables of CSS."""
    return (files("graphgen.drawing") / "tokens.css").read_text(encoding="utf-8")
