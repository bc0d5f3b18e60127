"""The inputs of a model: their types, their shapes, and how many samples there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphgen.importers.onnx.names import plain
from graphgen.importers.onnx.tensors import dtype_of
from graphgen.importers.refusal import ImportRefusalError
from spec.primitives import Shape

SAMPLES = 13
"""How many samples a batch of any length is read with: a number that other sizes rarely have."""


@dataclass(frozen=True)
class Input:
    """An input by the model's name and by that in the network; `free` are axes of any length."""

    name: str
    plain: str
    kind: str
    shape: Shape
    free: tuple[int, ...] = ()


def inputs_of(
    graph: Any, shapes: Mapping[str, Sequence[int]] | None, source: str, samples: int = SAMPLES
) -> list[Input]:
    """Give the inputs of a graph that are no initialisers, with a number for each axis.

    The axis of samples is the first of the first input, where no number is said for it, and what
    is called like it.
    """
    stored = {tensor.name for tensor in graph.initializer}
    stored |= {sparse.values.name for sparse in graph.sparse_initializer}
    declared = [value for value in graph.input if value.name not in stored]
    given = dict(shapes or {})
    unknown = given.keys() - {value.name for value in declared}
    if unknown:
        names = ", ".join(repr(value.name) for value in declared)
        raise ImportRefusalError(
            f"{source}: `shapes` names {sorted(unknown)[0]!r}, but the inputs are {names}"
        )
    found: list[Input] = []
    batch = _batch_of(declared, given)
    taken: set[str] = set()
    for value in declared:
        what = f"{source}: the input {value.name!r}"
        if not value.type.HasField("tensor_type"):
            raise ImportRefusalError(f"{what} is no tensor, which networks take")
        tensor = value.type.tensor_type
        kind = dtype_of(tensor.elem_type, what)
        word = {"f": "f", "b": "f" if kind == "bfloat16" else "b", "u": "u", "i": "i"}[kind[0]]
        name = _name(value.name, taken)
        if value.name in given:
            sizes_, free_ = _given(given[value.name], tensor, what, samples)
            found.append(Input(value.name, name, word, sizes_, free_))
            continue
        if not tensor.HasField("shape"):
            raise ImportRefusalError(f"{what} has no shape; {advice(value.name)}")
        sizes, free = [], []
        for axis, dim in enumerate(tensor.shape.dim):
            if dim.dim_value > 0:
                sizes.append(int(dim.dim_value))
            elif (axis == 0 and not dim.dim_param) or dim.dim_param in batch:
                sizes.append(samples)
                free.append(axis)
            else:
                said = f"called {dim.dim_param!r}" if dim.dim_param else "of no said length"
                raise ImportRefusalError(
                    f"{what} has an axis {axis} {said}, which is not that of the samples; "
                    f"{advice(value.name)}"
                )
        found.append(Input(value.name, name, word, tuple(sizes), tuple(free)))
    return found


def advice(name: str) -> str:
    """Say how to give a shape."""
    return (
        f"give its shape without the samples: `shapes={{{name!r}: (3, 224, 224)}}`, or "
        f"`gmn import --shape {name}=3,224,224`"
    )


def _batch_of(declared: Sequence[Any], given: Mapping[str, Any]) -> set[str]:
    """Give the word for the length of the batch, that of the first axis of an input."""
    for value in declared:
        if value.name in given or not value.type.HasField("tensor_type"):
            continue
        dims = value.type.tensor_type.shape.dim
        if dims and dims[0].dim_value <= 0 and dims[0].dim_param:
            first = dims[0].dim_param
            return {first}
    return set()


def _given(
    shape: Sequence[int], tensor: Any, what: str, samples: int
) -> tuple[Shape, tuple[int, ...]]:
    """Give a shape that was given, and its free axes: with the axis of the samples or without."""
    sizes = tuple(int(n) for n in shape)
    dims = list(tensor.shape.dim)
    free: tuple[int, ...] = ()
    if not tensor.HasField("shape") or len(sizes) == len(dims) - 1:
        first = dims[0].dim_value if dims else 0
        sizes = (first or samples, *sizes)
        free = () if first else (0,)
    fits = not tensor.HasField("shape") or (
        len(dims) == len(sizes)
        and all(d.dim_value in (0, n) for d, n in zip(dims, sizes, strict=True))
    )
    if any(n < 1 for n in sizes) or not fits:
        declared = [d.dim_value or d.dim_param or "?" for d in dims]
        raise ImportRefusalError(f"{what} has the shape {declared}, but {list(shape)} was given")
    return sizes, free


def _name(name: str, taken: set[str]) -> str:
    """Give an input a name of the language, which no other has."""
    word = plain(name).replace(".", "_") or "input"
    found, number = word, 1
    while found in taken:
        number += 1
        found = f"{word}_{number}"
    taken.add(found)
    return found
