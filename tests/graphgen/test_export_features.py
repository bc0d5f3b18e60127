"""Every export shows what tells two functions apart, and shows names nowhere but in its text."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import graphgen
import spec
from graphgen import Graph
from graphgen.features import EDGE_NAMES, NODE_NAMES

IMAGE = "inputs: {x: [2, 6, 6]}\nlayers:\n  - conv2d: {out_channels: 4, kernel_size: 3%s}\n"
HEAD = "  - adaptive_%s_pool2d: {output_size: 1}\n  - flatten\n  - linear: {out_features: 2}\n"
TOKENS = "inputs: {x: [4, 6]}\nlayers:\n  - linear: {out_features: 6}\n"
TWO = "inputs: {%s}\nlayers:\n  - linear: {inputs: a, out_features: 3, name: p}\n"


def image(fields: str = "", between: str = "relu", pooling: str = "avg") -> str:
    return IMAGE % fields + f"  - {between}\n" + HEAD % pooling


def tokens(*layers: str) -> str:
    return TOKENS + "".join(f"  - {layer}\n" for layer in layers)


TURN = "transpose: {dim0: 2, dim1: 3}"
EDITS = {
    "activation": (image(between="relu"), image(between="tanh")),
    "stride": (image(), image(", stride: 2")),
    "stride of one axis": (image(", stride: [1, 2]"), image(", stride: [2, 1]")),
    "padding": (image(), image(", padding: 1")),
    "border": (image(", padding: 1"), image(", padding: 1, padding_mode: circular")),
    "dilation": (image(), image(", dilation: 2")),
    "eps": (image(between="batch_norm: {eps: 0.1}"), image(between="batch_norm: {eps: 0.01}")),
    "slope": (image(between="leaky_relu: {negative_slope: 0.1}"), image(between="leaky_relu")),
    "frequency": (image(between="sine: {frequency: 1}"), image(between="sine: {frequency: 30}")),
    "maximum and average": (image(), image(pooling="max")),
    "window": (
        image(between="max_pool2d: {kernel_size: 2, stride: 1}"),
        image(between="max_pool2d: {kernel_size: 3, stride: 1}"),
    ),
    "order of outputs": (
        tokens("relu: {name: a}", "tanh: {name: b}") + "outputs: [a, b]",
        tokens("relu: {name: a}", "tanh: {name: b}") + "outputs: [b, a]",
    ),
    "order of inputs": (
        TWO % "a: [3], b: [3]" + "  - multiply: {inputs: [p, b]}\n",
        TWO % "b: [3], a: [3]" + "  - multiply: {inputs: [p, b]}\n",
    ),
    "axis of a softmax": (
        image(between="softmax"),
        image(between=f"{TURN}\n  - softmax\n  - {TURN}"),
    ),
    "axes of a norm": (
        tokens("layer_norm: {normalized_shape: [6], elementwise_affine: false}"),
        tokens("layer_norm: {normalized_shape: [4, 6], elementwise_affine: false}"),
    ),
    "order of a concat": (
        tokens("relu: {name: a}", "tanh: {name: b}", "concat: {inputs: [a, b]}",
               "linear: {out_features: 2}"),
        tokens("relu: {name: a}", "tanh: {name: b}", "concat: {inputs: [b, a]}",
               "linear: {out_features: 2}"),
    ),
    "causal attention": (
        tokens("multihead_attention: {num_heads: 2}"),
        tokens("multihead_attention: {num_heads: 2, causal: true}"),
    ),
    "number of heads": (
        tokens("multihead_attention: {num_heads: 2}"),
        tokens("multihead_attention: {num_heads: 3}"),
    ),
}  # fmt: skip
"""Two functions with the same tensors, by what differs."""


class Dgl:
    """Keeps what `dgl.graph` is given."""

    def __init__(self, ends: Any, num_nodes: int) -> None:
        self.ends, self.ndata, self.edata, self.description = ends, {}, {}, ""


Arrays = dict[str, Any]


def of_pyg(graph: Graph, folder: Path) -> Arrays:
    data = graphgen.export.to_pyg(graph)
    return {name: data[name] for name in ("x", "edge_index", "edge_attr")}


def of_graphs_tuple(graph: Graph, folder: Path) -> Arrays:
    found = graphgen.export.to_graphs_tuple(graph)
    return {"s": found.senders, "r": found.receivers, **found.nodes, **found.edges,
            "nodes": found.nodes["features"]}  # fmt: skip


def of_scipy(graph: Graph, folder: Path) -> Arrays:
    found = graphgen.export.to_scipy(graph)
    ends = dict(zip("rc", found.adjacency.coords, strict=True))
    return {"v": found.adjacency.data, **ends, "nodes": found.nodes["features"], **found.edges}


def of_arrow(graph: Graph, folder: Path) -> Arrays:
    found = graphgen.export.to_arrow(graph)
    return {"nodes": found.nodes.to_pydict(), "edges": found.edges.to_pydict()}


def of_networkx(graph: Graph, folder: Path) -> Arrays:
    found = graphgen.export.to_networkx(graph)
    return {"nodes": list(found.nodes(data=True)), "edges": list(found.edges(data=True))}


def of_graphml(graph: Graph, folder: Path) -> Arrays:
    graphgen.export.to_graphml(graph, folder / "net.graphml", replace=True)
    text = (folder / "net.graphml").read_text()
    return {"lines": re.findall(r"^<(?:node|edge|key) .*$", text, re.M)}


def of_dot(graph: Graph, folder: Path) -> Arrays:
    return {"lines": re.findall(r"^ +n\d+ .*$", graphgen.export.to_dot(graph), re.M)}


def of_dgl(graph: Graph, folder: Path) -> Arrays:
    found: Any = graphgen.export.to_dgl(graph)
    return {"ends": torch.stack(found.ends), **found.edata, "nodes": found.ndata["features"]}


def of_features(graph: Graph, folder: Path) -> Arrays:
    found = graphgen.features(graph)
    return {"nodes": found.nodes, "edges": found.edges, "index": graph.edge_index()}


FORMATS = [of_pyg, of_graphs_tuple, of_scipy, of_arrow, of_networkx, of_graphml, of_dot, of_dgl,
           of_features]  # fmt: skip


def filled(text: str) -> Graph:
    """A network whose tensors all count up from 1, so that values tell nothing apart."""
    net = spec.loads(text)
    return graphgen.compile(
        net,
        {
            name: np.arange(1, 1 + np.prod(t.shape, dtype=int), dtype=t.dtype).reshape(t.shape)
            for name, t in net.tensors.items()
        },
    )


def same(a: Arrays, b: Arrays) -> bool:
    def plain(value: Any) -> Any:
        return np.asarray(value).tolist() if hasattr(value, "__array__") else value

    return {n: plain(x) for n, x in a.items()} == {n: plain(x) for n, x in b.items()}


@pytest.fixture(autouse=True)
def dgl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dgl", SimpleNamespace(graph=Dgl))  # type: ignore[arg-type]


@pytest.mark.parametrize("export", FORMATS, ids=lambda f: f.__name__.removeprefix("of_"))
@pytest.mark.parametrize("edit", EDITS)
def test_what_differs_is_exported(
    edit: str, export: Callable[[Graph, Path], Arrays], tmp_path: Path
) -> None:
    a, b = (filled(text) for text in EDITS[edit])
    assert [t.shape for t in a.template.tensors] == [t.shape for t in b.template.tensors]
    assert not same(export(a, tmp_path), export(b, tmp_path))


@pytest.mark.parametrize("export", FORMATS, ids=lambda f: f.__name__.removeprefix("of_"))
def test_control_names_are_not_exported_as_numbers(
    export: Callable[[Graph, Path], Arrays], tmp_path: Path
) -> None:
    text = image(between="relu: {name: %s}")
    a, b = (filled(f"name: {name}\n" + text % name) for name in ("first", "second"))
    assert same(export(a, tmp_path), export(b, tmp_path))


@pytest.mark.parametrize("export", FORMATS, ids=lambda f: f.__name__.removeprefix("of_"))
def test_positions_of_any_number_of_axes_are_exported(
    export: Callable[[Graph, Path], Arrays], tmp_path: Path
) -> None:
    text = "inputs: {x: [2, 2, 1, 2, 2, 3]}\nlayers: [flatten, {linear: {out_features: 1}}]"
    other = text.replace("2, 3]", "3, 2]")
    assert not same(export(filled(text), tmp_path), export(filled(other), tmp_path))


def test_the_columns_of_single_attributes_are_those_that_are_named() -> None:
    graph = filled(image())
    found = graphgen.export.to_networkx(graph)
    nodes = {name for _, row in found.nodes(data=True) for name in row}
    edges = {name for *_, row in found.edges(data=True) for name in row}
    assert nodes < {*NODE_NAMES, "node_kind", "node_group"}
    assert edges < {*EDGE_NAMES, "value", "edge_kind", "edge_block", "edge_parameter"}
    features = graphgen.features(graph)
    for name, column in zip(NODE_NAMES, features.nodes.T, strict=True):
        assert (name in nodes) == bool(column.any())
