"""A product of two values, weighted for each pair of their features."""

from __future__ import annotations

from typing import Any

from graphgen.importers.operators.alignment import common_batch
from graphgen.importers.operators.elementwise import combine
from graphgen.importers.traced import Traced, Value
from graphgen.importers.tracer import Tracer


def bilinear(t: Tracer, x: Traced, y: Traced, weight: Traced, bias: Traced | None = None) -> Traced:
    """Give `x^T W_o y + b_o` of the last axes of two values that agree along all others."""
    values = [t.value(each) for each in (x, y)]
    batch = common_batch(t, values, len(values[0].shape))
    for each in values:
        t.axis(each, -1)
    out = int(weight.shape[0])
    fields: dict[str, Any] = {"out_features": out}
    tensors = {"weight": t.weight(weight)}
    if bias is None or isinstance(bias, Value):
        fields["bias"] = False
    else:
        tensors["bias"] = t.weight(bias, "the bias")
    shape = (*values[0].shape[:-1], out)
    found = t.layer("bilinear", values, shape, batch, fields, tensors)
    return combine(t, "add", [found, bias]) if isinstance(bias, Value) else found
