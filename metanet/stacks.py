"""Stacks: the tensors of many networks of one architecture, each with a first axis of networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphgen import Template
from graphgen.dtypes import is_real
from metanet.errors import MetanetError
from metanet.floats import HALF, as_floats
from metanet.options import shown
from metanet.sources import tensor_of

Stacks = Mapping[str, Tensor | NDArray[Any]]


def values_of_stacks(template: Template, stacks: Stacks) -> Tensor:
    """Flatten stacked tensors side by side: (networks, P), in the template's order.

    Raises one `MetanetError` for all that are missing, superfluous or misshapen.
    """
    check_stacks(template, stacks)
    rows = [stacks[t.name] for t in template.tensors if t.dtype.startswith("float")]
    if not rows:
        return torch.empty(networks_in(stacks) or 0, 0)
    arrays = [row.reshape(len(row), -1) for row in rows if isinstance(row, np.ndarray)]
    if len(arrays) == len(rows):
        return torch.from_numpy(np.concatenate([as_floats(row) for row in arrays], axis=1))
    tensors = [tensor_of("stacks", row) for row in rows]
    devices = sorted({str(tensor.device) for tensor in tensors})
    if len(devices) > 1:
        raise MetanetError(f"`stacks`: expected one device, got {', '.join(devices)}")
    wide = [t.float() if torch.finfo(t.dtype).bits <= HALF else t for t in tensors]
    return torch.cat([tensor.flatten(1) for tensor in wide], dim=1)


def networks_in(stacks: Stacks) -> int | None:
    """Give the number of networks by the first stack; None if there is none."""
    return next((len(stack) for stack in stacks.values() if stack.ndim), None)


def check_stacks(template: Template, stacks: Stacks) -> None:
    """Compare stacks with a template; counters and other integers may be left out."""
    if not isinstance(stacks, Mapping):
        raise MetanetError(
            f"`stacks` is {shown(stacks)}, expected a mapping of names to tensors or arrays, each "
            "with a first axis of networks"
        )
    for name, stack in stacks.items():
        if not isinstance(stack, (Tensor, np.ndarray)):
            raise MetanetError(
                f"`stacks`: {shown(name)} is {shown(stack)}, expected a tensor or an array"
            )
    count = networks_in(stacks)
    if count == 0:
        raise MetanetError("a batch needs at least one network, got none")
    wrong = []
    for tensor in template.tensors:
        floats = tensor.dtype.startswith("float")
        expected = f"[{', '.join(map(str, (count or 'networks', *tensor.shape)))}]"
        if tensor.name not in stacks:
            wrong += [f"  {tensor.name}: missing, expected shape {expected}"] if floats else []
            continue
        stack = stacks[tensor.name]
        if str(list(stack.shape)) != expected:
            wrong.append(f"  {tensor.name}: shape {list(stack.shape)}, expected {expected}")
        elif floats and not is_float(stack):
            wrong.append(f"  {tensor.name}: dtype {stack.dtype}, expected floating point")
    known = {tensor.name for tensor in template.tensors}
    wrong += [
        f"  {name}: not a tensor of this architecture" for name in stacks if name not in known
    ]
    if wrong:
        raise MetanetError("`stacks` do not fit the architecture:\n" + "\n".join(wrong))


def is_float(stack: Tensor | NDArray[Any]) -> bool:
    """Say whether numbers are real floats."""
    return stack.is_floating_point() if isinstance(stack, Tensor) else is_real(stack.dtype)
