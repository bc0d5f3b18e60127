"""A function of each graph of a set, by this process or by several."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from graphgen.errors import GraphError
from spec.plugins import import_asked

if TYPE_CHECKING:
    from graphgen.graph import Graph
    from graphgen.graph_set import GraphSet

T = TypeVar("T")
PIECES = 4
"""Pieces for each worker, so that none waits long for the last one."""


def apply_to_each(graph_set: GraphSet, function: Callable[[Graph], T], workers: int) -> list[T]:
    """Apply a function to each graph; `GraphSet.map` says how."""
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise GraphError(f"`workers` is {workers!r}; expected 1 or more")
    workers = min(workers, len(graph_set))
    if workers <= 1:
        return [function(graph) for graph in graph_set]
    try:
        pickle.dumps(function)
    except Exception as error:
        raise GraphError(
            f"`function` cannot be sent to other processes ({error}); give one that is defined in "
            "a module, or `workers=1`"
        ) from None
    size = -(-len(graph_set) // (PIECES * workers))
    pieces = [graph_set.numbers[i : i + size] for i in range(0, len(graph_set), size)]
    task = partial(apply_to_some, graph_set.folder.resolve(), graph_set.hash, function)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=import_asked) as pool:
        return list(chain.from_iterable(pool.map(task, pieces)))


def apply_to_some(
    folder: Path, identity: str, function: Callable[[Graph], Any], numbers: Sequence[int]
) -> list[Any]:
    """Apply a function to the graphs of some networks of a folder, in a process of its own."""
    return [function(graph) for graph in opened(folder, identity).part(numbers)]


@lru_cache(maxsize=1)
def opened(folder: Path, identity: str) -> GraphSet:
    """Open a graph set once in a process; `GraphError` if it is another."""
    from graphgen.graph_set import GraphSet

    graph_set = GraphSet.open(folder)
    if graph_set.hash != identity:
        raise GraphError(f"{folder}: was replaced while it was read; do the same again")
    return graph_set
