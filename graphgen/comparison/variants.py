"""Causes of a difference: what, changed in a description, makes it agree after all."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import fields, replace
from itertools import islice
from typing import Any, TypeAlias

from numpy.typing import NDArray

from graphgen.comparison.outputs import compare
from graphgen.comparison.wide import Wide
from graphgen.errors import GraphError
from spec import LAYERS, Architecture, SpecError, from_resolved
from spec.fields import REQUIRED
from spec.functions import FUNCTIONS

Outputs: TypeAlias = Sequence[tuple[str, NDArray[Any]]]

MAX_VARIANTS, MAX_SCALARS, SAMPLES = 80, 1 << 24, 2
"""So many changes are tried, on networks of so many parameters, with so many of the samples."""

ROUNDING = 1e-6
"""A difference below this may come from float32."""

NUMBERS: dict[str, tuple[float, ...]] = {
    "eps": (1e-5, 1e-6, 1e-12, 1e-3, 1e-8, 1e-7),
    "negative_slope": (0.01, 0.2, 0.1, 0.3),
}
"""Values that fields of these names usually have; of longer names that end so, too."""


def causes(wide: Wide, expected: Outputs, limit: float) -> list[str]:
    """Say which change of one field makes a description give what was expected.

    Each flag, word, small number and padding of the layers of one type is changed, and each
    activation is exchanged for another. Without such a change, says what is usually the matter.
    """
    found = []
    if sum(math.prod(shape) for shape in wide.net.parameters.values()) <= MAX_SCALARS:
        inputs = [x[:SAMPLES] for x in wide.inputs]
        few = [(name, y[:SAMPLES]) for name, y in expected]
        tried = islice(variants(wide.net), MAX_VARIANTS)
        found = [w for w, net in tried if agrees(replace(wide, net=net, inputs=inputs), few, limit)]
    return found or usual(wide, expected, limit)


def agrees(wide: Wide, expected: Outputs, limit: float) -> bool:
    """Say whether a description gives what was expected."""
    try:
        actual = wide.outputs()
        return all(compare(n, actual[n], y, limit).agrees for n, y in expected)
    except GraphError:
        return False


def variants(net: Architecture) -> Iterator[tuple[str, Architecture]]:
    """Give descriptions that differ in one thing, with the same tensors, and what it is."""
    resolved = net.resolved()
    types = list(dict.fromkeys(layer.type for layer in net.layers))
    seen = {net.hash}
    changes = [(kind, change) for kind in types for change in other_fields(net, kind)]
    changes += [(kind, change) for kind in types for change in other_functions(kind)]
    for kind, (says, changed) in changes:
        count = sum(layer.type == kind for layer in net.layers)
        where = f"its {count} {kind} layers" if count > 1 else f"its {kind} layer"
        form = deepcopy(resolved)
        for entry in form["layers"]:
            if kind in entry:
                change(entry, kind, changed)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made = replace(from_resolved(form), checkpoints=net.checkpoints)
        except SpecError:
            continue
        if made.hash not in seen and made.tensors == net.tensors:
            seen.add(made.hash)
            yield f"with {says} in {where} it agrees", made


def change(entry: dict[str, Any], kind: str, changed: Mapping[str, Any]) -> None:
    """Change fields of a layer; "" stands for its type."""
    new = dict(changed)
    to = new.pop("", kind)
    old = entry.pop(kind)
    kept = old if to == kind else {k: old[k] for k in ("name", "inputs", "output_shape")}
    entry[to] = {**kept, **new}


def other_fields(net: Architecture, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give other values of the fields of a type of layer."""
    first = next(layer for layer in net.layers if layer.type == kind)
    for field in fields(LAYERS[kind]):
        value = first.fields.get(field.name)
        for other in other_values(field.name, value, field.metadata["kind"].schema):
            if other != value:
                yield f"`{field.name}: {shown(other)}`", {field.name: other}


def other_values(name: str, value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    """Give the values that a field might have instead."""
    if isinstance(value, bool):
        yield not value
    elif "enum" in schema:
        yield from schema["enum"]
    elif name == "padding" and isinstance(value, tuple):
        sides = [tuple(side) if isinstance(side, (list, tuple)) else (side, side) for side in value]
        for before, after in ((-1, 0), (0, -1), (-1, 1), (1, -1), (1, 0), (0, 1)):
            moved = [[side[0] + before, side[1] + after] for side in sides]
            if min(min(side) for side in moved) >= 0:
                yield moved
    elif isinstance(value, (int, float)):
        ending = next((end for end in NUMBERS if name.split("_")[-1] == end or name == end), "")
        yield from NUMBERS.get(ending, ())


def other_functions(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the functions of single numbers that may stand in the place of another."""
    if kind not in FUNCTIONS or FUNCTIONS[kind].affine:
        return
    for name, function in FUNCTIONS.items():
        needs = any(c.default is REQUIRED for c in function.constants.values())
        if name != kind and not needs and not function.affine:
            yield f"`{name}` instead", {"": name}
    yield "`identity` instead", {"": "identity"}
    if kind != "gelu":
        yield "`gelu: {approximate: tanh}` instead", {"": "gelu", "approximate": "tanh"}


def usual(wide: Wide, expected: Outputs, limit: float) -> list[str]:
    """Say what is usually the matter with the layers that are there."""
    if limit < ROUNDING and agrees(wide, expected, ROUNDING):
        return [
            "it is no more than float32 rounds: something may be kept or computed in float32, and "
            "then a tolerance of 1e-4 is the one to ask for"
        ]
    types = {layer.type for layer in wide.net.layers}
    having = {
        word: sorted(t for t in types if any(word in f.name for f in fields(LAYERS[t])))
        for word in ("eps", "padding", "causal", "norm_first")
    }
    found = [f"`{word}` of {', '.join(kinds)}" for word, kinds in having.items() if kinds]
    if "gelu" in types:
        found.append("`approximate` of gelu")
    if types & {"dropout", "batch_norm"} or any(t.endswith("norm") for t in types):
        found.append("outputs that were made in training mode (`module.eval()` was not called)")
    found.append("weights of another moment")
    return [f"no single other field makes it agree; usual causes: {'; '.join(found)}"]


def shown(value: Any) -> str:
    """Write a value as YAML has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
