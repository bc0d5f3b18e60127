"""The graphs of networks as small pictures, shared by networks whose pictures are the same."""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

MOST_PICTURES, LARGEST = 96, 40_000
"""Pictures that a page holds at most, those of most networks first, and characters of one."""
_HASHES = 12


def pictures(zoo_index: Mapping[str, Any], networks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Draw the architectures of networks: SVGs, and which of them is that of an architecture.

    Architectures of one family that differ only in what a picture does not show, as activations,
    share one.
    """
    known = zoo_index.get("architectures") or {}
    form = {
        key: shape(entry["resolved"])
        for key, entry in known.items()
        if isinstance(entry, Mapping) and isinstance(entry.get("resolved"), Mapping)
    }
    found: dict[tuple[Any, str], list[str]] = {}
    count: Counter[tuple[Any, str]] = Counter()
    for network in networks:
        key = str(network.get("architecture"))
        if key in form:
            kind = (network.get("family"), form[key])
            found.setdefault(kind, []).append(key)
            count[kind] += 1
    svgs: list[str] = []
    picture_of: dict[str, int] = {}
    for kind, _ in count.most_common(MOST_PICTURES):
        svg = draw(known[found[kind][0]]["resolved"])
        if svg is not None:
            picture_of |= {key[:_HASHES]: len(svgs) for key in found[kind]}
            svgs.append(svg)
    return {"svg": svgs, "picture_of": picture_of}


def shape(resolved: Mapping[str, Any]) -> str:
    """Give what the picture of an architecture depends on: no layer that only maps items."""
    kept = []
    for layer in resolved.get("layers", ()):
        ((kind, fields),) = layer.items()
        one = len(fields.get("inputs", ())) == 1 and not fields.get("parameters")
        kept.append(["map", fields.get("output_shape")] if one else [kind, fields])
    return json.dumps([resolved.get("inputs"), kept], sort_keys=True)


def draw(resolved: Mapping[str, Any]) -> str | None:
    """Draw an architecture without weights; None for one whose picture is too large, or fails."""
    import graphgen.drawing
    import spec
    from graphgen.errors import GraphError

    try:
        svg = graphgen.drawing.svg(spec.from_resolved(resolved))
    except (GraphError, spec.SpecError) as error:
        logging.getLogger(__name__).debug("a network is not drawn: %s", error)
        return None
    return None if len(svg) > LARGEST else re.sub(r"\n", "", svg)
