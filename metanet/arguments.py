"""Arguments of batches: what can be an index, a device or dtype, or a list of tensors."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any, TypeGuard

import numpy as np
import torch
from torch import Tensor

from metanet.errors import MetanetError
from metanet.options import shown


def checked_indices(indices: Any, count: int) -> list[int]:
    """Give indices of `count` networks as integers, counted from 0."""
    if isinstance(indices, (Tensor, np.ndarray)):
        indices = indices.tolist()
    if isinstance(indices, (str, bytes)) or not hasattr(indices, "__iter__"):
        raise MetanetError(f"`indices` is {shown(indices)}, expected a list of integers")
    chosen = []
    for index in indices:
        if isinstance(index, bool) or not hasattr(index, "__index__"):
            raise MetanetError(f"`indices` has {shown(index)}, expected integers")
        number = operator.index(index)
        if not -count <= number < count:
            raise MetanetError(
                f"`indices` has {shown(number)}, and the set has {count} networks: expected "
                f"integers from 0 to {count - 1}"
            )
        chosen.append(number % count)
    return chosen


def checked_views(views: Any) -> dict[str, str]:
    """Give the names of views in a graph set by those in a batch."""
    pairs = views if isinstance(views, Mapping) else None
    if pairs is None and not isinstance(views, (str, bytes)) and hasattr(views, "__iter__"):
        names = list(views)
        pairs = dict(zip(names, names, strict=True)) if all_names(names) else None
    if pairs is None or not all_names([*pairs.keys(), *pairs.values()]):
        raise MetanetError(
            f"`views` is {shown(views)}, expected a list of names of views, or a mapping of such "
            "names to those in the graph set"
        )
    return dict(pairs)


def all_names(given: list[Any]) -> bool:
    """Say whether all of a list are names."""
    return all(isinstance(one, str) for one in given)


def checked_target(target: Any) -> torch.device | torch.dtype:
    """Give a device or a floating-point dtype."""
    if isinstance(target, torch.device):
        return target
    if isinstance(target, torch.dtype) and target.is_floating_point:
        return target
    if isinstance(target, (str, int)) and not isinstance(target, bool):
        try:
            return torch.device(target)
        except (RuntimeError, ValueError):
            pass
    raise MetanetError(
        f"a batch cannot move to {shown(target)}, expected a device such as 'cuda', or a "
        "floating-point dtype such as torch.float64"
    )


def are_tensors(given: Any) -> TypeGuard[list[Tensor] | tuple[Tensor, ...]]:
    """Say whether something is a list of tensors."""
    return isinstance(given, (list, tuple)) and all(isinstance(one, Tensor) for one in given)
