from __future__ import annotations

import json
import sys
from collections import namedtuple
from collections.abc import Callable
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pydot
import pytest

import graphgen
import spec
from graphgen import Graph, GraphError
from graphgen.export import restore_weights
from graphgen.export.dot import quotable
from graphgen.export.tables import Table, tables
from graphgen.features import EDGE_NAMES, NODE_NAMES
from graphgen.kinds import EDGE_KINDS, NODE_KINDS
from graphgen.testing import random_weights

NET = """
inputs: {image: [1, 3, 3]}
layers:
  - conv2d: {out_channels: 2, kernel_size: 2}
  - relu
  - flatten
  - linear: {out_features: 2}
"""


# pydot calls pyparsing by names that pyparsing deprecates.
OF_PYDOT = pytest.mark.filterwarnings("ignore:.* deprecated - use:DeprecationWarning:pydot.*")


def named(table: Table, names: tuple[str, ...]) -> dict[str, list[Any]]:
    """The columns of a table by name, features too."""
    features = dict(zip(names, table["features"].T, strict=True))
    return {n: x.tolist() for n, x in {**table, **features}.items() if n != "features"}


def seen(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """What an export of single attributes shows: no feature that is 0 throughout."""
    return {
        name: column
        for name, column in rows.items()
        if any(column) or name not in NODE_NAMES + EDGE_NAMES
    }


@pytest.fixture
def graph() -> Graph:
    net = spec.loads(NET)
    return graphgen.compile(net, random_weights(net, np.random.default_rng(0), np.float32))


def test_networkx_has_every_column(graph: Graph) -> None:
    result = graphgen.export.to_networkx(graph)
    assert (result.number_of_nodes(), result.number_of_edges()) == (graph.num_nodes, 28)
    assert list(result.nodes) == list(range(graph.num_nodes))
    nodes, edges = tables(graph)
    for name, column in seen(named(nodes, NODE_NAMES)).items():
        assert [result.nodes[node][name] for node in result] == column
    columns = seen(named(edges, EDGE_NAMES)) | {"value": graph.edge_values().tolist()}
    for _, _, edge, row in result.edges(keys=True, data=True):
        assert row == {name: column[edge] for name, column in columns.items()}
        assert {type(value) for value in row.values()} == {int, float}
    assert result.number_of_edges(0, 1) == 4


def write_json(result: networkx.MultiDiGraph, path: Path) -> None:
    path.write_text(json.dumps(networkx.node_link_data(result, edges="edges")))


def read_json(path: Path) -> networkx.MultiDiGraph:
    return networkx.node_link_graph(json.loads(path.read_text()), edges="edges")


@pytest.mark.parametrize(
    ("write", "read"),
    [
        (networkx.write_graphml, partial(networkx.read_graphml, node_type=int, edge_key_type=int)),
        (networkx.write_gml, partial(networkx.read_gml, destringizer=int)),
        (write_json, read_json),
    ],
    ids=["graphml", "gml", "json"],
)
def test_networkx_writes_what_it_is_given(
    write: Callable[..., None], read: Callable[[Path], Any], graph: Graph, tmp_path: Path
) -> None:
    result = graphgen.export.to_networkx(graph)
    write(result, tmp_path / "net")
    back = read(tmp_path / "net")
    assert dict(back.nodes(data=True)) == dict(result.nodes(data=True))
    assert sorted(back.edges(keys=True, data=True), key=lambda edge: edge[2]) == sorted(
        result.edges(keys=True, data=True), key=lambda edge: edge[2]
    )
    values = [value for *_, value in sorted(back.edges(keys=True, data="value"), key=itemgetter(2))]
    restored = restore_weights(back.graph["description"], np.array(values))
    assert all(np.array_equal(restored[name], x) for name, x in graph.weights().items())


def test_control_networkx_does_not_write_numbers_of_numpy(graph: Graph, tmp_path: Path) -> None:
    result = graphgen.export.to_networkx(graph)
    next(iter(result.edges(data=True)))[2]["value"] = graph.edge_values()[0]
    for write in (networkx.write_gml, write_json):
        with pytest.raises((TypeError, networkx.NetworkXError)):
            write(result, tmp_path / "net")


def test_graphml_has_every_attribute_of_the_export_to_networkx(
    graph: Graph, tmp_path: Path
) -> None:
    path = tmp_path / "net.graphml"
    graphgen.export.to_graphml(graph, path)
    found = networkx.read_graphml(path, node_type=int, edge_key_type=int, force_multigraph=True)
    expected = graphgen.export.to_networkx(graph)
    assert dict(found.nodes(data=True)) == dict(expected.nodes(data=True))
    assert found.graph["description"] == expected.graph["description"]
    assert {edge[2]: edge[3] for edge in found.edges(keys=True, data=True)} == {
        edge[2]: edge[3] for edge in expected.edges(keys=True, data=True)
    }


def test_graphml_holds_numbers_that_are_not_finite(graph: Graph, tmp_path: Path) -> None:
    values = graph.edge_values()
    values[:3] = [np.nan, np.inf, -np.inf]
    graphgen.export.to_graphml(graph.with_edge_values(values), tmp_path / "net.graphml")
    text = (tmp_path / "net.graphml").read_text(encoding="utf-8")
    assert all(f">{word}<" in text for word in ("NaN", "INF", "-INF"))


def test_nothing_is_written_over_unasked(graph: Graph, tmp_path: Path) -> None:
    writers = {"net.graphml": graphgen.export.to_graphml, "net": graphgen.export.write_parquet}
    (tmp_path / "net").mkdir()
    for name, write in writers.items():
        file = tmp_path / name if "." in name else tmp_path / name / "edges.parquet"
        file.write_text("mine")
        with pytest.raises(GraphError, match="is there already"):
            write(graph, tmp_path / name)
        assert file.read_text() == "mine"
        write(graph, tmp_path / name, replace=True)
        assert file.read_bytes() != b"mine"


def test_a_failed_write_leaves_no_file(graph: Graph, tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="not an existing folder"):
        graphgen.export.to_graphml(graph, tmp_path / "missing" / "net.graphml")
    assert list(tmp_path.iterdir()) == []


def test_a_graphs_tuple_has_the_fields_of_jraph(graph: Graph) -> None:
    result = graphgen.export.to_graphs_tuple(graph)
    fields = ("nodes", "edges", "receivers", "senders", "globals", "n_node", "n_edge")
    assert result._fields == fields
    assert result.n_node.tolist() == [graph.num_nodes]
    assert result.n_edge.tolist() == [graph.num_edges]
    assert {len(column) for column in result.nodes.values()} == {graph.num_nodes}
    assert {len(column) for column in result.edges.values()} == {graph.num_edges}
    assert result.edges["value"].dtype == np.float32
    assert (result.nodes["features"] == graphgen.features(graph).nodes).all()
    assert (result.edges["features"] == graphgen.features(graph).edges).all()
    assert json.loads(result.description)["node_columns"] == list(NODE_NAMES)
    jraph = namedtuple("jraph", fields)(*result)
    assert jraph.globals is None


def test_scipy_keeps_parallel_edges_until_they_are_added_up(graph: Graph) -> None:
    result = graphgen.export.to_scipy(graph).adjacency
    assert result.shape == (graph.num_nodes, graph.num_nodes)
    assert result.nnz == graph.num_edges
    assert not result.has_canonical_format
    kernel = graph.weights()["0.weight"][0, 0]
    assert result.toarray()[0, 1] == pytest.approx(kernel.sum())
    assert result.tocsr().nnz < graph.num_edges


def test_scipy_stores_a_weight_of_zero(graph: Graph) -> None:
    result = graphgen.export.to_scipy(graph.with_edge_values(0 * graph.edge_values())).adjacency
    assert (result.nnz, np.count_nonzero(result.data)) == (graph.num_edges, 0)


def test_arrow_has_every_column(graph: Graph) -> None:
    nodes, edges = graphgen.export.to_arrow(graph)
    assert nodes.schema.metadata == edges.schema.metadata
    for table, found, names in zip(
        tables(graph), (nodes, edges), (NODE_NAMES, EDGE_NAMES), strict=True
    ):
        for name, column in named(table, names).items():
            assert found[name].to_pylist() == column
    assert str(edges.schema.field("value").type) == "float"


@OF_PYDOT
def test_dot_is_what_another_reader_expects(graph: Graph) -> None:
    (result,) = pydot.graph_from_dot_data(graphgen.export.to_dot(graph))
    clusters = result.get_subgraph_list()
    assert [cluster.get_name() for cluster in clusters] == [
        f"cluster_{number}" for number in range(len(graph.node_groups))
    ]
    for cluster, group in zip(clusters, graph.node_groups, strict=True):
        assert cluster.get("label") == f'"{group.name} ({group.kind})"'
        assert [node.get_name() for node in cluster.get_node_list()] == [
            f"n{group.start + i}" for i in range(group.size)
        ]
    edges = result.get_edge_list()
    index = graph.edge_index()
    assert [(edge.get_source(), edge.get_destination()) for edge in edges] == [
        (f"n{source}", f"n{target}") for source, target in index.T
    ]
    for name, column in seen(named(tables(graph)[1], EDGE_NAMES)).items():
        assert [float((edge.get(name) or '"0"')[1:-1]) for edge in edges] == column
    description = result.get("description")[1:-1].replace('\\"', '"')
    restored = restore_weights(description, graph.edge_values())
    assert list(restored) == list(graph.weights())


@OF_PYDOT
def test_dot_quotes_any_name() -> None:
    text = r'{"a\\": "\"b\" \\\"", "c": "é"}'
    quoted = quotable(json.dumps(json.loads(text)))
    (result,) = pydot.graph_from_dot_data(f'digraph {{ description="{quoted}"; }}')
    found = result.get("description")[1:-1].replace('\\"', '"')
    assert json.loads(found) == json.loads(text)


def test_dot_refuses_a_graph_that_nobody_could_look_at(graph: Graph) -> None:
    with pytest.raises(GraphError, match="28 edges, more than max_edges=27; pass a greater"):
        graphgen.export.to_dot(graph, max_edges=27, detail="neurons")
    assert graphgen.export.to_dot(graph, max_edges=28, detail="neurons").count("->") == 28
    wrong: Any = "nodes"
    with pytest.raises(GraphError, match="`detail` is .*nodes.*; expected neurons or groups, or"):
        graphgen.export.to_dot(graph, detail=wrong)


@OF_PYDOT
def test_dot_of_many_edges_has_boxes_and_arrows_between_groups(graph: Graph) -> None:
    text = graphgen.export.to_dot(graph, max_edges=27)
    assert text == graphgen.export.to_dot(graph, detail="groups")
    assert graphgen.export.to_dot(graph) != text
    (result,) = pydot.graph_from_dot_data(text)
    boxes = [node for node in result.get_node_list() if node.get_name().startswith("g")]
    assert [node.get("label") for node in boxes] == [
        f'"{group.name}\\n{group.size} {group.kind}"' for group in graph.node_groups
    ]
    blocks = graph.template.blocks
    assert [(edge.get_source(), edge.get_destination()) for edge in result.get_edge_list()] == [
        (f"g{block.source_group}", f"g{block.target_group}") for block in blocks
    ]
    for edge, block in zip(result.get_edge_list(), blocks, strict=True):
        assert block.name in edge.get("label")
        assert (edge.get("style") == "dashed") == (block.tensor is None)


@pytest.mark.parametrize(
    ("missing", "install", "export"),
    [
        ("networkx", "[export]", lambda graph, path: graphgen.export.to_networkx(graph)),
        ("scipy.sparse", "[export]", lambda graph, path: graphgen.export.to_scipy(graph)),
        ("pyarrow", "[export]", lambda graph, path: graphgen.export.to_arrow(graph)),
        ("pyarrow.parquet", "[export]", graphgen.export.write_parquet),
        ("torch_geometric.data", "[metanet]", lambda graph, path: graphgen.export.to_pyg(graph)),
        ("dgl", "https://www.dgl.ai", lambda graph, path: graphgen.export.to_dgl(graph)),
        ("torch", "[metanet]", lambda graph, path: graphgen.export.to_dgl(graph)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_missing_library_is_named_with_the_way_to_install_it(
    missing: str,
    install: str,
    export: Callable[[Graph, Path], object],
    graph: Graph,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(GraphError, match=f"needs {missing}") as caught:
        export(graph, tmp_path)
    assert install in str(caught.value)


def test_the_words_behind_the_kinds_go_along(graph: Graph) -> None:
    content = json.loads(graphgen.export.to_networkx(graph).graph["description"])
    assert content["node_kinds"] == list(NODE_KINDS)
    assert content["edge_kinds"] == list(EDGE_KINDS)
    assert content["edge_columns"] == list(EDGE_NAMES)
    assert content["structure"]["blocks"][0]["tensor"] == "0.weight"


def test_a_graph_without_edges_is_exported(tmp_path: Path) -> None:
    graph = graphgen.compile(spec.loads("inputs: {x: [3]}\nlayers: [relu]"), {})
    assert graph.num_edges == 0
    assert graphgen.export.to_networkx(graph).number_of_nodes() == 3
    assert graphgen.export.to_scipy(graph).adjacency.nnz == 0
    assert graphgen.export.to_arrow(graph).edges.num_rows == 0
    assert graphgen.export.to_graphs_tuple(graph).n_edge.tolist() == [0]
    assert "->" not in graphgen.export.to_dot(graph)
    graphgen.export.to_graphml(graph, tmp_path / "net.graphml")
    assert networkx.read_graphml(tmp_path / "net.graphml").number_of_nodes() == 3
