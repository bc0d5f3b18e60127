"""Linear maps."""

from __future__ import annotations

from graphgen.importers.operators import contraction
from graphgen.importers.torch.operators.registry import aten
from graphgen.importers.traced import Traced
from graphgen.importers.tracer import Tracer


@aten("linear")
def linear(t: Tracer, x: Traced, weight: Traced, bias: Traced | None = None) -> Traced:
    return contraction.linear(t, x, weight, bias)
