"""Weights that are made from others, in random layers, and networks that only differ in how."""

from __future__ import annotations

from typing import Any

from spec.primitives import Shape
from spec.testing.pen import Fields, Pen
from spec.testing.twins import VECTOR, rows

WAYS: tuple[Any, ...] = (
    "weight_norm",
    {"weight_norm": {"dim": None}},
    {"weight_norm": {"legacy": True}},
    {"weight_norm": {"dim": 1}},
    {"weight_norm": {"dim": -2, "legacy": True}},
    "spectral_norm",
    {"spectral_norm": {"legacy": True, "dim": 1}},
    {"spectral_norm": {"dim": -1}},
    "weight_standardization",
    {"weight_standardization": {"eps": 0.1}},
    {"weight_standardization": {"unbiased": True, "eps": 0.1}},
    {"lora": {"rank": 1}},
    {"lora": {"rank": 2, "alpha": 3}},
    {"dora": {"rank": 1}},
    {"dora": {"rank": 2, "alpha": 3}},
)
"""Ways to make any weight."""

KERNELS = (*WAYS, {"weight_norm": {"dim": 2}}, {"spectral_norm": {"dim": 2}})
"""Ways to make the weight of a convolution."""


def made_weight(pen: Pen, x: Shape) -> Fields:
    """Write, now and then, that the weight of a layer is made from others."""
    return {"parametrizations": {"weight": pen.pick(WAYS)}} if pen.chance(0.1) else {}


def made_kernel(pen: Pen, x: Shape) -> Fields:
    """Write, now and then, that the weight of a convolution is made from others."""
    return {"parametrizations": {"weight": pen.pick(KERNELS)}} if pen.chance(0.1) else {}


def made(how: str) -> str:
    """Put a linear map whose weight is made so between two others."""
    said = f", parametrizations: {{weight: {how}}}" if how else ""
    middle = f"linear: {{out_features: 4{said}}}"
    return VECTOR + rows("relu", middle, "relu", "linear: {out_features: 2}")


def kernel(how: str) -> str:
    """Put a convolution whose kernel is made so between two others."""
    said = f"parametrizations: {{weight: {how}}}"
    middle = f"conv1d: {{out_channels: 2, kernel_size: 3, groups: 2, {said}}}"
    first, last = ("conv1d: {out_channels: 2, kernel_size: 1}" for _ in range(2))
    return "inputs: {x: [2, 5]}\nlayers:\n" + rows(first, "tanh", middle, "tanh", last)


MADE_TWINS: dict[str, tuple[str, str]] = {
    "standardised weight": (made(""), made("weight_standardization")),
    "eps of a standardised weight": (
        made("weight_standardization"), made("{weight_standardization: {eps: 0.1}}"),
    ),
    "unbiased variance of a standardised weight": (
        made("weight_standardization"), made("{weight_standardization: {unbiased: true}}"),
    ),
    "rows of a spectral norm": (made("spectral_norm"), made("{spectral_norm: {dim: 1}}")),
    "lengths of a normed weight": (made("weight_norm"), made("{weight_norm: {dim: null}}")),
    "axis of the lengths": (made("weight_norm"), made("{weight_norm: {dim: 1}}")),
    "lengths beside an adapter": (made("{lora: {rank: 2}}"), made("{dora: {rank: 2}}")),
    "factor of an adapter with lengths": (
        made("{dora: {rank: 2}}"), made("{dora: {rank: 2, alpha: 2}}"),
    ),
    "axis of the lengths of a kernel": (
        kernel("{weight_norm: {dim: 1}}"), kernel("{weight_norm: {dim: 2}}"),
    ),
    "lengths of all of a kernel's places": (
        kernel("{weight_norm: {dim: 2}}"), kernel("{weight_norm: {dim: null}}"),
    ),
    "factor of an adapter": (made("{lora: {rank: 2}}"), made("{lora: {rank: 2, alpha: 2}}")),
}  # fmt: skip
"""Pairs of descriptions, by how their functions differ."""
