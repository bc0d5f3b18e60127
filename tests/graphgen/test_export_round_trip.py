"""Every export gives the edges back in order, and their values bit for bit."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import ml_dtypes
import networkx
import numpy as np
import pyarrow.parquet
import pytest
from numpy.typing import NDArray

import graphgen
import spec
from graphgen import Graph
from graphgen.export import restore_weights
from graphgen.testing import random_weights
from spec.testing.network import description

NETS = Path(spec.__file__).parent / "nets"
SIZES = {
    "mlp": {"width": 3, "size": 3, "classes": 2, "norm": "batch_norm"},
    "cnn": {"width": 2, "size": 4, "classes": 2},
    "residual_cnn": {"width": 2, "size": 4, "classes": 2},
}
TIED = """
inputs: {x: [3]}
layers:
  - linear: {out_features: 3, name: first}
  - tanh
  - linear: {out_features: 3, name: second, parameters: {weight: first.weight}}
"""


def weights_of(net: spec.Architecture, dtype: Any = np.float32) -> dict[str, NDArray[Any]]:
    return random_weights(net, np.random.default_rng(0), dtype)


def zeroed() -> Graph:
    net = spec.loads("inputs: {x: [3]}\nlayers: [{linear: {out_features: 2}}]")
    weights = weights_of(net)
    weights["0.weight"][0] = [0.0, -0.0, np.float32(1e-45)]
    return graphgen.compile(net, weights)


def mixed(*dtypes: Any) -> Graph:
    """A network whose floating-point tensors have these dtypes by turns."""
    net = spec.load(NETS / "cnn.yaml", **SIZES["cnn"])
    weights = weights_of(net)
    names = [name for name, array in weights.items() if array.dtype == np.float32]
    turns = dict(zip(names, itertools.cycle(dtypes), strict=False))
    return graphgen.compile(net, weights | {n: weights[n].astype(d) for n, d in turns.items()})


def of_file(name: str, dtype: Any = np.float32) -> Graph:
    net = spec.load(NETS / f"{name}.yaml", **SIZES[name])
    return graphgen.compile(net, weights_of(net, dtype))


def tied() -> Graph:
    net = spec.loads(TIED)
    return graphgen.compile(net, weights_of(net))


EIGHT_BITS = ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz")
GRAPHS: dict[str, Callable[[], Graph]] = {
    "mlp": lambda: of_file("mlp"),
    "cnn": lambda: of_file("cnn"),
    "residual cnn": lambda: of_file("residual_cnn"),
    "float64": lambda: of_file("cnn", np.float64),
    "float16": lambda: of_file("cnn", np.float16),
    "bfloat16": lambda: of_file("cnn", ml_dtypes.bfloat16),
    **{name: partial(of_file, "cnn", getattr(ml_dtypes, name)) for name in EIGHT_BITS},
    "float32 and float64": lambda: mixed(np.float32, np.float64),
    "bfloat16 and float16": lambda: mixed(ml_dtypes.bfloat16, np.float16),
    "float8 and bfloat16": lambda: mixed(ml_dtypes.float8_e4m3fn, ml_dtypes.bfloat16),
    "two of float8": lambda: mixed(ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2),
    "float8, bfloat16, float64": lambda: mixed(
        ml_dtypes.float8_e5m2, ml_dtypes.bfloat16, np.float64
    ),
    "zeros": zeroed,
    "tied": tied,
}
Export = tuple[NDArray[Any], NDArray[Any], NDArray[Any], "str | bytes"]


def with_networkx(graph: Graph, folder: Path) -> Export:
    result = graphgen.export.to_networkx(graph)
    assert {type(value) for *_, value in result.edges(data="value")} == {float}
    return of_networkx(result)


def of_networkx(result: networkx.MultiDiGraph) -> Export:
    edges = sorted(result.edges(keys=True, data="value"), key=lambda edge: edge[2])
    assert [edge[2] for edge in edges] == list(range(len(edges)))
    sources, targets, _, values = (np.array(column) for column in zip(*edges, strict=True))
    return sources, targets, values, result.graph["description"]


def with_graphml(graph: Graph, folder: Path) -> Export:
    graphgen.export.to_graphml(graph, folder / "net.graphml")
    return of_networkx(
        networkx.read_graphml(
            folder / "net.graphml", node_type=int, edge_key_type=int, force_multigraph=True
        )
    )


def with_dot(graph: Graph, folder: Path) -> Export:
    text = graphgen.export.to_dot(graph)
    edges = re.findall(r'^  n(\d+) -> n(\d+) \[number=(\d+), value="([^"]+)".*\];$', text, re.M)
    assert [int(edge) for _, _, edge, _ in edges] == list(range(len(edges)))
    sources, targets = (np.array([int(edge[end]) for edge in edges]) for end in (0, 1))
    (description,) = re.findall(r'^  description="(.*)";$', text, re.M)
    return sources, targets, np.array([float(edge[3]) for edge in edges]), unquote(description)


def unquote(text: str) -> str:
    return text.replace('\\"', '"')


def with_graphs_tuple(graph: Graph, folder: Path) -> Export:
    result = graphgen.export.to_graphs_tuple(graph)
    return result.senders, result.receivers, result.edges["value"], result.description


def with_scipy(graph: Graph, folder: Path) -> Export:
    result = graphgen.export.to_scipy(graph)
    return *result.adjacency.coords, result.adjacency.data, result.description


def with_arrow(graph: Graph, folder: Path) -> Export:
    return of_table(graphgen.export.to_arrow(graph).edges)


def with_parquet(graph: Graph, folder: Path) -> Export:
    graphgen.export.write_parquet(graph, folder / "net")
    nodes = pyarrow.parquet.read_table(folder / "net" / "nodes.parquet")
    assert nodes.num_rows == graph.num_nodes
    return of_table(pyarrow.parquet.read_table(folder / "net" / "edges.parquet"))


def of_table(table: pyarrow.Table) -> Export:
    columns = (table[name].to_numpy() for name in ("source", "target", "value"))
    return *columns, table.schema.metadata[b"description"]


def with_pyg(graph: Graph, folder: Path) -> Export:
    data = graphgen.export.to_pyg(graph)
    return *data.edge_index.numpy(), data.edge_attr.numpy()[:, 0], data.description


# dgl has no wheels for the Pythons and torches that this project is tested with. What it is called
# with is checked against what its reference says of `dgl.graph`, `ndata` and `edata`.
class FakeGraph:
    def __init__(self, ends: tuple[Any, Any], *, num_nodes: int) -> None:
        self.ends, self.num_nodes = ends, num_nodes
        self.ndata: dict[str, Any] = {}
        self.edata: dict[str, Any] = {}
        self.description = ""


def with_dgl(graph: Graph, folder: Path) -> Export:
    import torch

    result = graphgen.export.to_dgl(graph)
    assert isinstance(result, FakeGraph)
    assert result.num_nodes == graph.num_nodes
    assert all(isinstance(end, torch.Tensor) and end.dtype == torch.int64 for end in result.ends)
    assert all(len(column) == graph.num_nodes for column in result.ndata.values())
    assert all(len(column) == graph.num_edges for column in result.edata.values())
    values = result.edata["value"]
    if values.dtype == torch.bfloat16:
        array = values.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    else:
        array = values.numpy()
    assert array.dtype == graph.edge_values().dtype or array.dtype == np.float32
    return *(end.numpy() for end in result.ends), array, result.description


FORMATS = [
    with_networkx,
    with_graphml,
    with_dot,
    with_graphs_tuple,
    with_scipy,
    with_arrow,
    with_parquet,
    with_pyg,
    with_dgl,
]


@pytest.mark.parametrize("export", FORMATS, ids=lambda f: f.__name__.removeprefix("with_"))
@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_edges_and_weights_come_back(
    make: Callable[[], Graph],
    export: Callable[[Graph, Path], Export],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "dgl", SimpleNamespace(graph=FakeGraph))  # type: ignore[arg-type]
    graph = make()
    sources, targets, values, description = export(graph, tmp_path)
    assert np.array_equal(np.stack([sources, targets]), graph.edge_index())
    same(graph.with_edge_values(values).weights(), graph.weights())
    same_bits(values.astype(graph.edge_values().dtype), graph.edge_values())
    same(restore_weights(description, values), graph.weights())


DTYPES = [np.float32, np.float64, np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn,
          ml_dtypes.float8_e5m2]  # fmt: skip


def drawn(seed: int) -> Graph:
    """A random network; each of its floating-point tensors has a random dtype."""
    rng = Random(seed)
    net = spec.loads(description(rng))
    weights = random_weights(net, np.random.default_rng(seed))
    some = rng.sample(DTYPES, rng.randint(1, 3))
    return graphgen.compile(
        net, {n: x.astype(rng.choice(some)) if x.dtype.kind == "f" else x
              for n, x in weights.items()},
        rng.choice(["parameter", "parameter", "computation"]),
    )  # fmt: skip


@pytest.mark.parametrize("export", FORMATS, ids=lambda f: f.__name__.removeprefix("with_"))
def test_weights_of_random_networks_come_back(
    export: Callable[[Graph, Path], Export], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dgl", SimpleNamespace(graph=FakeGraph))  # type: ignore[arg-type]
    several = 0
    for seed in range(25):
        graph = drawn(seed)
        (tmp_path / str(seed)).mkdir()
        if graph.num_edges:
            _, _, values, text = export(graph, tmp_path / str(seed))
            same(restore_weights(text, values), graph.weights())
        several += len({x.dtype for x in graph.weights().values()}) > 1
    assert several > 5


def same(found: dict[str, NDArray[Any]], expected: dict[str, NDArray[Any]]) -> None:
    assert list(found) == list(expected)
    for name, array in expected.items():
        same_bits(found[name], array)


def same_bits(found: NDArray[Any], expected: NDArray[Any]) -> None:
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    assert found.tobytes() == expected.tobytes()


def test_the_comparison_sees_a_flipped_sign_of_zero() -> None:
    with pytest.raises(AssertionError):
        same_bits(np.array([0.0]), np.array([-0.0]))


def test_the_networks_have_what_is_to_be_kept() -> None:
    assert (zeroed().edge_values() == 0).sum() == 2
    assert any(block.tied for block in tied().blocks)
    cnn = of_file("cnn")
    assert len(np.unique(cnn.edge_index(), axis=1).T) < cnn.num_edges
    assert any(array.dtype == np.int64 for array in cnn.weights().values())
    assert len({x.dtype for x in mixed(np.float32, np.float64).weights().values()}) == 3
