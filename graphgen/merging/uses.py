"""What reads each value of an architecture, and how often each tensor is used."""

from __future__ import annotations

from spec import Architecture, Operation


def readers_of(net: Architecture) -> dict[str, list[Operation]]:
    """List the operations that read each value; one that reads it twice comes twice."""
    readers: dict[str, list[Operation]] = {}
    for operation in net.operations:
        for name in operation.inputs:
            readers.setdefault(name, []).append(operation)
    return readers


def uses_of(net: Architecture) -> dict[str, int]:
    """Count the uses of each tensor that is used."""
    uses: dict[str, int] = {}
    for operation in net.operations:
        for name in operation.parameters:
            uses[name] = uses.get(name, 0) + 1
    return uses
