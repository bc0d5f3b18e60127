"""Indices that a model counts with, too: their numbers, by one-hot vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from graphgen.importers.network import Network, Node
from spec.primitives import Shape

PLACES = {"embedding": 0, "one_hot": 0, "index_select": 1, "gather": 1}
"""Which input of a layer holds indices."""

MOVED = {
    "reshape", "flatten", "squeeze", "permute", "narrow", "slice", "concat", "expand", "identity",
}  # fmt: skip
"""The layers that give indices again where they read such."""


def with_numbers(network: Network) -> Network:
    """Let what takes indices for numbers read the numbers that one-hot vectors of them stand for.

    Indices into a table are of another type than numbers in the language.
    """
    wanted = _wanted(network)
    rows = {name: count for name, count in wanted.items() if name in network.inputs}
    if not rows:
        return network
    indices = dict(rows)
    nodes: list[Node] = []
    numbers: dict[str, str] = {}
    shapes = network.shapes()
    for node in network.nodes:
        if node.layer in MOVED and node.output in wanted and set(node.inputs) <= set(indices):
            indices[node.output] = max(indices[name] for name in node.inputs)
            nodes.append(node)
            continue
        inputs = list(node.inputs)
        for place, name in enumerate(inputs):
            if name in indices and PLACES.get(node.layer) != place:
                if name not in numbers:
                    made = _counted(name, shapes[name], indices[name])
                    numbers[name] = made[-1].output
                    nodes += made
                inputs[place] = numbers[name]
        nodes.append(replace(node, inputs=tuple(inputs)))
    return network.with_nodes(nodes)


def _wanted(network: Network) -> Mapping[str, int]:
    """Give the values that are read as indices, and how many rows they choose among."""
    shapes = network.shapes()
    found: dict[str, int] = {}
    for node in reversed(network.nodes):
        place = PLACES.get(node.layer)
        if place is not None and place < len(node.inputs):
            name = node.inputs[place]
            rows = _rows(node, shapes)
            found[name] = max(rows, found.get(name, 0))
        elif node.layer in MOVED and node.output in found:
            for name in node.inputs:
                found[name] = max(found[node.output], found.get(name, 0))
    return found


def _rows(node: Node, shapes: Mapping[str, Shape]) -> int:
    fields: Mapping[str, Any] = node.fields
    if node.layer == "embedding":
        return int(fields["num_embeddings"])
    if node.layer == "one_hot":
        return int(fields["num_classes"])
    return int(shapes[node.inputs[0]][fields["dim"] - 1])


def _counted(name: str, shape: Shape, rows: int) -> list[Node]:
    """Give the layers by which indices become numbers."""
    letters = "abcdefghijklm"[: len(shape)]
    hot = Node("one_hot", (name,), f"{name}.hot", (*shape, rows), {"num_classes": rows})
    every = Node(
        "constant", (), f"{name}.every", (rows,), {"values": np.arange(rows, dtype=np.float64)}
    )
    equation = f"n{letters}z,nz->n{letters}"
    summed = Node(
        "einsum", (hot.output, every.output), f"{name}.number", shape, {"equation": equation}
    )
    return [hot, every, summed]
