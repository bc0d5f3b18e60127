"""Reshapes and transposes."""

from __future__ import annotations

from collections.abc import Sequence

from graphgen.importers.operators import shapes
from graphgen.importers.torch.operators.registry import aten
from graphgen.importers.traced import Traced
from graphgen.importers.tracer import Tracer


@aten("view", "reshape")
def reshape(t: Tracer, x: Traced, shape: Sequence[int]) -> Traced:
    return shapes.reshape(t, x, shape)


@aten("permute")
def permute(t: Tracer, x: Traced, dims: Sequence[int]) -> Traced:
    return shapes.permute(t, x, dims)


@aten("transpose")
def transpose(t: Tracer, x: Traced, dim0: int, dim1: int) -> Traced:
    return shapes.transpose(t, x, dim0, dim1)
