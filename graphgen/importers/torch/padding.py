"""Ids of tokens that mark padding: a model that looks for them is imported for ids without any."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from graphgen.importers.torch.reading import Reading
from graphgen.importers.traced import Constant

ITSELF = {"alias", "clone", "contiguous", "to", "detach", "_to_copy", "view", "reshape"}
MARKS = {"ne": True, "eq": False}


def where_no_padding(tracer: Reading, node: Any, name: str) -> Constant | None:
    """Give whether ids that a model takes are those of padding, if that is what is computed."""
    if name not in MARKS or len(node.args) != 2 or node.args[1] not in tracer.padding:
        return None
    ids = node.args[0]
    while ids.op == "call_function" and ids.target.__name__.split(".")[0] in ITSELF:
        ids = ids.args[0]
    value = ids.meta.get("val")
    if ids.op != "placeholder" or value is None or value.dtype.is_floating_point:
        return None
    tracer.assumed.add(node.args[1])
    return Constant(np.full(tuple(node.meta["val"].shape), MARKS[name]))


def without_padding(assumed: Collection[int]) -> str:
    """Say for which ids a network is what the model is, where it looks for padding."""
    if not assumed:
        return ""
    ids = " and ".join(map(str, sorted(assumed)))
    return f"For ids without padding: none of them is {ids}."
