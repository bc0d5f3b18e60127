"""What a page is made of: a template, and weights if there are any."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from graphgen.compile import template
from graphgen.errors import GraphError
from graphgen.files.model_kind import model_kind
from graphgen.graph import Graph
from graphgen.sources import Net, Weights, is_there, network_from
from graphgen.summary import name_of
from graphgen.template import Template
from spec import Architecture


@dataclass(frozen=True)
class Network:
    """A network to look at: its name, its structure, and its arrays, or None without weights."""

    name: str
    template: Template
    arrays: dict[str, NDArray[Any]] | None


def network(
    net: Net | Graph | Template, weights: Weights | None = None, kind: str = "parameter"
) -> Network:
    """Give the network that arguments stand for: objects, paths or names.

    A graph has weights of its own, and so has a model in a file; other networks may come without.
    """
    if isinstance(net, Graph):
        if weights is not None:
            raise GraphError(
                "`weights` were given beside a graph, which has its own; leave them out, or give "
                "its architecture"
            )
        return Network(title(net), net.template, dict(net.tensors))
    if isinstance(net, Template):
        structure = net
    elif weights is None and has_weights(net):
        architecture, weights = network_from(net, None)
        structure = template(architecture, kind)
    else:
        structure = template(net, kind)
    if weights is None:
        return Network(title(net), structure, None)
    return Network(title(net), structure, dict(structure.bind(weights).tensors))


def has_weights(net: object) -> bool:
    """Say whether an argument is the path of a model, which has weights of its own."""
    if not isinstance(net, (str, os.PathLike)):
        return False
    path = Path(os.fsdecode(net))
    return is_there(path) and model_kind(path) is not None


def title(net: Net | Graph | Template) -> str:
    """Name a network by its file, or by its architecture."""
    if isinstance(net, (str, os.PathLike)):
        return Path(os.fsdecode(net)).stem
    if isinstance(net, Architecture):
        return net.name
    return name_of(net.template if isinstance(net, Graph) else net)
