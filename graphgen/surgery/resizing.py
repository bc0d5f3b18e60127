"""Resizing: the same layers for other numbers of units, said in the language.

What each operation must become is known from the axes. Of a layer's fields those are tried that
count what runs along its axes, until it expands to these operations; a layer that cannot say it is
refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice, product
from typing import Any

import spec
from graphgen.errors import GraphError
from graphgen.units.axes import Axes, AxesOf
from graphgen.units.extents import Extent, Sizes, inside, size_of
from graphgen.units.extents import product as product_of
from spec import Architecture, Operation
from spec.architecture import ResolvedLayer, passes_indices
from spec.builder import Builder
from spec.errors import SpecError
from spec.layer import LAYERS, Value
from spec.parametrizations import read
from spec.primitives import Fixed, Normalise, Primitive, Reduce, Reshape, ShapeError, Slice, Window

MOST_TRIES = 4096


class UnsaidError(Exception):
    """A layer that cannot say what it would be for other numbers of units."""

    def __init__(self, layer: ResolvedLayer) -> None:
        super().__init__(layer)
        self.layer = layer


class Resized:
    """An architecture whose atoms have other sizes; `net` is it."""

    def __init__(self, axes: AxesOf, sizes: Sizes) -> None:
        self.axes, self.sizes, self.old = axes, sizes, axes.net
        self.shapes = {name: self._shape(own) for name, own in axes.values.items()}
        self.tensors = {name: self._shape(own) for name, own in axes.tensors.items()}
        self.operations: dict[str, list[Operation]] = {}
        for operation in self.old.operations:
            wanted = replace(operation, primitive=self._primitive(operation))
            self.operations.setdefault(operation.layer, []).append(wanted)
        self.given = set(self.old.inputs)
        for operation in self.old.operations:
            if passes_indices(operation.primitive) and self.given.issuperset(operation.inputs):
                self.given.add(operation.output)

    def _shape(self, axes: Axes) -> tuple[int, ...]:
        return tuple(size_of(axis, self.sizes) for axis in axes)

    def _primitive(self, operation: Operation) -> Primitive:
        """Give the primitive that an operation becomes."""
        primitive = operation.primitive
        parts = [size_of(e, self.sizes) for e in self.axes.parts.get(operation.output, [])]
        shape = self.shapes[operation.output]
        if isinstance(primitive, Reshape):
            return replace(primitive, target=shape)
        if isinstance(primitive, Fixed):
            return replace(primitive, sizes=shape)
        if isinstance(primitive, Slice):
            start = sum(parts)
            return replace(primitive, start=start, stop=start + shape[primitive.axis])
        if isinstance(primitive, Window) and parts:
            return replace(primitive, groups=parts[0])
        if isinstance(primitive, Normalise) and primitive.statistics == "group":
            return replace(primitive, size=parts[0])
        return primitive

    @property
    def net(self) -> Architecture:
        """The architecture, in the language; `UnsaidError` for a layer that cannot say it."""
        form = self.old.resolved()
        form.pop("checkpoint", None)
        for entry, layer in zip(form["layers"], self.old.layers, strict=True):
            ((_, fields),) = entry.items()
            fields.pop("output_shape")
            if layer.output in self.shapes:  # or only what it gives beside is read
                fields["output_shape"] = list(self.shapes[layer.output])
            for key, value in self._fields(layer).items():
                fields[key] = value
        try:
            net = spec.from_resolved(form)
        except SpecError as error:
            raise GraphError(f"cannot be said in the language: {error}") from None
        shapes = {name: tensor.shape for name, tensor in net.tensors.items()}
        if shapes != self.tensors or not self.shapes.items() <= net.shapes.items():
            raise GraphError("came out with other shapes than it should; please report it")
        return net

    def says(self, layer: ResolvedLayer) -> bool:
        """Whether a layer can say what it becomes."""
        try:
            self._fields(layer)
        except UnsaidError:
            return False
        return True

    def _extents(self, layer: ResolvedLayer) -> list[Extent]:
        """List what runs along the axes of a layer's values and tensors."""
        owners = [self.axes.values.get(name, []) for name in (*layer.inputs, layer.output)]
        for operation in self.operations.get(layer.name, []):
            owners += [
                self.axes.values[operation.output],
                self.axes.parts.get(operation.output, []),
            ]
            owners += [self.axes.tensors[name] for name in operation.parameters]
        found = dict.fromkeys(e for axes in owners for axis in axes for e in inside(axis))
        return [part for extent in found for part in runs(extent)]

    def _fields(self, layer: ResolvedLayer) -> dict[str, Any]:
        """Give the fields of a layer that change."""
        extents = self._extents(layer)
        others: dict[int, dict[int, None]] = {}
        for extent in extents:
            size, now = extent.size, size_of(extent, self.sizes)
            others.setdefault(size, {}).setdefault(now)
        if all([*now] == [size] for size, now in others.items()):
            return {}
        fields = {**layer.fields, **({"parametrizations": dict(layer.parametrizations)}
                                     if layer.parametrizations else {})}  # fmt: skip
        for tried in (fields, *islice(variants(fields, others), MOST_TRIES)):
            if self._says(layer, tried):
                return {key: listed(value) for key, value in tried.items() if value != fields[key]}
        raise UnsaidError(layer)

    def _says(self, layer: ResolvedLayer, fields: dict[str, Any]) -> bool:
        """Whether a layer of these fields expands to the operations that are wanted."""
        made = {local: read(how) for local, how in fields.get("parametrizations", {}).items()}
        own = {key: listed(value) for key, value in fields.items() if key != "parametrizations"}
        found, wrong = LAYERS[layer.type].from_fields(own)
        if found is None or wrong:
            return False
        builder = Builder({name: self.shapes[name] for name in layer.inputs})
        builder.given &= self.given
        values = [Value(name, self.shapes[name]) for name in layer.inputs]
        try:
            builder.add(found, layer.name, values, layer.tensors, self.shapes.get(layer.output),
                        parametrizations=made)  # fmt: skip
        except (ShapeError, ZeroDivisionError):
            return False
        operations = {operation.output: operation for operation in builder.operations}
        return all(
            is_said(wanted, operations.get(wanted.output))
            and builder.shapes[wanted.output] == self.shapes[wanted.output]
            for wanted in self.operations.get(layer.name, [])
        ) and all(tensor.shape == self.tensors[name] for name, tensor in builder.tensors.items())


