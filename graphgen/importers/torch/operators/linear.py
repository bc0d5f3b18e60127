"""Linear maps and products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphgen.importers.operators import contraction, elementwise
from graphgen.importers.operators.bilinear import bilinear as form
from graphgen.importers.operators.shapes import transpose
from graphgen.importers.torch.operators.registry import aten
from graphgen.importers.traced import Traced
from graphgen.importers.tracer import Tracer


@aten("linear")
def linear(t: Tracer, x: Traced, weight: Traced, bias: Traced | None = None) -> Traced:
    return contraction.linear(t, x, weight, bias)


@aten("matmul", "mm", "bmm", "mv", "dot", "vdot", "linalg_matmul", "linalg_vecdot")
def matmul(t: Tracer, x: Traced, y: Traced) -> Traced:
    return contraction.matmul(t, x, y)


@aten("einsum")
def einsum(t: Tracer, equation: str, operands: Sequence[Traced], **named: Any) -> Traced:
    return contraction.einsum(t, equation, operands)


@aten("addmm", "baddbmm", "addmv")
def addmm(
    t: Tracer, bias: Traced, x: Traced, y: Traced, *, beta: float = 1, alpha: float = 1
) -> Traced:
    stored = len(y.shape) == 2 and len(bias.shape) == 1 and not _is_computed(y)
    if stored and (beta, alpha) == (1, 1):
        return contraction.linear(t, x, transpose(t, y, 0, 1), bias)
    product = contraction.matmul(t, x, y)
    if alpha != 1:
        product = elementwise.affine(t, product, float(alpha))
    return elementwise.add(t, product, bias, float(beta)) if beta else product


@aten("outer", "ger")
def outer(t: Tracer, x: Traced, y: Traced) -> Traced:
    return contraction.contract(t, ["a", "b"], "ab", [x, y])


@aten("inner")
def inner(t: Tracer, x: Traced, y: Traced) -> Traced:
    if not x.shape or not y.shape:
        return elementwise.multiply(t, x, y)
    front, behind = "abcdefgh"[: len(x.shape) - 1], "ijklmnop"[: len(y.shape) - 1]
    return contraction.contract(t, [front + "z", behind + "z"], front + behind, [x, y])


@aten("bilinear")
def bilinear(t: Tracer, x: Traced, y: Traced, weight: Traced, bias: Traced | None = None) -> Traced:
    return form(t, x, y, weight, bias)


def _is_computed(x: Traced) -> bool:
    return not hasattr(x, "array")
