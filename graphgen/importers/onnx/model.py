"""A model of ONNX: its file or its object becomes a network."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphgen.errors import GraphError
from graphgen.importers.batches import with_batch
from graphgen.importers.imported import Imported, finish
from graphgen.importers.network import Network
from graphgen.importers.onnx.files import check_model, read_file
from graphgen.importers.onnx.graphs import DOMAINS, Frame, Reader
from graphgen.importers.onnx.inputs import Input, advice, inputs_of
from graphgen.importers.onnx.names import plain
from graphgen.importers.refusal import ImportRefusalError
from graphgen.importers.traced import Traced
from graphgen.importers.tracer import Tracer
from spec import SpecError


@dataclass
class Model:
    """A model, ready to be traced once for each place of the samples."""

    proto: Any
    folder: Path | None
    name: str
    inputs: list[Input]
    arrays: dict[int, Any] = field(default_factory=dict)

    def trace(self, axes: tuple[int | None, ...], samples: int | None) -> Network:
        """Read the model with the samples along these axes of its inputs."""
        tracer = Tracer(self.name, samples)
        reader = Reader(self.proto, self.folder, tracer, self.arrays)
        versions = {DOMAINS.get(o.domain, o.domain): o.version for o in self.proto.opset_import}
        frame = Frame({"": 1, **versions})
        for each, axis in zip(self.inputs, axes, strict=True):
            frame.values[each.name] = tracer.input(each.plain, each.shape, axis)
            frame.kinds[each.name] = each.kind
        outputs = reader.run(self.proto.graph, frame)
        if not outputs:
            raise ImportRefusalError(f"{self.name}: the model has no outputs")
        tracer.scope, tracer.source = "", "the output"
        values: list[Any] = []
        for x in outputs:
            if isinstance(x, list):
                tracer.refuse("a sequence, expected a tensor")
            values.append(_own(tracer, x, values))
        return tracer.network(values)


def _own(tracer: Tracer, x: Traced, before: Sequence[Any]) -> Any:
    """Give an output a value of its own, where it is an input or another output."""
    value = tracer.value(x)
    if value.name in tracer.inputs or any(value.name == other.name for other in before):
        return tracer.layer("identity", [value], value.shape, value.batch)
    return value


def from_onnx(
    model: Any,
    *,
    batch_axis: int | str | None = "auto",
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> Imported:
    """Import a model of ONNX, from its file or as a `ModelProto`.

        net, weights = graphgen.importers.from_onnx("model.onnx")

    External data are read from the model's folder only. `shapes` gives the shapes of inputs of
    which the model leaves lengths open, by the names of the inputs, without the samples or with.
    Raises `ImportRefusalError` for what cannot be said exactly, with operator and reason.
    """
    folder, source = None, "the model"
    if isinstance(model, (str, os.PathLike)):
        path = Path(model)
        folder, source = path.parent, str(path)
        model = read_file(path)
    try:
        check_model(model, source)
        name = plain(model.graph.name) or "network"
        tries = [inputs_of(model.graph, shapes, source)]
        if any(each.free for each in tries[0]):
            tries.append(inputs_of(model.graph, shapes, source, samples=1))
        return _first_that_goes(model, folder, name, tries, batch_axis)
    except SpecError as error:
        raise ImportRefusalError(f"{source}: what it becomes is no network: {error}") from error
    except UnicodeDecodeError as error:
        raise ImportRefusalError(f"{source}: a name in the model is no text") from error
    except MemoryError as error:
        raise ImportRefusalError(
            f"{source}: it takes more memory than there is: {error}"
        ) from error


def _check_free(inputs: Sequence[Input], found: Imported) -> None:
    """Refuse axes of no said length that hold no samples: a network has each length."""
    for each, axis, unread in zip(inputs, found.batch_axes, found.unread, strict=True):
        others = [free for free in each.free if free != axis]
        if others and not unread:
            raise ImportRefusalError(
                f"the input {each.name!r} has an axis {others[0]} of no said length, which holds "
                f"no samples; {advice(each.name)}"
            )


def _first_that_goes(
    model: Any,
    folder: Path | None,
    name: str,
    tries: Sequence[list[Input]],
    batch_axis: int | str | None,
) -> Imported:
    """Import with a number of samples that other sizes do not have; or with one, if that fails."""
    reason: GraphError | None = None
    arrays: dict[int, Any] = {}
    for inputs in tries:
        read = Model(model, folder, name, inputs, arrays)
        try:
            network, axes = with_batch(read.trace, [each.shape for each in inputs], batch_axis)
            found = finish(network, axes, f"From the graph {name} of an ONNX model.")
            _check_free(inputs, found)
            return found
        except GraphError as error:
            reason = reason or error
    raise reason or ImportRefusalError("there is nothing to import")
