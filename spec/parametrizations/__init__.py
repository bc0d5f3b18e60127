"""Weights made from other tensors: weight norm, standardised weights, low-rank adapters.

    - conv1d: {out_channels: 8, kernel_size: 3, parametrizations: {weight: weight_norm}}

A tensor that a layer declares gets others in its place, and what the layer applies to it is applied
to what is made from these.
"""

from spec.parametrizations.kinds import KINDS, Made, Parametrization, read
from spec.parametrizations.made import apply, declare

__all__ = ["KINDS", "Made", "Parametrization", "apply", "declare", "read"]
