"""What an import gives: an architecture, its YAML, and the weights where they lay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

import spec
from graphgen.importers.network import Network
from graphgen.importers.rules import apply_rules
from graphgen.importers.writing import write
from spec import Architecture


@dataclass(frozen=True)
class Imported:
    """A network that was imported: `net, weights = from_onnx("model.onnx")`.

    `text` is the YAML that `net` was read from, `weights` are views of the model's own arrays by
    the architecture's names, and `batch_axes` says which axis of each of the model's inputs holds
    the samples (None: all of it is one sample).
    """

    net: Architecture
    weights: dict[str, NDArray[Any]]
    text: str
    batch_axes: tuple[int | None, ...] = ()

    def __iter__(self) -> Iterator[Any]:
        return iter((self.net, self.weights))


def finish(network: Network, batch_axes: tuple[int | None, ...] = ()) -> Imported:
    """Rewrite, write and read back what was traced."""
    text, weights = write(apply_rules(network))
    return Imported(spec.loads(text), weights, text, batch_axes)
