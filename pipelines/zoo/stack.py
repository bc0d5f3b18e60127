"""Stacks: which networks of a zoo can be trained together, with their weights stacked."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace

from pipelines.zoo.sampling import NetworkPlan
from spec.architecture import Operation
from spec.primitives import Elementwise

LIMIT = 256
"""Networks of a stack, unless told otherwise."""


def stacks(plans: Iterable[NetworkPlan], limit: int = LIMIT) -> list[tuple[int, ...]]:
    """Group planned networks into stacks, as their indices.

        stacks(plan(settings, index) for index in range(settings.count))

    The networks of a stack have the same operations and tensors, but for the rates of dropout, one
    batch size and one optimizer. It has `limit` networks at most, and those with most steps come
    first, so that few of them wait for few others.
    """
    groups: dict[Hashable, list[tuple[float, int]]] = {}
    for plan in plans:
        length = plan.training["epochs"] * plan.training["train_fraction"]
        groups.setdefault(stack_key(plan), []).append((-length, plan.index))
    return [
        tuple(index for _, index in members[first : first + limit])
        for members in map(sorted, groups.values())
        for first in range(0, len(members), limit)
    ]


def stack_key(plan: NetworkPlan) -> Hashable:
    """Give what two networks have in common if and only if they can share a stack."""
    net = plan.net
    return (
        tuple(net.inputs.items()),
        tuple(_without_rate(operation) for operation in net.operations),
        net.outputs,
        tuple(net.tensors.items()),
        plan.training["batch_size"],
        plan.training["optimizer"],
    )


def _without_rate(operation: Operation) -> Operation:
    primitive = operation.primitive
    if isinstance(primitive, Elementwise) and primitive.function == "dropout":
        return replace(operation, primitive=replace(primitive, arguments=()))
    return operation
