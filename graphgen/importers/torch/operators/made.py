"""Weights that a module makes from others, as `torch.nn.utils.parametrizations` do."""

from __future__ import annotations

from typing import Any

from graphgen.importers.operators import elementwise, reductions
from graphgen.importers.torch.operators.registry import aten
from graphgen.importers.torch.reading import Reading
from graphgen.importers.traced import Constant, Parameter, Traced

SAME = ("clone", "detach", "alias", "contiguous", "flatten", "reshape", "view")


@aten("_weight_norm", "_weight_norm_interface")
def weight_norm(t: Reading, direction: Traced, length: Traced, dim: int = 0) -> Any:
    """Give `g v / norm(v)`, and say so to the layer that takes it."""
    rank = len(direction.shape)
    axes = [d for d in range(rank) if d != dim % rank] if dim != -1 else list(range(rank))
    norms = reductions.norm(t, direction, 2.0, axes, True)
    value = t.value(elementwise.multiply(t, direction, elementwise.divide(t, length, norms)))
    if isinstance(direction, Parameter) and isinstance(length, Parameter):
        how = {"weight_norm": {"dim": None if dim == -1 else dim % rank}}
        t.made[value.name] = how, {"original0": t.weight(length), "original1": t.weight(direction)}
    return [value, norms] if "interface" in t.source else value


def spectral_norm(t: Reading, weight: Traced, result: Traced, known: Any) -> None:
    """Say of `w / (u w v)` that it is a spectral norm, if the divisor is that."""
    node = t.node
    divisor = node.args[1] if len(node.args) > 1 else None
    if divisor is None or _name(divisor) not in ("vdot", "dot"):
        return
    if not isinstance(weight, Parameter):
        return
    left, product = divisor.args
    if _name(product) != "mv":
        return
    rows, dim = product.args[0], 0
    while _name(rows) in (*SAME, "permute"):
        dim = rows.args[1][0] if _name(rows) == "permute" else dim
        rows = rows.args[0]
    u, v = (known.get(_origin(each)) for each in (left, product.args[1]))
    whole = known.get(getattr(rows, "name", None))
    matches = isinstance(whole, Parameter) and whole.array is t.stored.get(whole.name)
    if not matches or not isinstance(u, Constant) or not isinstance(v, Constant):
        return
    if weight.array.shape != whole.array.shape or weight.name != whole.name:
        return
    tensors = {"original": t.weight(whole), "0._u": t.weight(u), "0._v": t.weight(v)}
    t.made[t.value(result).name] = {"spectral_norm": {"dim": dim}}, tensors


def _name(node: Any) -> str:
    schema = getattr(getattr(node, "target", None), "_schema", None)
    return schema.name.split("::")[-1] if schema is not None else ""


def _origin(node: Any) -> str:
    """Give the name of what a node copies."""
    while _name(node) in SAME:
        node = node.args[0]
    return str(getattr(node, "name", ""))
