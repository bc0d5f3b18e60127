"""What networks of a part answer to inputs: logits, all of them finite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import torch
from torch import Tensor

from metanet.batch import Part
from metanet.errors import MetanetError
from metanet.evaluate.network import run_operations
from metanet.evaluate.stack import _infer, run_stack
from metanet.models.probes import stacked
from metanet.views.view import architecture_of_part
from spec import Architecture
from spec.primitives import Normalise, Reshape, Transpose

AT_ONCE = 2**22
"""The most numbers that a value of the networks evaluated together may have."""
LARGEST = 1e4
"""No logit counts for more than this."""


@torch.no_grad()
def answers(part: Part, inputs: Sequence[Tensor]) -> Tensor:
    """Give the logits of each network of a part at inputs (n, ...): (networks, n, numbers).

    Several outputs stand side by side.
    """
    net = architecture_of_part(part)
    weights = stacked(part, net)
    inputs = [placed(x, part.values) for x in inputs]
    largest = max(prod(shape) for shape in net.shapes.values())
    inputs_at_once = max(1, min(len(inputs[0]), AT_ONCE // largest))
    networks_at_once = max(1, AT_ONCE // (largest * inputs_at_once))
    rows = []
    for first in range(0, len(part.values), networks_at_once):
        own = {name: w[first : first + networks_at_once] for name, w in weights.items()}
        pieces = [
            run_networks(net, own, [x[start : start + inputs_at_once] for x in inputs])
            for start in range(0, len(inputs[0]), inputs_at_once)
        ]
        rows.append(torch.cat(pieces, 1))
    return torch.cat(rows)


def run_networks(
    net: Architecture, weights: Mapping[str, Tensor], inputs: Sequence[Tensor]
) -> Tensor:
    """Run networks of one architecture on the same inputs: (networks, n, classes).

    Raises `MetanetError` for networks without weights.
    """
    if not weights:
        raise MetanetError(
            f"{net.name!r} ({net.hash[:12]}) has no weights, so there is nothing to ask; leave it "
            "out"
        )
    count = len(next(iter(weights.values())))
    if count == 1:
        only = {name: tensor[0] for name, tensor in weights.items()}
        found = several(run_operations(net, only, inputs, _infer))
        return logits(net, [one.unsqueeze(0) for one in found])
    return logits(net, several(run_stack(net, weights, *inputs)))


def several(outputs: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Give one output or more as a tuple."""
    return outputs if isinstance(outputs, tuple) else (outputs,)


def placed(inputs: Tensor, like: Tensor) -> Tensor:
    """Put inputs where weights are; those that hold numbers in their dtype too."""
    return inputs.to(like if inputs.is_floating_point() else like.device)


def logits(net: Architecture, outputs: Sequence[Tensor]) -> Tensor:
    """Give outputs (networks, n, ...) as logits (networks, n, numbers), all of them finite."""
    rows = torch.cat([one.reshape(*one.shape[:2], -1) for one in outputs], 2)
    if gives_probabilities(net):
        rows = rows.clamp_min(1e-12).log()
    return rows.nan_to_num(0.0, LARGEST, -LARGEST).clamp(-LARGEST, LARGEST)


def gives_probabilities(net: Architecture) -> bool:
    """Say whether a network ends in a softmax."""
    wanted = net.outputs[0]
    for operation in reversed(net.operations):
        if operation.output != wanted:
            continue
        primitive = operation.primitive
        if not isinstance(primitive, (Reshape, Transpose)):
            return isinstance(primitive, Normalise) and primitive.statistics == "softmax"
        wanted = operation.inputs[0]
    return False
