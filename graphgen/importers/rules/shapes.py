"""The shapes that a layer of the language gives."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any

from spec.layer import LAYERS, Scope, Value
from spec.primitives import Shape, ShapeError

Shapes = tuple[Shape, Mapping[str, Shape]]


def layer_shapes(layer: str, fields: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Shapes:
    """Give a layer's output shape, and those of its further values; `ShapeError` where it has none.

    >>> layer_shapes("linear", {"out_features": 3}, ((5, 2),))[0]
    (5, 3)
    """
    if layer == "constant":  # whose values may be many
        return _of_constant(fields), {}
    # How a tensor is made from others changes no shape.
    own = {name: value for name, value in fields.items() if name != "parametrizations"}
    frozen = tuple((name, _frozen(value)) for name, value in own.items())
    return _layer_shapes(layer, frozen, shapes)


def _of_constant(fields: Mapping[str, Any]) -> Shape:
    if fields.get("shape") is not None:
        return tuple(fields["shape"])
    shape: list[int] = []
    values = fields["values"]
    if hasattr(values, "shape"):
        return tuple(values.shape)
    while isinstance(values, (list, tuple)):
        shape.append(len(values))
        values = values[0]
    return tuple(shape)


def _frozen(value: Any) -> Hashable:
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value


@lru_cache(maxsize=4096)
def _layer_shapes(
    layer: str, fields: tuple[tuple[str, Any], ...], shapes: tuple[Shape, ...]
) -> Shapes:
    kind = LAYERS[layer]
    least, most = kind.inputs_allowed
    if not kind.reads_nothing and not least <= len(shapes) <= most:
        raise ShapeError(f"`{layer}` takes {least} to {most} inputs, got {len(shapes)}")
    made, wrong = kind.from_fields(dict(fields))
    if made is None:
        raise ShapeError(f"`{layer}`: {'; '.join(wrong.values())}")
    scope = Scope("", {})
    values = [Value(f"input{i}", shape) for i, shape in enumerate(shapes)]
    if kind.reads_nothing:
        values = [Value("input0", (1,))]
    shapes_of_values = tuple(value.shape for value in values)
    made = made.infer(*shapes_of_values)
    given = made.expand(scope, *values)
    return given.shape, {local: value.shape for local, value in scope.further.items()}
