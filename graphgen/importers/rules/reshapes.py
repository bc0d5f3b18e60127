"""Reshapes that follow one another are one, and one to the shape that is there is none."""

from __future__ import annotations

from dataclasses import replace

from graphgen.importers.network import Network


def cancel_reshapes(network: Network) -> Network:
    """Join a reshape with the one that it reads, and drop one that changes nothing."""
    shapes, makers = network.shapes(), network.makers()
    for place, node in enumerate(network.nodes):
        if node.layer != "reshape":
            continue
        (source,) = node.inputs
        if shapes.get(source) == node.shape:
            return network.renamed(node.output, source).pruned()
        before = makers.get(source)
        if before is not None and before.layer == "reshape":
            nodes = list(network.nodes)
            nodes[place] = replace(node, inputs=before.inputs)
            return network.with_nodes(nodes).pruned()
    return network
