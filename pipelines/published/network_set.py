"""What every reader of a published set gives: its networks, one by one."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from graphgen import Checkpoint
from graphgen.errors import concerning
from spec import Architecture

Weights = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class StoredNetwork:
    """A network of a published set.

    Attributes:
        family: which of the set's architectures it has.
        net: the architecture.
        weights: its tensors by the architecture's names, views of what the authors stored.
        source: where in the set's folder it is.
        variables: the values of the architecture's variables.
        training: what is known of how it was trained.
        metrics: what is known of how good it is; None where that is no finite number.
        labels: of an implicit neural representation, those of the signal it encodes; else None.
        about: further fields of its record: `split`, `signal`, `signal_split`, `copy`, `offset`.
    """

    family: str
    net: Architecture
    weights: Weights
    source: str
    variables: Mapping[str, Any]
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    labels: Mapping[str, Any] | None = None
    about: Mapping[str, Any] = field(default_factory=dict)


class NetworkSet(ABC):
    """A published set whose folder was looked through.

    `networks` has a list of handles for each network, one for each of its checkpoints in the order
    of training; `source` identifies what the folder holds, by names, sizes and the text files;
    `signals` names the signals that the networks encode, if they are implicit neural
    representations.

        networks = open_set("small_cnn_zoo", "data/cifar10")
        first = networks.read(networks.networks[0][-1])
    """

    networks: Sequence[Sequence[Any]]
    source: str
    signals: Mapping[str, Any] | None = None

    @abstractmethod
    def read(self, handle: Any) -> StoredNetwork:
        """Read the network of a handle; `PipelineError` or `GraphError` where it is damaged."""


def fitted(net: Architecture, weights: Weights, place: object) -> dict[str, NDArray[Any]]:
    """Give the weights that an architecture has, by its names and in its layouts, as views."""
    with concerning(place):
        return Checkpoint.read(net, weights).weights


def finite(value: Any) -> float | None:
    """Give a number of a table or a log as a float; None where it is none that is finite."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
