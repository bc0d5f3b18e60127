"""The running statistics of norms, measured anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import torch
from torch import Tensor

from metanet.errors import MetanetError
from metanet.evaluate.arguments import check_weights
from metanet.evaluate.network import run
from metanet.options import shown
from metanet.sources import Net, Weights, architecture_of, weights_of
from spec.primitives import Elementwise, Normalise


def reset_statistics(
    net: Net, weights: Weights, batches: Iterable[tuple[Tensor, ...]]
) -> dict[str, Tensor]:
    """Give weights whose running statistics are the averages over batches of inputs.

        weights = metanet.evaluate.reset_statistics(net, weights, [(images,)])

    Networks in between two others need this: their activations vary less than those of either end
    (Jordan et al., ICLR 2023). Dropout is inactive. Raises `MetanetError` for no batches, and for
    what `run` does not take.
    """
    net = architecture_of(net)
    weights = weights_of(weights, net)
    check_weights(net, weights)
    if not isinstance(batches, Iterable) or isinstance(batches, (str, bytes, Tensor)):
        raise MetanetError(f"`batches` is {shown(batches)}, expected a list of tuples of tensors")
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
            if not isinstance(inputs, (tuple, list)):
                raise MetanetError(
                    f"`batches` has {shown(inputs)}, expected a tuple with a tensor for each input"
                )
            own = {name: tensor.clone() for name, tensor in weights.items()}
            own.update((name, torch.zeros_like(weights[name])) for name in momenta)
            run(net, own, *inputs, training=True)
            for name, momentum in momenta.items():
                sums[name] += own[name] / momentum
            count += 1
    if momenta and not count:
        raise MetanetError("`batches` is empty, expected at least one batch of inputs")
    return {**weights, **{name: total / max(count, 1) for name, total in sums.items()}}
