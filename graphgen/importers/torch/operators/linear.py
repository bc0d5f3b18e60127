"""Linear maps and products."""

from __future__ import annotations

from collections.abc import Sequence

from graphgen.importers.operators import contraction
from graphgen.importers.torch.operators.registry import aten
from graphgen.importers.traced import Traced
from graphgen.importers.tracer import Tracer


@aten("linear")
def linear(t: Tracer, x: Traced, weight: Traced, bias: Traced | None = None) -> Traced:
    return contraction.linear(t, x, weight, bias)


@aten("matmul", "mm", "bmm", "mv", "dot", "vdot")
def matmul(t: Tracer, x: Traced, y: Traced) -> Traced:
    return contraction.matmul(t, x, y)


@aten("einsum")
def einsum(t: Tracer, equation: str, operands: Sequence[Traced], path: object = None) -> Traced:
    return contraction.einsum(t, equation, operands)
