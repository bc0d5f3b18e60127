"""Writes an imported network as YAML that people read."""

from __future__ import annotations

from typing import Any

import yaml
from numpy.typing import NDArray

from graphgen.importers.network import Network

__all__ = ["write"]


def write(network: Network) -> tuple[str, dict[str, NDArray[Any]]]:
    """Give the YAML of a network, and its weights under the architecture's names."""
    weights: dict[str, NDArray[Any]] = {}
    owners: dict[Any, str] = {}
    names = {name: name for name in network.inputs}
    layers: list[dict[str, Any]] = []
    for place, node in enumerate(network.nodes):
        name = f"layer{place}"
        names[node.output] = name
        names |= {value: f"{name}.{local}" for local, value in node.further.items()}
        entry: dict[str, Any] = {"name": name, **node.fields}
        if node.inputs:
            entry["inputs"] = [names[value] for value in node.inputs]
        called = {}
        for local, weight in node.tensors.items():
            own = weight.name or f"{name}.{local}"
            own = owners.setdefault(weight.place, own)
            called[local] = own
            weights[own] = weight.array
        if called:
            entry["parameters"] = called
        layers.append({node.layer: entry})
    form = {
        "name": network.name,
        "inputs": {name: list(shape) for name, shape in network.inputs.items()},
        "layers": layers,
        "outputs": [names[name] for name in network.outputs],
    }
    return yaml.safe_dump(form, sort_keys=False, width=110), weights
