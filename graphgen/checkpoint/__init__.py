"""Checkpoints: weights under the names and in the layouts of other frameworks, read and written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from graphgen.checkpoint.form import Form, matrices_of
from graphgen.checkpoint.layout import to_stored
from graphgen.checkpoint.reading import Found, choose, filled, own_arrays, stored_arrays
from graphgen.errors import concerning
from graphgen.files import StoredWeights, claim_file, open_weights, write_weights
from graphgen.sources import (
    Net,
    Weights,
    architecture_from,
    network_from,
    output_path,
    place_of,
    weights_of_model,
)

__all__ = [
    "Checkpoint",
    "Form",
    "Found",
    "as_stored",
    "matrices_of",
    "open_checkpoint",
    "opened_weights",
]

Array = NDArray[Any]


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read: its weights, by the architecture's names and in its layouts.

        checkpoint = graphgen.Checkpoint.read(net, "net.safetensors")
        graph = graphgen.compile(net, checkpoint.weights)
        new = checkpoint.restore(graph.weights())       # bit by bit what was in the file

    `prefix` is what the checkpoint's names have before those that were expected, `lacked` what they
    lack. `filled` are the counters that were not there, and `unread` what was there and not read.
    """

    weights: dict[str, Array]
    prefix: str
    lacked: str
    filled: tuple[str, ...]
    unread: tuple[str, ...]
    stored: dict[str, Array]
    metadata: dict[str, str]
    form: Form
    found: Found

    @classmethod
    def read(cls, net: Net, weights: Weights | None = None) -> Checkpoint:
        """Read the weights of an architecture, as its `checkpoint` says that they are stored.

        They may be left out where `net` is a model that has its own (.onnx, .pt2, a folder).
        Raises `GraphError` that lists all names that are missing, misshapen or superfluous.
        """
        architecture, given = network_from(net, weights)
        return open_checkpoint(Form.of(architecture), given)

    def restore(self, weights: Weights) -> dict[str, Array]:
        """Give weights of the architecture in the form of this checkpoint: a bit-exact inverse.

        What was not read comes with them as it was, and counters that were not there stay away.
        """
        new = stored_arrays(self.found, own_weights(self.form, weights))
        return {name: new.get(name, array) for name, array in self.stored.items()}

    def write(self, file: str | os.PathLike[str], weights: Weights, replace: bool = False) -> None:
        """Write weights of the architecture to a file in the form of this checkpoint.

            checkpoint = graphgen.Checkpoint.read(net, "net.safetensors")
            checkpoint.write("same.safetensors", checkpoint.weights)

        A safetensors file has the same metadata, by which transformers knows what it is. Raises
        `GraphError` where there is something already, unless `replace`.
        """
        path = output_path(file, "file")
        claim_file(path, replace)
        write_weights(path, self.restore(weights), self.metadata)

    def __str__(self) -> str:
        notes = []
        if self.prefix or self.lacked:
            notes.append(str(self.found.naming))
        if self.filled:
            notes.append(f"{len(self.filled)} counters of batches are not there, and begin at 0")
        if self.unread:
            shown = ", ".join(self.unread[:3]) + (", ..." if len(self.unread) > 3 else "")
            notes.append(f"{len(self.unread)} are not read: {shown}")
        return "; ".join([f"{len(self.weights)} tensors", *notes])


def as_stored(net: Net, weights: Weights) -> dict[str, Array]:
    """Give weights of an architecture by the names and in the layouts of its checkpoints.

        stored = graphgen.as_stored(net, "net.safetensors")

    The first one is taken where several are declared, with its prefix. `Checkpoint.restore` gives
    them in the form of one that was read.
    """
    form = Form.of(architecture_from(net))
    arrays = own_weights(form, weights)
    layout = form.layouts[0]
    prefix = layout.declared.prefix
    result: dict[str, Array] = {}
    for entry in layout.entries:
        names = [prefix + name for name in entry.names]
        result |= dict(zip(names, to_stored(entry, arrays), strict=True))
    return result


def own_weights(form: Form, weights: Weights) -> dict[str, Array]:
    """Give weights as the architecture has them, whatever their form."""
    return open_checkpoint(form, weights).weights


def open_checkpoint(form: Form, weights: Weights, argument: str = "weights") -> Checkpoint:
    """Read weights that an argument stands for in the form of an architecture."""
    opened, in_memory = opened_weights(form, weights, argument)
    with concerning(place_of(weights, argument)):
        found = choose(form, opened, in_memory)
    own = own_arrays(form, found, opened.arrays)
    return Checkpoint(
        filled(form, own),
        found.naming.added,
        found.naming.dropped,
        tuple(tensor.name for tensor in form.tensors if tensor.name not in own),
        found.unread,
        opened.arrays,
        opened.metadata,
        form,
        found,
    )


def opened_weights(
    form: Form, weights: Weights, argument: str = "weights"
) -> tuple[StoredWeights, bool]:
    """Open weights that an argument stands for, and say whether they are arrays in memory."""
    if isinstance(weights, (str, os.PathLike)):
        own = weights_of_model(weights)
        if own is not None:
            return StoredWeights(own), True
        return open_weights(weights, form.section), False
    with concerning(f"`{argument}`"):
        return open_weights(weights), True
