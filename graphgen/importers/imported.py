"""What an import gives: an architecture, its YAML, and the weights where they lay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphgen.importers.counted import with_numbers
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
    says which of the model's inputs play no part, and are none of the architecture's. `unsaid` are
    the tensors that the model's file has in no form that the section `checkpoint` of `text` can
    say: where there are any, it is the `weights` that fit `text`, and not the file.
    """

    net: Architecture
    weights: dict[str, NDArray[Any]]
    text: str
    batch_axes: tuple[int | None, ...] = ()
    output_batches: tuple[Batch | None, ...] = ()
    unread: tuple[bool, ...] = ()
    unsaid: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Any]:
        return iter((self.net, self.weights))

    def inputs_of(self, *arrays: ArrayLike) -> list[NDArray[Any]]:
        """Give inputs of the model as the architecture takes them, with the samples in front.

        What nothing reads is left out; what is one for all samples is given to each; numbers that
        are no indices become floats.
        """
        given = [np.asarray(x) for x in arrays]
        count = self._samples(given)
        unread = self.unread or (False,) * len(given)
        kept = [
            _of_samples(x, None if axis is None else Batch(axis), count)
            for x, axis, left in zip(given, self.batch_axes, unread, strict=True)
            if not left
        ]
        return [
            _as_numbers(x, name in self.net.index_inputs).reshape(len(x), *shape)
            for x, (name, shape) in zip(kept, self.net.inputs.items(), strict=True)
        ]

    def outputs_of(self, *arrays: ArrayLike, samples: int | None = None) -> list[NDArray[Any]]:
        """Give outputs of the model as the architecture gives them, with the samples in front.

        Those that are the same for all are given to each of so many `samples`.
        """
        given = [np.asarray(x) for x in arrays]
        pairs = list(zip(given, self.output_batches, strict=True))
        known = [len(samples_first(x, batch)) for x, batch in pairs if batch is not None]
        count = samples or (known[0] if known else 1)
        return [_of_samples(x, batch, count) for x, batch in pairs]

    def _samples(self, given: Sequence[NDArray[Any]]) -> int:
        pairs = zip(given, self.batch_axes, strict=True)
        return next((x.shape[axis] for x, axis in pairs if axis is not None), 1)


def _of_samples(x: NDArray[Any], batch: Batch | None, count: int) -> NDArray[Any]:
    first = samples_first(x, batch)
    return np.repeat(first, count, 0) if batch is None else first


def _as_numbers(x: NDArray[Any], indices: bool) -> NDArray[Any]:
    """Give numbers that a model takes as integers or booleans, but not indices, as floats."""
    return x if indices or x.dtype.kind not in "iub" else x.astype(np.float64)


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


def finish(network: Network, batch_axes: tuple[int | None, ...] = (), origin: str = "") -> Imported:
    """Rewrite, write and read back what was traced; `origin` says in the text what it was."""
    done = write_network(
        replace(
            apply_rules(with_numbers(network)),
            origin=" ".join(filter(None, (origin, network.origin))),
        )
    )
    unread = tuple(name in done.unread for name in network.inputs)
    return Imported(
        done.net,
        done.weights,
        done.text,
        batch_axes,
        network.output_batches,
        unread,
        done.unsaid,
    )
