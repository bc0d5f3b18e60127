"""Compiling: from an architecture and its weights to a graph."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from graphgen.checkpoint import matrices_of
from graphgen.errors import GraphError, described
from graphgen.graph import Graph
from graphgen.lower import computation_template, parameter_template
from graphgen.sources import Net, Weights, architecture_from, network_from
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
            and self.net.checkpoints == other.net.checkpoints
        )


@lru_cache(maxsize=4096)
def _template(key: _ByHash) -> Template:
    result = replace(
        LOWERINGS[key.kind](key.net),
        checkpoints=key.net.checkpoints,
        matrices=matrices_of(key.net),
        net=key.net,
    )
    verify_template(result)
    return result


def template(net: Net, kind: str = "parameter") -> Template:
    """Give the structure of an architecture's graph; cached by the architecture's hash.

    `net` is an architecture, the path of its YAML file or of a model (.onnx, .pt2, a folder of
    Hugging Face), or the name of a reference network. `kind` is "parameter" (a node for each
    neuron, an edge for each parameter) or "computation" (a node for each item of each value of one
    sample, an edge for each use of a parameter).
    """
    if not isinstance(kind, str):
        raise GraphError(f"`kind` is {described(kind)}; expected one of {', '.join(LOWERINGS)}")
    if kind not in LOWERINGS:
        raise GraphError(f"unknown kind of graph {kind!r:.80}; known: {', '.join(LOWERINGS)}")
    return _template(_ByHash(architecture_from(net), kind))


def compile(net: Net, weights: Weights | None = None, kind: str = "parameter") -> Graph:
    """Compile a network into its graph.

        net = spec.load("net.yaml", width=32)
        graph = graphgen.compile(net, "net.safetensors")

    `net` is an architecture, the path of its YAML file or of a model (.onnx, .pt2, a folder of
    Hugging Face), or the name of a reference network; `weights` a file (`.safetensors`, `.npz`, or
    torch's `.pt`), the index of shards, a folder that holds one of these, a mapping of arrays, or
    left out where they are the model's own. Costs O(layers): the graph's blocks are views of the
    arrays, whose values are not read, but for `.npz`. Raises `GraphError` for an unreadable file
    and for missing, misshapen or superfluous tensors, `SpecError` for a mistake in a YAML file.
    """
    architecture, given = network_from(net, weights)
    return template(architecture, kind).bind(given)
