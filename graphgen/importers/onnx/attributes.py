"""Attributes of nodes as Python's values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphgen.importers.onnx.tensors import array_of, sparse_array
from graphgen.importers.refusal import ImportRefusalError


def attributes_of(
    node: Any, given: Mapping[str, Any] | None, folder: Path | None
) -> dict[str, Any]:
    """Give a node's attributes by name; in a function, those that its call gives."""
    found = {}
    for attribute in node.attribute:
        if attribute.ref_attr_name:
            if given is not None and attribute.ref_attr_name in given:
                found[attribute.name] = given[attribute.ref_attr_name]
            continue
        found[attribute.name] = value_of(attribute, folder)
    return found


def resolved(node: Any, attributes: Mapping[str, Any]) -> Any:
    """Give a node of a function with the attributes that its call gives, written out."""
    if not any(attribute.ref_attr_name for attribute in node.attribute):
        return node
    from onnx import NodeProto
    from onnx.helper import make_attribute
    from onnx.numpy_helper import from_array

    copied = NodeProto()
    copied.CopyFrom(node)
    del copied.attribute[:]
    for attribute in node.attribute:
        if not attribute.ref_attr_name:
            copied.attribute.append(attribute)
        elif attribute.name in attributes:
            value = attributes[attribute.name]
            plain = from_array(value) if isinstance(value, np.ndarray) else value
            copied.attribute.append(
                make_attribute(attribute.name, plain, attr_type=attribute.type or None)
            )
    return copied


def value_of(attribute: Any, folder: Path | None) -> Any:
    """Give the value of an attribute: numbers, text, lists, arrays, graphs."""
    kind = attribute.type or _type_of(attribute)
    if kind == 1:
        return shortest(attribute.f)
    if kind == 2:
        return int(attribute.i)
    if kind == 3:
        return text(attribute.s)
    if kind == 4:
        return array_of(attribute.t, folder)
    if kind == 5:
        return attribute.g
    if kind == 6:
        return [shortest(n) for n in attribute.floats]
    if kind == 7:
        return [int(n) for n in attribute.ints]
    if kind == 8:
        return [text(s) for s in attribute.strings]
    if kind == 11:
        return sparse_array(attribute.sparse_tensor, folder)
    if kind == 13:
        return attribute.tp
    raise ImportRefusalError(f"the attribute {attribute.name!r} is of a kind that is not read")


def shortest(number: float) -> float:
    """Give the number of fewest digits that is this one in float32, as people wrote it.

    >>> shortest(9.999999747378752e-06)
    1e-05
    """
    return float(str(np.float32(number)))


def _type_of(attribute: Any) -> int:
    """Find the type of an attribute of old files, which do not say it."""
    for kind, name in ((1, "f"), (2, "i"), (3, "s"), (4, "t"), (5, "g")):
        if attribute.HasField(name):
            return kind
    for kind, name in ((6, "floats"), (7, "ints"), (8, "strings")):
        if len(getattr(attribute, name)):
            return kind
    return 7


def text(raw: bytes) -> str:
    """Give the text of an attribute."""
    return raw.decode("utf-8", errors="replace")
