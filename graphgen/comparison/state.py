"""Weights that are not those of the module that they are compared with."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphgen.comparison.torch_module import TorchModule, array_of_tensor
from graphgen.comparison.wide import Wide
from graphgen.dtypes import is_real

ROUNDING = 1e-2
"""A difference below this share of a tensor's largest number may come from half precision."""


def other_weights(wide: Wide, torch: TorchModule) -> str:
    """Say which tensors have other numbers than the module's of the same names, if any have.

    A tensor of another shape, or one that is stored transposed, is not compared.
    """
    state: dict[str, Any] = torch.module.state_dict()
    differing = []
    for name, ours in wide.weights.items():
        names = [name] if name in state else [key for key in state if key.endswith(f".{name}")]
        if len(names) != 1 or not is_real(ours.dtype):
            continue
        theirs = array_of_tensor(state[names[0]])[0].astype(np.float64)
        if theirs.shape != ours.shape:
            continue
        within = ROUNDING * float(np.abs(theirs).max(initial=0.0))
        forms = [theirs, theirs.T] if theirs.T.shape == ours.shape else [theirs]
        if not any(np.abs(ours - form).max(initial=0.0) <= within for form in forms):
            differing.append(name)
    if not differing:
        return ""
    shown = ", ".join(differing[:3]) + (", ..." if len(differing) > 3 else "")
    return (
        f"the weights are not the module's: {len(differing)} of {len(wide.weights)} tensors have "
        f"other numbers ({shown}); give module.state_dict(), or the file that was loaded into it"
    )
