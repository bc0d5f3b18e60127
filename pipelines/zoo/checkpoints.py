"""Checkpoints: a network as it was on the way through its training, each a record of the zoo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def marks(steps: int, checkpoints: int) -> list[int]:
    """Say after how many steps each checkpoint is taken: equal shares, the last at the end.

    >>> marks(10, 4)
    [2, 5, 8, 10]
    """
    return [max(1, round(steps * (i + 1) / checkpoints)) for i in range(checkpoints)]


def network_of(record: Mapping[str, Any]) -> int:
    """Give the number of the network that a record is a checkpoint of.

    Splits are drawn by it: all checkpoints of a network are in one split.
    """
    number: int = record.get("network", record["index"])
    return number


def is_last(record: Mapping[str, Any]) -> bool:
    """Say whether a record is a network at the end of its training."""
    checkpoint: int = record.get("checkpoint", 1)
    return checkpoint == record.get("checkpoints", 1)
