"""Two networks whose tensors differ in their names alone."""

from __future__ import annotations

import spec


def named_alike(a: spec.Architecture, b: spec.Architecture) -> spec.Architecture:
    """Give the second network the names of the first one's tensors, in order."""
    form = b.resolved()
    names = dict(zip(b.tensors, a.tensors, strict=True))
    for entry in form["layers"]:
        (layer,) = entry.values()
        own = layer.get("parameters", {})
        layer["parameters"] = {local: names[name] for local, name in own.items()}
    return spec.from_resolved(form)
