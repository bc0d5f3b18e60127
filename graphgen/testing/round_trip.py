"""The round trip: weights into a graph and out of it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.compile import compile
from graphgen.graph import Graph
from graphgen.sources import Net
from graphgen.verify import verify


def assert_round_trip(net: Net, weights: Mapping[str, NDArray[Any]]) -> int:
    """Check that a network's graph holds exactly its weights.

        assert_round_trip(net, random_weights(net, rng))

    The weights come out of the graph bit by bit, buffers and NaN payloads included, and again after
    they went through the edge values; every scalar of a tensor with edges owns exactly one of them,
    whatever its value. Returns the number of scalars that differ: 0.
    """
    __tracebackhide__ = True
    graph = compile(net, weights)
    verify(graph)
    differing = count_differing(graph.weights(), weights)
    if differing:
        raise AssertionError(f"out of the graph: {differing} scalars differ from what went in")
    differing = count_differing(graph.with_edge_values(graph.edge_values()).weights(), weights)
    if differing:
        raise AssertionError(f"through the edge values: {differing} scalars differ")
    check_owners(graph)
    zeros = {name: np.zeros_like(array) for name, array in weights.items()}
    pruned = compile(net, zeros)
    if not np.array_equal(pruned.edge_index(), graph.edge_index()):
        raise AssertionError(
            f"with all weights zero the graph has {pruned.num_edges} edges, expected the same "
            f"{graph.num_edges}"
        )
    return differing


def count_differing(
    actual: Mapping[str, NDArray[Any]], expected: Mapping[str, NDArray[Any]]
) -> int:
    """Count the scalars whose bits differ; of tensors that do not fit, all count."""
    differing = 0
    for name in actual.keys() | expected.keys():
        a, b = actual.get(name), expected.get(name)
        if a is None or b is None or a.shape != b.shape or a.dtype != b.dtype:
            differing += max(array.size for array in (a, b) if array is not None)
        else:
            differing += int((bits(a) != bits(b)).any(axis=1).sum())
    return differing


def bits(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Give the bytes of each scalar, shape (size, bytes)."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(np.uint8).reshape(flat.size, -1)


def check_owners(graph: Graph) -> None:
    """Number all scalars, bind the numbers, and find each on exactly one owning edge."""
    __tracebackhide__ = True
    template = graph.template
    numbers: dict[str, NDArray[Any]] = {}
    expected = []
    start = 0
    owning = {tensor.name for tensor in template.edge_tensors}
    for tensor in template.tensors:
        array = graph.tensors[tensor.name]
        if tensor.dtype.startswith("float"):
            numbers[tensor.name] = np.arange(start, start + array.size, dtype=np.float64).reshape(
                array.shape
            )
            if tensor.name in owning:
                expected.append(np.arange(start, start + array.size))
            elif tensor.trainable:
                raise AssertionError(f"the {array.size} scalars of {tensor.name!r} own no edge")
            start += array.size
        else:
            numbers[tensor.name] = array
    values = template.bind(numbers).edge_values()
    owned = [
        values[block.edge_start : block.edge_start + block.num_edges]
        for block in template.blocks
        if block.tensor is not None and not block.tied
    ]
    found = np.sort(np.concatenate([*owned, np.empty(0)]))
    wanted = np.sort(np.concatenate([*expected, np.empty(0)]))
    if not np.array_equal(found, wanted):
        missing = len(np.setdiff1d(wanted, found))
        raise AssertionError(
            f"{len(wanted)} scalars own {len(found)} edges; {missing} scalars own none"
        )
