"""Random layouts in which checkpoints may have a network's tensors."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import spec

Shape = tuple[int, ...]


def change_of_axes(shape: Shape, rng: Random) -> str:
    """Draw a change of axes for a shape: another order, axes of one, or some put together."""
    names = [f"a{axis}" for axis in range(len(shape))]
    stored = rng.sample(names, len(names))
    if len(stored) > 1 and rng.random() < 0.4:
        place = rng.randrange(len(stored) - 1)
        stored[place : place + 2] = [f"({stored[place]} {stored[place + 1]})"]
    if rng.random() < 0.3:
        stored.insert(rng.randrange(len(stored) + 1), "1")
    return f"{' '.join(stored)} -> {' '.join(names)}"


def section(net: spec.Architecture, rng: Random) -> dict[str, Any]:
    """Draw how checkpoints of a network may have its tensors, each under a name of its own."""
    tensors: dict[str, Any] = {}
    packed: dict[str, Any] = {}
    left = list(net.tensors.values())
    rng.shuffle(left)
    while left:
        tensor = left.pop()
        stored = f"s{len(left)}.{rng.randrange(9)}"
        partner = next(
            (t for t in left if t.shape == tensor.shape and t.dtype == tensor.dtype), None
        )
        kind = rng.choice(["name", "axes", "axes", "pieces", "pack", "also"])
        if kind == "pack" and partner is not None and tensor.shape:
            left.remove(partner)
            dim = rng.randrange(len(tensor.shape))
            whole = tuple(n * (1 + (a == dim)) for a, n in enumerate(tensor.shape))
            packed[stored] = {"parts": [tensor.name, partner.name], "dim": dim,
                              "axes": change_of_axes(whole, rng)}  # fmt: skip
        elif kind == "pieces" and tensor.shape and tensor.shape[0] > 1:
            cut = rng.randrange(1, tensor.shape[0])
            axes = rng.choice(["same", change_of_axes(tensor.shape, rng)])
            tensors[tensor.name] = {"stored": [f"{stored}.a", f"{stored}.b"], "axes": axes,
                                    "lengths": [cut, tensor.shape[0] - cut]}  # fmt: skip
        elif kind == "also":
            tensors[tensor.name] = {"stored": stored, "also": [f"{stored}.too"], "axes": "same"}
        elif kind == "axes":
            tensors[tensor.name] = {"stored": stored, "axes": change_of_axes(tensor.shape, rng)}
        else:
            tensors[tensor.name] = {"stored": stored, "axes": "same"}
    return {key: rules for key, rules in (("tensors", tensors), ("packed", packed)) if rules}


def bits(arrays: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {name: (x.dtype, x.shape, x.tobytes()) for name, x in arrays.items()}
