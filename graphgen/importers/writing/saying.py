"""What each node says: the least fields that mean its layer, its values' shapes, its tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphgen.importers.network import Network, Node
from graphgen.importers.refusal import ImportRefusalError
from spec.architecture import ResolvedLayer
from spec.builder import Builder
from spec.fields import FieldError
from spec.layer import LAYERS, Layer, Value
from spec.parametrizations import read
from spec.primitives import Shape, ShapeError

MADE = "parametrizations"


@dataclass(frozen=True)
class Said:
    """A node as the language has it: its resolved layer, and what of its fields must be written.

    `reads` are the values that it takes, None for a layer that takes none; `tensors` has the names
    of its tensors within the layer, "" for one that has the layer's own.
    """

    node: Node
    resolved: ResolvedLayer
    fields: Mapping[str, Any]
    reads: tuple[str, ...]
    tensors: Mapping[str, str]


def say(network: Network) -> list[Said]:
    """Resolve every node, and compare its shape with the model's.

    Raises `ImportRefusalError` for what the language refuses, or where the shapes differ.
    """
    names = {name: Value(f"i{place}", shape) for place, (name, shape) in _inputs(network)}
    builder = Builder({value.name: value.shape for value in names.values()})
    known: dict[Any, Mapping[str, Any]] = {}
    said = []
    for place, node in enumerate(network.nodes):
        type_ = LAYERS[node.layer]
        values = [names[name] for name in node.inputs]
        if type_.reads_nothing:
            values = [next(iter(names.values()))]
        made = node.fields.get(MADE, {})
        fields = {name: value for name, value in node.fields.items() if name != MADE}
        layer, wrong = type_.from_fields(fields)
        try:
            if layer is None:
                raise ShapeError("; ".join(wrong.values()))
            parametrizations = {local: read(how) for local, how in made.items()}
            own = f"n{place}"
            value = builder.add(layer, own, values, parametrizations=parametrizations)
        except (ShapeError, FieldError) as error:
            raise ImportRefusalError(f"{_place(node)}: {error}") from error
        if value.shape != tuple(node.shape):
            raise ImportRefusalError(
                f"{_place(node)}: the model gives {list(node.shape)}, but the `{node.layer}` that "
                f"it was read as gives {list(value.shape)}: a fault of the importer"
            )
        resolved = builder.layers[-1]
        names[node.output] = value
        for local, name in node.further.items():
            full = f"{own}.{local}"
            names[name] = Value(full, builder.shapes[full])
        shapes = tuple(value.shape for value in values)
        key = (node.layer, repr(sorted(fields.items())), shapes)
        if key not in known:
            known[key] = least_fields(type_, fields, shapes)
        least = {**known[key], **({MADE: resolved.parametrizations} if made else {})}
        reads = () if type_.reads_nothing else node.inputs
        locals_ = {
            local: name.removeprefix(own).removeprefix(".")
            for local, name in resolved.tensors.items()
        }
        said.append(Said(node, resolved, least, reads, locals_))
    return said


def least_fields(
    type_: type[Layer], fields: Mapping[str, Any], shapes: tuple[Shape, ...]
) -> dict[str, Any]:
    """Give the shortest fields that mean the same as those given, in the layer's order.

    >>> least_fields(LAYERS["conv2d"], {"out_channels": 8, "kernel_size": [3, 3], "stride": 1},
    ...              ((3, 8, 8),))
    {'out_channels': 8, 'kernel_size': 3}
    """
    meant = _meant(type_, fields, shapes)
    kept = {name: fields[name] for name in type_.field_names() if name in fields}
    for name in [*kept]:
        fewer = {other: value for other, value in kept.items() if other != name}
        if _meant(type_, fewer, shapes) == meant:
            kept = fewer
    for name, value in kept.items():
        equal = isinstance(value, list | tuple) and all(item == value[0] for item in value)
        if equal and value and _meant(type_, {**kept, name: value[0]}, shapes) == meant:
            kept[name] = value[0]
    return {name: plain(value) for name, value in kept.items()}


def plain(value: Any) -> Any:
    """Give lists for tuples, and Python's numbers for others."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value


def _meant(
    type_: type[Layer], fields: Mapping[str, Any], shapes: tuple[Shape, ...]
) -> tuple[Layer, str] | None:
    layer, _ = type_.from_fields(fields)
    if layer is None:
        return None
    try:
        found = layer.infer(*shapes)
    except ShapeError:
        return None
    return found, repr(found)  # 1, 1.0 and true are equal, but not the same


def _inputs(network: Network) -> enumerate[tuple[str, Shape]]:
    return enumerate((name, tuple(shape)) for name, shape in network.inputs.items())


def _place(node: Node) -> str:
    source = node.source or f"`{node.layer}`"
    return f"{source} in {node.scope}" if node.scope else source
