"""What operators of ATen do with the k largest items, as routers among experts use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphgen.importers.operators import chosen, elementwise
from graphgen.importers.operators.chosen import Chosen
from graphgen.importers.torch.operators.registry import aten
from graphgen.importers.traced import Constant, Traced
from graphgen.importers.tracer import Tracer

ITSELF = {"alias", "clone", "contiguous", "to", "type_as", "detach", "_to_copy"}


@aten("topk")
def topk(
    t: Tracer, x: Traced, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
) -> tuple[Any, Any]:
    return chosen.top_k(t, x, k, dim, largest)


def of_chosen(t: Tracer, name: str, arguments: list[Any], named: dict[str, Any]) -> Any:
    """Give what an operator makes of chosen items, or None where they have to be put in order."""
    name = name.rstrip("_")
    x = arguments[0]
    if name in ITSELF and isinstance(x, Chosen):
        return x
    if name in COMBINED and len(arguments) == 2 and not named:
        apply, keeps_zero = COMBINED[name]
        sides = [_traced(each) for each in arguments]
        return chosen.combined(t, lambda a, b: apply(t, a, b), sides[0], sides[1], keeps_zero)
    if name == "sum" and isinstance(x, Chosen) and _dims(x, arguments) == [x.dim]:
        return chosen.summed(t, x, named.get("keepdim", arguments[2:3] == [True]))
    if name in ("softmax", "_softmax") and isinstance(x, Chosen) and _dims(x, arguments) == [x.dim]:
        return chosen.softmax(t, x)
    if name in FUNCTIONS and isinstance(x, Chosen) and len(arguments) == 1:
        return chosen.function_of(t, lambda value: elementwise.function(t, name, value), x)
    if name == "gather" and not isinstance(x, Chosen):
        return chosen.gathered(t, x, arguments[1], arguments[2])
    if name == "scatter" and len(arguments) == 4 and not isinstance(x, Chosen):
        items = arguments[3]
        return chosen.scattered(t, x, arguments[1], arguments[2], _traced(items))
    return None


COMBINED: dict[str, tuple[Callable[..., Traced], bool]] = {
    "add": (elementwise.add, False),
    "sub": (elementwise.subtract, False),
    "mul": (elementwise.multiply, True),
    "div": (elementwise.divide, True),
}
FUNCTIONS = {"sigmoid", "relu", "exp", "tanh", "sqrt"}


def _traced(x: Any) -> Any:
    import numpy as np

    return Constant(np.asarray(x)) if isinstance(x, (bool, int, float)) else x


def _dims(x: Chosen, arguments: list[Any]) -> list[int]:
    dims = arguments[1] if len(arguments) > 1 else []
    listed = dims if isinstance(dims, list) else [dims]
    return [d % len(x.shape) for d in listed]
