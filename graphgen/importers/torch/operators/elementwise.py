"""Functions of single numbers and arithmetic."""

from __future__ import annotations

from typing import Any

from graphgen.importers.operators import elementwise
from graphgen.importers.torch.operators.registry import aten
from graphgen.importers.traced import Traced
from graphgen.importers.tracer import Tracer


@aten("relu")
def relu(t: Tracer, x: Traced) -> Traced:
    return elementwise.function(t, "relu", x)


@aten("tanh")
def tanh(t: Tracer, x: Traced) -> Traced:
    return elementwise.function(t, "tanh", x)


@aten("add")
def add(t: Tracer, x: Traced, y: Any, alpha: float = 1) -> Traced:
    return elementwise.combine(t, "add", [x, y])
