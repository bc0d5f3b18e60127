"""Norms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphgen.importers.operators import normalisation
from graphgen.importers.torch.operators.registry import aten
from graphgen.importers.torch.reading import Reading
from graphgen.importers.traced import Traced
from graphgen.importers.tracer import Tracer


@aten("batch_norm")
def batch_norm(
    t: Reading,
    x: Traced,
    weight: Traced | None,
    bias: Traced | None,
    mean: Traced | None,
    variance: Traced | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn: bool = False,
) -> Traced:
    if training or mean is None or variance is None:
        t.refuse(
            "it normalises by the statistics of the batch, of which no sample knows",
            "track running statistics, and import the module in eval mode",
        )
    return by_statistics(t, x, weight, bias, mean, variance, eps)


def by_statistics(
    t: Reading,
    x: Traced,
    weight: Traced | None,
    bias: Traced | None,
    mean: Traced,
    variance: Traced,
    eps: float,
) -> Traced:
    """Normalise by running statistics, beside which a module counts batches."""
    counter = t.beside(mean, "num_batches_tracked")
    return normalisation.batch_norm(t, x, weight, bias, mean, variance, eps, counter)


@aten("instance_norm")
def instance_norm(
    t: Reading,
    x: Traced,
    weight: Traced | None,
    bias: Traced | None,
    mean: Traced | None,
    variance: Traced | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn: bool = False,
) -> Traced:
    if use_input_stats or mean is None or variance is None:
        return normalisation.instance_norm(t, x, weight, bias, eps)
    return by_statistics(t, x, weight, bias, mean, variance, eps)


@aten("group_norm")
def group_norm(
    t: Tracer,
    x: Traced,
    groups: int,
    weight: Traced | None = None,
    bias: Traced | None = None,
    eps: float = 1e-5,
    cudnn: bool = True,
) -> Traced:
    return normalisation.group_norm(t, x, groups, weight, bias, eps)


@aten("layer_norm")
def layer_norm(
    t: Tracer,
    x: Traced,
    shape: Sequence[int],
    weight: Traced | None = None,
    bias: Traced | None = None,
    eps: float = 1e-5,
    cudnn: bool = True,
) -> Traced:
    return normalisation.layer_norm(t, x, shape, weight, bias, eps)


@aten("_native_batch_norm_legit_no_training")
def batch_norm_of_core(
    t: Reading,
    x: Traced,
    weight: Traced | None,
    bias: Traced | None,
    mean: Traced,
    variance: Traced,
    momentum: float,
    eps: float,
) -> list[Any]:
    return [by_statistics(t, x, weight, bias, mean, variance, eps), None, None]


@aten("native_layer_norm")
def native_layer_norm(
    t: Tracer,
    x: Traced,
    shape: Sequence[int],
    weight: Traced | None,
    bias: Traced | None,
    eps: float,
) -> list[Any]:
    return [normalisation.layer_norm(t, x, shape, weight, bias, eps), None, None]


@aten("native_group_norm")
def native_group_norm(
    t: Tracer,
    x: Traced,
    weight: Traced | None,
    bias: Traced | None,
    samples: int,
    channels: int,
    space: int,
    groups: int,
    eps: float,
) -> list[Any]:
    return [normalisation.group_norm(t, x, groups, weight, bias, eps), None, None]


@aten("rms_norm")
def rms_norm(
    t: Reading,
    x: Traced,
    shape: Sequence[int],
    weight: Traced | None = None,
    eps: float | None = None,
) -> Traced:
    import torch

    # Without one, torch takes the distance of 1 to the next number of the dtype.
    least = torch.finfo(t.node.meta["val"].dtype).eps if eps is None else eps
    return normalisation.rms_norm(t, x, shape, weight, least)
