"""Weights that are made from others, where a layer declares and where it applies them."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from spec.architecture import TensorSpec
from spec.parametrizations import low_rank, spectral_norm, weight_norm
from spec.parametrizations.kinds import Made, Parametrization
from spec.primitives import (
    Contract,
    Lookup,
    Preparation,
    Primitive,
    RefusalError,
    Shape,
    ShapeError,
    Window,
)

if TYPE_CHECKING:
    from spec.layer import Scope, Value


def declare(
    scope: Scope, local: str, shape: Shape, initial: tuple[str, float], how: Parametrization
) -> TensorSpec:
    """Declare the tensors of which a weight is made, and give the one that stands for it."""
    inside, _, last = local.rpartition(".")
    place = f"{inside}." if inside else ""
    others: tuple[TensorSpec, ...] = ()
    if how.kind in ("weight_norm", "spectral_norm"):
        prefix = local if how["legacy"] else f"{place}parametrizations.{last}"
        kind = weight_norm.declare if how.kind == "weight_norm" else spectral_norm.declare
        tensor, others = kind(scope, prefix, shape, initial, how)
    else:
        tensor = scope.declare(local, shape, initial)
    scope.made[tensor.name] = Made(how, place, initial, others)
    return tensor


def apply(scope: Scope, primitive: Primitive, x: Value, tensor: TensorSpec, made: Made) -> Value:
    """Apply a product, a convolution or a table with a weight that is made from other tensors."""
    is_table = isinstance(primitive, Lookup) and primitive.kind == "table"
    if not (is_table or isinstance(primitive, Contract | Window)):
        raise RefusalError(
            f"`parametrizations`: a weight of the primitive `{primitive.name}` cannot be made from "
            "others, one of `contract` (a matrix product), `window` (a convolution) or a table of "
            "`lookup` can"
        )
    if not isinstance(primitive, Contract | Window | Lookup) or primitive.prepared is not None:
        raise TypeError(f"expected a weight that is not made from others yet, got {primitive}")
    if made.how.kind == "weight_norm":
        return weight_norm.apply(scope, primitive, x, tensor, made)
    if made.how.kind == "spectral_norm":
        return spectral_norm.apply(scope, primitive, x, tensor, made)
    if made.how.kind == "weight_standardization":
        how = made.how
        axes = tuple(range(1, len(tensor.shape)))
        if how["unbiased"] and prod(tensor.shape[1:]) < 2:
            raise ShapeError(
                f"a weight of shape {list(tensor.shape)} has one number along its other axes, and "
                "so no unbiased variance"
            )
        ready = replace(
            primitive, prepared=Preparation("standard", axes, how["eps"], how["unbiased"])
        )
        return scope.record(ready, x, tensors=(tensor,))
    return low_rank.apply(scope, primitive, x, tensor, made)
