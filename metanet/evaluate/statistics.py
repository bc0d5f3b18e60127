"""The running statistics of norms, measured anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from metanet.evaluate.network import run
from spec import Architecture
from spec.primitives import Elementwise, Normalise


def reset_statistics(
    net: Architecture, weights: Mapping[str, Tensor], batches: Iterable[tuple[Tensor, ...]]
) -> dict[str, Tensor]:
    """Give weights whose running statistics are the averages over batches of inputs.

        weights = metanet.evaluate.reset_statistics(net, weights, [(images,)])

    Networks in between two others need this: their activations vary less than those of either end
    (Jordan et al., ICLR 2023). Dropout is inactive.
    """
    steady = tuple(
        replace(operation, primitive=replace(operation.primitive, arguments=(("p", 0.0),)))
        if isinstance(operation.primitive, Elementwise)
        and operation.primitive.function == "dropout"
        else operation
        for operation in net.operations
    )
    net = replace(net, operations=steady)
    momenta = {
        name: operation.primitive.momentum
        for operation in net.operations
        if isinstance(operation.primitive, Normalise)
        for name in operation.parameters[:2]
    }
    sums = {name: torch.zeros_like(weights[name]) for name in momenta}
    count = 0
    with torch.no_grad():
        for inputs in batches:
            own = {name: tensor.clone() for name, tensor in weights.items()}
            own.update((name, torch.zeros_like(weights[name])) for name in momenta)
            run(net, own, *inputs, training=True)
            for name, momentum in momenta.items():
                sums[name] += own[name] / momentum
            count += 1
    return {**weights, **{name: total / max(count, 1) for name, total in sums.items()}}
