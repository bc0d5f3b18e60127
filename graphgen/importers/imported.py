"""What an import gives: an architecture, its YAML, and the weights where they lay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphgen.importers.network import Network
from graphgen.importers.rules import apply_rules
from graphgen.importers.traced import Batch
from graphgen.importers.writing import write_network
from spec import Architecture


@dataclass(frozen=True)
class Imported:
    """A network that was imported: `net, weights = from_onnx("model.onnx")`.

    `text` is the YAML that `net` was read from, `weights` are views of the model's own arrays by
    the architecture's names, and `batch_axes` says which axis of each of the model's inputs holds
    the samples (None: all of it is one sample); `output_batches` says it of its outputs. `unread`
    says which of the model's inputs play no part, and are none of the architecture's.
    """

    net: Architecture
    weights: dict[str, NDArray[Any]]
    text: str
    batch_axes: tuple[int | None, ...] = ()
    output_batches: tuple[Batch | None, ...] = ()
    unread: tuple[bool, ...] = ()

    def __iter__(self) -> Iterator[Any]:
        return iter((self.net, self.weights))

    def inputs_of(self, *arrays: ArrayLike) -> list[NDArray[Any]]:
        """Give inputs of the model as the architecture takes them, with the samples in front."""
        batches = [None if axis is None else Batch(axis) for axis in self.batch_axes]
        unread = self.unread or (False,) * len(batches)
        rows = zip(arrays, batches, unread, strict=True)
        return [samples_first(np.asarray(x), batch) for x, batch, left in rows if not left]

    def outputs_of(self, *arrays: ArrayLike) -> list[NDArray[Any]]:
        """Give outputs of the model as the architecture gives them, with the samples in front."""
        pairs = zip(arrays, self.output_batches, strict=True)
        return [samples_first(np.asarray(x), batch) for x, batch in pairs]


def samples_first(x: NDArray[Any], batch: Batch | None) -> NDArray[Any]:
    """Give an array of a model with its samples in front: one where all of it is a sample."""
    if batch is None:
        return x[None]
    axis = batch.axis
    samples = x.shape[axis] // batch.items
    shape = (*x.shape[:axis], batch.outer, samples, batch.inner, *x.shape[axis + 1 :])
    turned = np.moveaxis(x.reshape(shape), axis + 1, 0)
    items = [batch.items] if batch.items > 1 else []
    return turned.reshape(samples, *x.shape[:axis], *items, *x.shape[axis + 1 :])


def finish(network: Network, batch_axes: tuple[int | None, ...] = ()) -> Imported:
    """Rewrite, write and read back what was traced."""
    done = write_network(apply_rules(network))
    unread = tuple(name in done.unread for name in network.inputs)
    return Imported(done.net, done.weights, done.text, batch_axes, network.output_batches, unread)