def is_said(wanted: Operation, made: Operation | None) -> bool:
    """Whether an operation is the one that is wanted; a layer counts k-th values in its own way."""
    if made is None or made == wanted:
        return made is not None
    own, primitive = made.primitive, wanted.primitive
    if not isinstance(primitive, Reduce) or primitive.statistic != "kthvalue":
        return False
    if not isinstance(own, Reduce) or own.statistic not in ("kthvalue", "max"):
        return False
    return replace(made, primitive=replace(own, statistic="kthvalue", k=primitive.k)) == wanted


def runs(extent: Extent) -> Iterator[Extent]:
    """List the products of neighbouring factors of an extent, as heads are groups of queries."""
    factors = extent.factors
    for first in range(len(factors)):
        for end in range(first + 1, len(factors) + 1):
            yield product_of(factors[first:end])


def variants(
    fields: Mapping[str, Any], others: dict[int, dict[int, None]]
) -> Iterator[dict[str, Any]]:
    """List fields with other numbers in place of those that may count what has become less."""
    options = [[*choices(value, others)] for value in fields.values()]
    for chosen in product(*options):
        yield dict(zip(fields, chosen, strict=True))


def choices(value: Any, others: dict[int, dict[int, None]]) -> Iterator[Any]:
    """List what a field's value may become, what has changed first."""
    if isinstance(value, float):  # what is divided by a number of units
        shares = {value * now / size: None for size, new in others.items() for now in new}
        yield from {value: None, **shares}
    elif isinstance(value, bool) or not isinstance(value, (int, tuple, list, dict)):
        yield value
    elif isinstance(value, int):
        yield from sorted({value: None, **others.get(value, {})}, key=lambda n: n == value)
    elif isinstance(value, dict):
        yield from variants(value, others)
    else:
        for chosen in islice(product(*(choices(item, others) for item in value)), MOST_TRIES):
            yield type(value)(chosen)


def listed(value: Any) -> Any:
    """Write tuples as lists, as the language does."""
    return [listed(item) for item in value] if isinstance(value, tuple) else value
