"""Causes of a difference: what, changed in a description, makes it agree after all."""

from __future__ import annotations

import math
import re
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
from spec import LAYERS, Architecture, SpecError
from spec.expand import Expander
from spec.fields import REQUIRED
from spec.functions import FUNCTIONS
from spec.yaml_reader import Document

Outputs: TypeAlias = Sequence[tuple[str, NDArray[Any]]]

MAX_VARIANTS, MAX_LAYERS, MAX_SCALARS, SAMPLES = 200, 4_000, 1 << 24, 2
"""So many changes are tried, of no more layers together, with so many parameters and samples."""

ROUNDING = 1e-6
"""A difference below this may come from float32."""

NUMBERS: dict[str, tuple[float, ...]] = {
    "eps": (1e-5, 1e-6, 1e-12, 1e-3, 1e-8, 1e-7),
    "negative_slope": (0.01, 0.2, 0.1, 0.3),
}
"""Values that fields of these names usually have; of longer names that end so, too."""


def causes(wide: Wide, expected: Outputs, limit: float, layer: str = "") -> list[str]:
    """Say which change of one field makes a description give what was expected.

    Each flag, word, small number and padding of the layers of one type is changed, and each
    activation is exchanged for another, those first that are like `layer`: of its type, or of its
    name up to numbers. Without such a change, says what is usually the matter.
    """
    found = []
    if sum(math.prod(shape) for shape in wide.net.parameters.values()) <= MAX_SCALARS:
        inputs = [x[:SAMPLES] for x in wide.inputs]
        few = [(name, y[:SAMPLES]) for name, y in expected]
        tried = variants(wide.net, layer)
        found = [w for w, net in tried if agrees(replace(wide, net=net, inputs=inputs), few, limit)]
    return found or usual(wide, expected, limit)


def agrees(wide: Wide, expected: Outputs, limit: float) -> bool:
    """Say whether a description gives what was expected."""
    try:
        actual = wide.outputs()
        return all(compare(n, actual[n], y, limit).agrees for n, y in expected)
    except GraphError:
        return False


def variants(net: Architecture, layer: str = "") -> Iterator[tuple[str, Architecture]]:
    """Give descriptions that differ in one thing, with the same tensors, and what it is."""
    resolved = net.resolved()
    seen = {net.hash}
    most = min(MAX_VARIANTS, 10 + MAX_LAYERS // len(net.layers))
    for where, names, (says, changed) in islice(changes(net, layer), most):
        form = deepcopy(resolved)
        for (entry, kind), each in zip(entries(form), net.layers, strict=True):
            if each.name in names:
                change(entry, kind, changed)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                # What a field may be is checked as it is expanded, too: the schema is not needed.
                made = Expander(Document.from_data(form, "<a variant>"), []).run({})
                made = replace(made, checkpoints=net.checkpoints)
        except SpecError:
            continue
        if made.hash not in seen and made.tensors == net.tensors:
            seen.add(made.hash)
            yield f"with {says} in {where} it agrees", made


Change: TypeAlias = tuple[str, dict[str, Any]]


def changes(net: Architecture, layer: str) -> Iterator[tuple[str, frozenset[str], Change]]:
    """Give what may be changed: of which layers, in words and by their names, and how."""
    groups = [(kind, where, names) for kind, where, names in alike(net, layer)]
    for kind, where, names in groups:
        for changed in other_fields(net, kind):
            yield where, names, changed
    for kind, where, names in groups:
        for changed in other_functions(kind):
            yield where, names, changed


def alike(net: Architecture, layer: str) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Give the layers of each type, and first those of one layer's type and name up to numbers."""
    found = next((each for each in net.layers if each.name == layer), None)
    types = list(dict.fromkeys(each.type for each in net.layers))
    if found is not None:
        types.sort(key=lambda kind: kind != found.type)
    for kind in types:
        names = [each.name for each in net.layers if each.type == kind]
        yield kind, f"its {counted(len(names), kind)}", frozenset(names)
        if found is not None and kind == found.type:
            like = [name for name in names if NUMBER.sub("*", name) == NUMBER.sub("*", layer)]
            for some in (like, [layer]):
                if len(some) < len(names):
                    called = NUMBER.sub("*", layer) if len(some) > 1 else layer
                    yield kind, f"its {counted(len(some), kind)} {called!r}", frozenset(some)
                names = some


def counted(count: int, kind: str) -> str:
    """Write a number of layers."""
    return f"{count} {kind} layers" if count > 1 else f"{kind} layer"


NUMBER = re.compile(r"(?<![^.])\d+(?![^.])")


def entries(form: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Give the entries of a resolved form's layers, and their types."""
    for entry in form["layers"]:
        yield entry, next(iter(entry))


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
