"""Compiling: from an architecture and its weights to a graph."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from graphgen.errors import GraphError, concerning
from graphgen.files import read_weights
from graphgen.graph import Graph
from graphgen.lower import computation_template, parameter_template
from graphgen.template import Template
from graphgen.verify import verify_template
from spec import Architecture

LOWERINGS = {"parameter": parameter_template, "computation": computation_template}


class _ByHash:
    """An architecture as a key of the cache of templates."""

    def __init__(self, net: Architecture, kind: str) -> None:
        self.net = net
        self.kind = kind

    def __hash__(self) -> int:
        return hash((self.net.hash, self.kind))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _ByHash)
            and self.kind == other.kind
            and self.net.hash == other.net.hash
        )


@lru_cache(maxsize=4096)
def _template(key: _ByHash) -> Template:
    result = LOWERINGS[key.kind](key.net)
    verify_template(result)
    return result


def template(net: Architecture, kind: str = "parameter") -> Template:
    """Give the structure of an architecture's graph; cached by the architecture's hash.

    `kind` is "parameter" (a node for each neuron, an edge for each parameter) or "computation" (a
    node for each item of each value of one sample, an edge for each use of a parameter).
    """
    if kind not in LOWERINGS:
        raise GraphError(f"unknown kind of graph {kind!r}; known: {', '.join(LOWERINGS)}")
    return _template(_ByHash(net, kind))


def compile(
    net: Architecture,
    weights: str | Path | Mapping[str, NDArray[Any]],
    kind: str = "parameter",
) -> Graph:
    """Compile a network into its graph.

        net = spec.load("net.yaml")
        graph = graphgen.compile(net, "net.safetensors")

    `weights` is a file (`.safetensors`, memory-mapped, or `.npz`) or a mapping of arrays. Costs
    O(layers): the graph's blocks are views of the arrays, whose values are not read. Raises
    `GraphError` for an unreadable file and for missing, misshapen or superfluous tensors.
    """
    structure = template(net, kind)
    arrays = read_weights(weights)
    with nullcontext() if isinstance(weights, Mapping) else concerning(weights):
        return structure.bind(arrays)
