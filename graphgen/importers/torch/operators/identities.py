"""What changes no number: casts, copies, dropout once a network is trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphgen.importers.operators.elementwise import truth
from graphgen.importers.operators.shapes import expand
from graphgen.importers.torch.operators.registry import aten, traced
from graphgen.importers.torch.reading import BOOLEAN, COMPLEX, FLOAT, INTEGER, Reading, kind_of
from graphgen.importers.traced import Constant, Traced


@aten(
    "contiguous", "clone", "detach", "alias", "alias_copy", "lift_fresh", "lift_fresh_copy",
    "lift", "positive", "requires_grad", "cpu", "real", "conj", "resolve_conj", "resolve_neg",
    "data",
)  # fmt: skip
def identity(t: Reading, x: Traced, *rest: Any, **named: Any) -> Traced:
    return x


@aten("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout")
def dropout(t: Reading, x: Traced, p: float, train: bool) -> Traced:
    if train and p:
        t.refuse("it draws what it zeroes while the network is trained",
                 "import the module in eval mode")  # fmt: skip
    return x


@aten("native_dropout")
def native_dropout(t: Reading, x: Traced, p: float, train: bool | None) -> Any:
    return [dropout(t, x, p, bool(train)), None]


@aten("to", "_to_copy", "type_as", "to_dtype_layout")
def cast(t: Reading, x: Traced, *rest: Any, **named: Any) -> Traced:
    return cast_to(t, x, kind_of(t.node.args[0]), t.kind())


def cast_to(t: Reading, x: Traced, before: str, after: str) -> Traced:
    """Give the same numbers as another kind; floats are not cut to integers."""
    if COMPLEX in (before, after):
        t.refuse("it computes with complex numbers")
    if after == BOOLEAN and before != BOOLEAN:
        return truth(t, x)
    if before == FLOAT and after == INTEGER:
        t.refuse("it cuts numbers to integers, which the language has no layer for")
    return x


@aten("copy")
def copy(t: Reading, x: Traced, source: Traced, non_blocking: bool = False) -> Traced:
    cast_to(t, source, kind_of(t.node.args[1]), t.kind())
    return source if source.shape == x.shape else expand(t, source, x.shape)


@aten("zeros_like", "ones_like", "full_like", "new_zeros", "new_ones", "new_full", "empty_like",
      "new_empty", "fill", "zero")  # fmt: skip
def filled(t: Reading, x: Traced, *rest: Any, **named: Any) -> Traced:
    word = t.source.split(".")[1]
    if word in ("empty_like", "new_empty"):
        value: Any = 0.0  # read by nobody before it is written
    elif word in ("full_like", "fill"):
        value = named.get("fill_value", rest[0] if rest else 0.0)
    elif word == "new_full":
        value = rest[1]
    else:
        value = 1.0 if "ones" in word else 0.0
    shape = t.shape
    if isinstance(value, Constant):
        return Constant(np.broadcast_to(value.array, shape))
    if isinstance(value, (bool, int, float)):
        dtype = {FLOAT: np.float64, INTEGER: np.int64, BOOLEAN: np.bool_}.get(t.kind(), np.float64)
        return Constant(np.broadcast_to(np.asarray(value, dtype), shape))
    return expand(t, traced(value), shape)
