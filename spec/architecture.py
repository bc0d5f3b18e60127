"""The architecture: what a description means, once everything in it is spelled out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from spec.checkpoint import CheckpointMap, literal
from spec.primitives import (
    Concat,
    Elementwise,
    Fixed,
    Learned,
    Lookup,
    Primitive,
    Reshape,
    Shape,
    Slice,
    Take,
    Transpose,
    show,
)


@dataclass(frozen=True)
class TensorSpec:
    """A named parameter or buffer: its shape, its dtype, and how a new network fills it.

    `initial` is `("uniform", bound)`, `("normal", standard deviation)` or `("constant", value)`, as
    PyTorch's own layers begin; `("statistic", value)` is one that training measures.
    """

    name: str
    shape: Shape
    dtype: str
    trainable: bool
    initial: tuple[str, float]

    @property
    def fixed(self) -> bool:
        """Whether the numbers are as they are, and no permutation of neurons moves them along."""
        return not self.trainable and self.initial[0] != "statistic"


@dataclass(frozen=True)
class Operation:
    """One primitive applied to named values and tensors; `layer` tags what it came from."""

    primitive: Primitive
    inputs: tuple[str, ...]
    parameters: tuple[str, ...]
    output: str
    layer: str


@dataclass(frozen=True)
class ResolvedLayer:
    """A layer of the resolved form: its type, all its fields, its inputs and its tensors.

    `further` are the names of the values that it gives beside its output.
    """

    name: str
    type: str
    fields: Mapping[str, Any]
    inputs: tuple[str, ...]
    output: str
    output_shape: Shape
    tensors: Mapping[str, str] = field(default_factory=dict)
    parametrizations: Mapping[str, Any] = field(default_factory=dict)
    further: tuple[str, ...] = ()


@dataclass(frozen=True)
class Architecture:
    """A network's architecture: named inputs, flat layers, and the primitives they expand to.

        net = spec.load("net.yaml", width=32)
        net.parameters["head.weight"]        # (10, 64)
        print(net)                           # a table of the layers

    `shapes` holds the shape of every value, by name. All shapes leave out the batch axis.
    `checkpoints` say how files have the tensors, where they differ, and `axes` what the axes of
    those inputs hold of which it is said.
    """

    name: str
    inputs: Mapping[str, Shape]
    layers: tuple[ResolvedLayer, ...]
    operations: tuple[Operation, ...]
    outputs: tuple[str, ...]
    shapes: Mapping[str, Shape]
    tensors: Mapping[str, TensorSpec]
    checkpoints: tuple[CheckpointMap, ...] = ()
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def parameters(self) -> Mapping[str, Shape]:
        """The trainable tensors: name -> shape, in order of first use."""
        return MappingProxyType({n: t.shape for n, t in self.tensors.items() if t.trainable})

    @cached_property
    def buffers(self) -> Mapping[str, tuple[Shape, str]]:
        """The tensors that are not trained: name -> (shape, dtype)."""
        return MappingProxyType(
            {n: (t.shape, t.dtype) for n, t in self.tensors.items() if not t.trainable}
        )

    @cached_property
    def output_shapes(self) -> tuple[Shape, ...]:
        """The shape of each output, without the batch axis."""
        return tuple(self.shapes[name] for name in self.outputs)

    @cached_property
    def index_inputs(self) -> Mapping[str, int]:
        """The inputs that hold indices into a table: name -> number of its entries.

        Of several tables the smallest counts.
        """
        return self._indexed(min)

    @cached_property
    def index_rows(self) -> Mapping[str, int]:
        """The inputs that hold indices: name -> number of entries of the largest table."""
        return self._indexed(max)

    def _indexed(self, pick: Callable[[int, int], int]) -> Mapping[str, int]:
        entries: dict[str, int] = {}
        for operation in reversed(self.operations):
            primitive = operation.primitive
            size = self._entries(operation)
            if size is None and passes_indices(primitive):
                size = entries.get(operation.output)
            if size is None:
                continue
            for name in operation.inputs[: 1 if isinstance(primitive, Lookup) else None]:
                entries[name] = pick(size, entries.get(name, size))
        return MappingProxyType({n: entries[n] for n in self.inputs if n in entries})

    @cached_property
    def index_limits(self) -> Mapping[str, int]:
        """The inputs that hold indices: name -> how many entries an index may be one of.

        Of tables that read the whole input the smallest counts, of those that read parts of it
        the largest: each part has a table of its own, as columns of categories have.
        """
        whole: dict[str, int] = {}
        parts: dict[str, int] = {}
        for operation in reversed(self.operations):
            primitive, output = operation.primitive, operation.output
            looked_up = isinstance(primitive, Lookup)
            size = self._entries(operation)
            if size is None and passes_indices(primitive):
                found = [each[output] for each in (whole, parts) if output in each]
                size = min(found, default=None)
            if size is None:
                continue
            known, pick = (parts, max) if isinstance(primitive, (Slice, Take)) else (whole, min)
            for name in operation.inputs[: 1 if looked_up else None]:
                known[name] = pick(size, known.get(name, size))
        limits = {n: min(e[n] for e in (whole, parts) if n in e) for n in {*whole, *parts}}
        return MappingProxyType({name: limits[name] for name in self.inputs if name in limits})

    def _entries(self, operation: Operation) -> int | None:
        """Count the entries of the table that an operation looks indices up in, if it does."""
        primitive = operation.primitive
        if isinstance(primitive, Lookup) and primitive.is_table:
            return self.tensors[operation.parameters[0]].shape[primitive.kind == "columns"]
        if isinstance(primitive, Lookup) and primitive.kind == "one_hot":
            return primitive.resolution
        return None

    @cached_property
    def computed_indices(self) -> tuple[str, ...]:
        """The layers that look up rows of a table by a value that is computed, and no input."""
        whole = set(self.inputs)
        found = []
        for operation in self.operations:
            primitive = operation.primitive
            given = whole.issuperset(operation.inputs)
            if given and passes_indices(primitive):
                whole.add(operation.output)
            indices = isinstance(primitive, Lookup) and (
                primitive.is_table or primitive.kind == "one_hot"
            )
            if indices and operation.inputs[0] not in whole:
                found.append(operation.layer)
        return tuple(found)

    @cached_property
    def counted_indices(self) -> tuple[tuple[str, str], ...]:
        """The inputs of indices that are taken for numbers: by which layer, "" for outputs; which.

        A value that plays no part may be one of indices.
        """
        origin = {name: name for name in self.index_inputs}
        found = []
        for operation in self.operations:
            primitive, taken = operation.primitive, list(operation.inputs)
            if isinstance(primitive, Fixed | Learned):
                continue
            if passes_indices(primitive) and all(name in origin for name in taken):
                origin[operation.output] = origin[taken[0]]
                continue
            if isinstance(primitive, Lookup) and (
                primitive.is_table or primitive.kind == "one_hot"
            ):
                del taken[0]
            found += [(operation.layer, origin[name]) for name in taken if name in origin]
        found += [("", origin[name]) for name in self.outputs if name in origin]
        return tuple(dict.fromkeys(found))

    def resolved(self) -> dict[str, Any]:
        """Give the resolved form, as plain data that `spec.from_resolved` and YAML read again."""
        return {
            "name": self.name,
            "inputs": self._resolved_inputs(),
            "layers": [
                {
                    layer.type: {
                        "name": literal(layer.name),
                        "inputs": [literal(name) for name in layer.inputs],
                        **{key: plain(value) for key, value in layer.fields.items()},
                        **({"parameters": tensors} if tensors else {}),
                        **_parametrizations(layer),
                        "output_shape": list(layer.output_shape),
                    }
                }
                for layer in self.layers
                for tensors in [{key: literal(name) for key, name in layer.tensors.items()}]
            ],
            "outputs": [literal(name) for name in self.outputs],
            **self._resolved_checkpoints(),
        }

    def _resolved_checkpoints(self) -> dict[str, Any]:
        forms = [form for each in self.checkpoints if (form := each.resolved())]
        return {"checkpoint": forms if len(forms) > 1 else forms[0]} if forms else {}

    def _resolved_inputs(self) -> dict[str, Any] | list[dict[str, Any]]:
        """Write several inputs as a list, since their order matters and that of keys may not."""
        rows: list[dict[str, Any]] = [{name: list(shape)} for name, shape in self.inputs.items()]
        for row, name in zip(rows, self.inputs, strict=True):
            if name in self.axes:
                axes = [literal(axis) for axis in self.axes[name]]
                row[name] = {"shape": row[name], "axes": axes}
        return rows if len(rows) > 1 else rows[0]

    @cached_property
    def hash(self) -> str:
        """The architecture's identity: SHA-256 of the resolved form.

        Its name is left out, and so is what its checkpoints are like.
        """
        left_out = ("name", "checkpoint")
        form = {key: value for key, value in self.resolved().items() if key not in left_out}
        text = json.dumps(form, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def __str__(self) -> str:
        rows = [("layer", "type", "output", "parameters")]
        rows += [(name, "input", show(shape), "") for name, shape in self.inputs.items()]
        for layer in self.layers:
            own = (self.tensors[name] for name in layer.tensors.values())
            tensors = ", ".join(f"{t.name} {list(t.shape)}" for t in own)
            rows.append((layer.name, layer.type, show(layer.output_shape), tensors))
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        lines = [
            "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[3]])
            for row in rows
        ]
        return "\n".join([self.name, *(line.rstrip() for line in lines)])


def _parametrizations(layer: ResolvedLayer) -> dict[str, Any]:
    made = layer.parametrizations
    return {"parametrizations": {key: dict(how) for key, how in made.items()}} if made else {}


def passes_indices(primitive: Primitive) -> bool:
    """Say whether an operation gives the items of its inputs as they are."""
    if isinstance(primitive, Elementwise):
        return primitive.function == "dropout"
    if isinstance(primitive, Take):
        return not primitive.is_filled
    return isinstance(primitive, (Concat, Reshape, Slice, Transpose))


def plain(value: Any) -> Any:
    """Turn tuples into lists, as YAML and JSON write them."""
    return [plain(item) for item in value] if isinstance(value, tuple) else value
