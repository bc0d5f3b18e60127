"""Linear maps and products of matrices."""

from __future__ import annotations

from graphgen.importers.traced import Traced, Value
from graphgen.importers.tracer import Tracer


def linear(t: Tracer, x: Traced, weight: Traced, bias: Traced | None = None) -> Value:
    """Apply `x W^T + b` along the last axis."""
    value = t.value(x)
    t.axis(value, -1)
    tensors = {"weight": t.weight(weight)}
    if bias is not None:
        tensors["bias"] = t.weight(bias, "the bias")
    shape = (*value.shape[:-1], weight.shape[0])
    fields = {"out_features": int(weight.shape[0])} | ({"bias": False} if bias is None else {})
    return t.layer("linear", [value], shape, value.batch, fields, tensors)
