"""What depends on no input and no parameter is computed while a program is read, by torch."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from graphgen.importers.torch.arrays import to_numpy, to_torch
from graphgen.importers.traced import Constant
from graphgen.importers.tracer import Tracer

MOST_FOLDED = 1 << 26
"""The most numbers of a value that is computed while a program is read."""


def foldable(arguments: Any) -> bool:
    """Whether all tensors in an operator's arguments are constants."""
    if isinstance(arguments, (list, tuple)):
        return all(foldable(each) for each in arguments)
    if isinstance(arguments, dict):
        return all(foldable(each) for each in arguments.values())
    return not hasattr(arguments, "shape") or isinstance(arguments, Constant)


def fold(tracer: Tracer, node: Any, arguments: Any, named: Any) -> Any:
    """Run an operator on constants, as its node in the program says."""
    import torch

    if "rand" in str(node.target) or "bernoulli" in str(node.target):
        tracer.refuse("it draws random numbers", "a network computes the same each time")
    sizes = [prod(each.shape) for each in _tensors(node.meta.get("val"))]
    if sum(sizes) > MOST_FOLDED:
        tracer.refuse(f"a constant of {sum(sizes):,} numbers is more than an import computes")
    with torch.no_grad():
        result = node.target(*_restored(arguments, node.args), **_restored(named, node.kwargs))
    return _kept(result)


def _restored(argument: Any, node: Any) -> Any:
    """Give arguments as torch takes them, in the dtypes that the program has."""
    if isinstance(argument, Constant):
        value = getattr(node, "meta", {}).get("val")
        return to_torch(argument.array, getattr(value, "dtype", None))
    if isinstance(argument, (list, tuple)):
        parts = [_restored(each, own) for each, own in zip(argument, node, strict=True)]
        return type(argument)(parts) if type(argument) in (list, tuple) else parts
    if isinstance(argument, dict):
        return {key: _restored(each, node[key]) for key, each in argument.items()}
    return argument


def _kept(result: Any) -> Any:
    import torch

    if isinstance(result, torch.Tensor):
        array = to_numpy(result)
        return Constant(array.astype(np.float32) if array.dtype.name == "bfloat16" else array)
    if isinstance(result, (list, tuple)):
        return [_kept(each) for each in result]
    return result


def _tensors(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return [each for one in value for each in _tensors(one)]
    return [value] if hasattr(value, "shape") else []


def without_items(node: Any) -> Constant | None:
    """Give the result of an operator whose shape has no items, whatever it reads."""
    value = node.meta.get("val")
    # A length that depends on numbers is no integer yet.
    if hasattr(value, "shape") and any(isinstance(n, int) and n == 0 for n in value.shape):
        return Constant(np.zeros(tuple(value.shape)))
    return None
