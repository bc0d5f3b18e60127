"""What operators are made of, by their own definition, where they are defined by others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

NEVER = frozenset(("Bernoulli", "Range", "AffineGrid"))
"""Operators whose definition is drawn at random, or loops as often as a number says."""


def body_of(
    node: Any, domain: str, version: int, values: Sequence[Any], kinds: Sequence[str]
) -> Any:
    """Give the function that defines an operator in a version, or None."""
    import onnx.defs

    if node.op_type in NEVER or not version:
        return None
    try:
        schema: Any = onnx.defs.get_schema(node.op_type, version, domain)
    except onnx.defs.SchemaError:
        return None
    if schema.has_function:
        found = _closest(schema, version)
        if found is not None:
            return found
    if schema.has_context_dependent_function:
        return _by_types(schema, node, values, kinds)
    return None


def _closest(schema: Any, version: int) -> Any:
    """Give the body that is meant for a version: the last one that is not later."""
    from onnx import FunctionProto

    versions = [v for v in schema.function_opset_versions if v <= version]
    chosen = max(versions, default=min(schema.function_opset_versions, default=None))
    if chosen is None:
        return None
    function = FunctionProto()
    function.ParseFromString(schema.get_function_with_opset_version(chosen))
    return function


def _by_types(schema: Any, node: Any, values: Sequence[Any], kinds: Sequence[str]) -> Any:
    """Give the body that depends on the types of the inputs and on which are there."""
    from onnx import FunctionProto, TensorProto, TypeProto

    codes = {"f": TensorProto.FLOAT, "b": TensorProto.BOOL}
    types = []
    for value, kind in zip(values, kinds, strict=True):
        type_ = TypeProto()
        if value is not None:
            type_.tensor_type.elem_type = codes.get(kind, TensorProto.INT64)
            for size in value.shape:
                type_.tensor_type.shape.dim.add().dim_value = size
        types.append(type_.SerializeToString())
    versions = list(schema.context_dependent_function_opset_versions)
    for version in sorted(versions, reverse=True):
        made = schema.get_context_dependent_function_with_opset_version(
            version, node.SerializeToString(), types
        )
        if made:
            function = FunctionProto()
            function.ParseFromString(made)
            return function
    return None
