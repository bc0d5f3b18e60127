"""Which networks can sit an exam together, and which scores rank them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor

from metanet.batch import Part
from metanet.errors import MetanetError
from metanet.options import shown
from metanet.views.view import architecture_of_part
from spec import Architecture
from spec.primitives import Elementwise

COORDINATES = 3
"""So many inputs at most has a network that represents a signal in space."""


def checked_scores(scores: Tensor | Sequence[float], count: int) -> Tensor:
    """Give scores as a tensor of float64; `MetanetError` if they are no shares of the networks."""
    try:
        found = torch.as_tensor(scores, dtype=torch.float64, device="cpu").detach()
    except (TypeError, ValueError, RuntimeError):
        found = torch.empty(0, 0)
    if tuple(found.shape) != (count,):
        raise MetanetError(
            f"`scores` is {shown(scores)}, expected {count} numbers, one for each network"
        )
    wrong = ~((found >= 0) & (found <= 1))
    if wrong.any():
        raise MetanetError(
            f"`scores` has {found[wrong][0].item():g}, expected the share of right answers of each "
            "network, from 0 to 1: an exam is of networks that tell classes apart"
        )
    return found


def common(parts: Sequence[Part]) -> tuple[list[tuple[int, ...]], int]:
    """Give the shapes of inputs and the number of classes that all networks share.

    Raises `MetanetError` for networks that differ in them, and for those that cannot be asked.
    """
    first = architecture_of_part(parts[0])
    for part in parts:
        net = architecture_of_part(part)
        part.check_values()
        refuse(net)
        if sides(net) != sides(first):
            raise MetanetError(
                "an exam is of networks that share their inputs and their classes; "
                f"{described(first)}, and {described(net)}"
            )
    return sides(first)


def sides(net: Architecture) -> tuple[list[tuple[int, ...]], int]:
    """Give the shapes of a network's inputs and the number of its outputs."""
    return [tuple(shape) for shape in net.inputs.values()], prod(net.output_shapes[0])


def described(net: Architecture) -> str:
    """Say what goes into a network and what comes out."""
    shapes = ", ".join(str(list(shape)) for shape in net.inputs.values())
    return f"{net.name!r} ({net.hash[:12]}) goes from {shapes} to {list(net.output_shapes[0])}"


def refuse(net: Architecture) -> None:
    """Raise `MetanetError` for a network that does not tell classes of real inputs apart."""
    shape = net.output_shapes[0]
    if max(shape, default=1) < 2 or max(shape) != prod(shape):
        raise MetanetError(
            f"{described(net)}; an exam is of networks with one output for each of several classes"
        )
    for name in net.index_inputs:
        raise MetanetError(
            f"the input {name!r} of {net.name!r} ({net.hash[:12]}) holds indices of a table; an "
            "exam is of networks that read numbers, since its inputs are found by gradients"
        )
    if sum(prod(shape) for shape in net.inputs.values()) <= COORDINATES and oscillates(net):
        raise MetanetError(
            f"{described(net)}, by sines: it represents a signal at coordinates, and an exam is of "
            "networks that tell classes of one task apart"
        )


def oscillates(net: Architecture) -> bool:
    """Say whether a network computes sines."""
    return any(
        isinstance(operation.primitive, Elementwise)
        and operation.primitive.function in ("sine", "cosine")
        for operation in net.operations
    )
