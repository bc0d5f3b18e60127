"""Where a network comes from: architectures and weights, from files, names, memory or settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, TypeAlias

import ml_dtypes
import numpy as np
import torch
from torch import Tensor

import spec
from graphgen import Checkpoint, GraphError
from graphgen.checkpoint.form import is_counter
from graphgen.sources import architecture_from, weights_from
from metanet.errors import MetanetError
from spec import Architecture, SpecError

Net: TypeAlias = Architecture | str | os.PathLike[str] | Mapping[str, Any]
"""An architecture, its YAML file, the name of a reference network, or its resolved form."""

Weights: TypeAlias = Mapping[str, Tensor] | str | os.PathLike[str]
"""Tensors by name; or the path of a file of weights, an index of shards, or their folder."""


def architecture_of(net: Net) -> Architecture:
    """Give the architecture that an argument stands for.

        architecture_of("net.yaml").outputs

    Raises `MetanetError` for what is none.
    """
    if isinstance(net, Architecture):
        return net
    try:
        if isinstance(net, Mapping):
            return spec.from_resolved(dict(net))
        return architecture_from(net)
    except (SpecError, GraphError) as error:
        text = str(error)
        raise MetanetError(text if text.startswith("`net`") else f"`net`: {text}") from error


def weights_of(weights: Weights, net: Architecture | None = None) -> dict[str, Tensor]:
    """Give the tensors by name that an argument stands for; arrays become tensors.

        weights_of("net.safetensors")["head.weight"].shape

    With an architecture they are its own, in the form that it has them, and counters that are
    missing are zero. Raises `MetanetError` for what has none.
    """
    if isinstance(weights, Mapping):
        given = {name: tensor_of(name, value) for name, value in weights.items()}
        for tensor in net.tensors.values() if net is not None else ():
            if tensor.name not in given and is_counter(tensor):
                given[tensor.name] = torch.zeros((), dtype=torch.int64)
        return given
    if not isinstance(weights, (str, os.PathLike)):
        raise MetanetError(
            f"`weights` is a {type(weights).__name__}, expected a mapping of tensors by name, or "
            "the path of a file of weights"
        )
    try:
        if net is None:
            found = weights_from(weights)
        else:
            found = Checkpoint.read(net, weights).weights
    except GraphError as error:
        raise MetanetError(f"`weights`: {error}") from error
    return {name: tensor_of(name, array) for name, array in found.items()}


def tensor_of(name: str, value: Any) -> Tensor:
    """Give a tensor, or an array as a tensor of the same dtype and numbers."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, np.ndarray):
        array = np.array(value, order="C")
        if array.dtype == ml_dtypes.bfloat16:
            return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
        try:
            return torch.from_numpy(array)
        except TypeError as error:
            raise MetanetError(f"`weights`: {name!r}: {error}") from None
    raise MetanetError(
        f"`weights`: {name!r} is a {type(value).__name__}, expected a tensor or an array"
    )
