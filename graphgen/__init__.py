"""The compiler: from an architecture and its weights to a graph, for any framework."""

from graphgen import export
from graphgen.compile import compile, template
from graphgen.errors import GraphError
from graphgen.evaluate import evaluate
from graphgen.graph import Graph
from graphgen.graph_set import GraphSet
from graphgen.symmetry import Symmetries, symmetries
from graphgen.template import EdgeBlock, NodeGroup, Step, Template
from graphgen.verify import verify

__all__ = [
    "EdgeBlock",
    "Graph",
    "GraphError",
    "GraphSet",
    "NodeGroup",
    "Step",
    "Symmetries",
    "Template",
    "compile",
    "evaluate",
    "export",
    "symmetries",
    "template",
    "verify",
]
