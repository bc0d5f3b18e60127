from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import graphgen
import spec
from graphgen.files import write_weights
from graphgen.files.safetensors_format import DTYPES
from graphgen.sources import architecture_from, reference_networks
from graphgen.testing import (
    assert_round_trip,
    assert_separates,
    assert_symmetric,
    random_inputs,
    random_weights,
)
from spec.testing.small_nets import SMALL_NETS

TEXT = """
inputs: {x: [3]}
layers: [{linear: {out_features: 4}}, relu, {linear: {out_features: 2}}]
"""
HALF = [np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16), np.dtype(ml_dtypes.float8_e5m2)]
COPIES = {
    "a missing tensor": (lambda w: {n: x for n, x in w.items() if n != "0.weight"}, "missing"),
    "a tensor too many": (lambda w: {**w, "more": np.zeros(2)}, "more: not a tensor"),
    "another shape": (lambda w: {**w, "0.weight": w["0.weight"].T}, r"0.weight: shape \[3, 4\]"),
    "NaN": (lambda w: {**w, "2.bias": w["2.bias"] * np.nan}, r"2.bias: 2 values are NaN"),
    "infinity": (lambda w: {**w, "0.bias": np.full(4, -np.inf)}, r"0.bias: 4 values are NaN"),
    "integers": (lambda w: {**w, "0.bias": np.zeros(4, int)}, "0.bias: dtype int64"),
}


def net_and_weights() -> tuple[spec.Architecture, dict[str, Any]]:
    net = spec.loads(TEXT)
    return net, random_weights(net, np.random.default_rng(0))


def test_files_and_objects_give_the_same(tmp_path: Path) -> None:
    net, weights = net_and_weights()
    yaml, file = tmp_path / "net.yaml", tmp_path / "w.safetensors"
    yaml.write_text(TEXT)
    write_weights(file, weights)
    (x,) = random_inputs(net, np.random.default_rng(1))
    for given in (yaml, str(yaml)):
        assert graphgen.template(given) is graphgen.template(net)
        assert str(graphgen.symmetries(given)) == str(graphgen.symmetries(net))
        assert str(graphgen.scalings(given)) == str(graphgen.scalings(net))
        assert graphgen.neuron_values(given)[0].value == graphgen.neuron_values(net)[0].value
        for arrays in (file, str(file), weights):
            graph = graphgen.compile(given, arrays)
            assert np.array_equal(graph.edge_values(), graphgen.compile(net, weights).edge_values())
            assert np.array_equal(
                graphgen.evaluate(given, arrays, x), graphgen.evaluate(net, weights, x)
            )
            moved = graphgen.match(given, arrays, arrays)
            assert np.array_equal(moved.permutation.nodes, np.arange(graph.num_nodes))
            assert np.array_equal(moved.apply(arrays)["0.weight"], weights["0.weight"])
            middle = graphgen.interpolate(arrays, weights, 0.5)
            assert np.array_equal(middle["0.weight"], weights["0.weight"])


def test_reference_networks_are_known_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(reference_networks()) == set(SMALL_NETS)
    for name in reference_networks():
        assert architecture_from(name).name == name
    monkeypatch.chdir(tmp_path)
    assert graphgen.template("mlp").num_nodes != graphgen.template(spec.loads(TEXT)).num_nodes
    Path("mlp").write_text(TEXT)
    assert graphgen.template("mlp") is graphgen.template(spec.loads(TEXT))


@pytest.mark.parametrize("name", ["nothing", "missing.yaml", "folder/resnet", "resnet.yaml", ""])
def test_what_is_not_there_is_named(name: str) -> None:
    with pytest.raises(graphgen.GraphError, match="there is no file|expected") as caught:
        graphgen.symmetries(Path("missing") / name if name == "" else name)
    assert "resnet" in str(caught.value)


def test_mistakes_in_a_file_have_their_place(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("inputs: {x: [3]}\nlayers: [linear]\n")
    with pytest.raises(spec.SpecError, match=r"net\.yaml:2"):
        graphgen.symmetries(path)


@pytest.mark.parametrize("kind", COPIES)
@pytest.mark.parametrize("wrong", ["target", "weights"])
@pytest.mark.parametrize("files", [True, False])
def test_match_says_which_network_does_not_fit(
    kind: str, wrong: str, files: bool, tmp_path: Path
) -> None:
    net, weights = net_and_weights()
    change, message = COPIES[kind]
    given: dict[str, Any] = {"target": weights, "weights": weights}
    given[wrong] = change(weights)
    place = f"`{wrong}`"
    if files:
        for argument, arrays in given.items():
            write_weights(tmp_path / f"{argument}.npz", arrays)
            given[argument] = tmp_path / f"{argument}.npz"
        place = str(given[wrong])
    with pytest.raises(graphgen.GraphError, match=message) as caught:
        graphgen.match(net, **given)
    assert str(caught.value).startswith(place)
    other = "weights" if wrong == "target" else "target"
    assert (str(given[other]) if files else f"`{other}`") not in str(caught.value)


def test_control_match_takes_what_fits(tmp_path: Path) -> None:
    net, weights = net_and_weights()
    moved = graphgen.symmetries(net).sample(np.random.default_rng(3)).apply(weights)
    aligned = graphgen.match(net, weights, moved).apply(moved)
    assert np.array_equal(aligned["0.weight"], weights["0.weight"])


def test_symmetries_are_not_applied_to_another_network() -> None:
    weights = net_and_weights()[1]
    other = spec.loads(TEXT.replace("4", "5"))
    rng = np.random.default_rng(0)
    for element in (graphgen.symmetries(other).sample(rng), graphgen.scalings(other).sample(rng)):
        with pytest.raises(graphgen.GraphError, match=r"`weights`: .*\n  0.weight: shape \[4, 3\]"):
            element.apply(weights)
        element.apply(random_weights(other, rng))


@pytest.mark.parametrize("dtype", HALF, ids=str)
@pytest.mark.parametrize("name", ["mlp", "resnet", "vit", "gpt2", "lstm_classifier", "siren"])
def test_half_precision_is_evaluated_and_exported(name: str, dtype: np.dtype[Any]) -> None:
    net = spec.load(Path(spec.__file__).parent / "nets" / f"{name}.yaml", **SMALL_NETS[name])
    rng = np.random.default_rng(0)
    weights = random_weights(net, rng, dtype)
    wide = {n: x.astype(np.float64) if x.dtype == dtype else x for n, x in weights.items()}
    inputs = random_inputs(net, rng, dtype=np.float32)
    exact = graphgen.evaluate(net, wide, *inputs)
    runnable = graphgen.compile(net, weights, "computation")
    results = [graphgen.evaluate(net, weights, *inputs), graphgen.evaluate(runnable, *inputs)]
    graph = graphgen.compile(net, weights)
    mixed = {n: x.astype(np.float16) if i % 2 and x.dtype == dtype else x
             for i, (n, x) in enumerate(weights.items())}  # fmt: skip
    assert len(graphgen.compile(net, mixed).edge_values()) == graph.num_edges
    for result in results:
        scale = np.abs(exact).max()
        assert np.abs(np.asarray(result, np.float64) - exact).max() < 2e-2 * scale
    for export in (graphgen.export.to_pyg, graphgen.export.to_scipy, graphgen.export.to_arrow,
                   graphgen.export.to_networkx, graphgen.export.to_graphs_tuple):  # fmt: skip
        export(graph)
    text = graphgen.export.description.describe(graph)
    back = graphgen.export.restore_weights(text, graph.edge_values())
    assert all(back[n].tobytes() == x.tobytes() for n, x in weights.items())
    assert {n: x.dtype for n, x in back.items()} == {n: x.dtype for n, x in weights.items()}


@pytest.mark.parametrize("name", ["F16", "BF16", "F8_E5M2", "F8_E4M3", "F8_E5M2FNUZ", "F64"])
@pytest.mark.parametrize("net", ["cnn", "p4_cnn", "vit", "lstm_classifier"])
def test_every_floating_dtype_goes_into_a_graph_and_out(net: str, name: str) -> None:
    path = Path(spec.__file__).parent / "nets" / f"{net}.yaml"
    architecture = spec.load(path, **SMALL_NETS[net])
    weights = random_weights(architecture, np.random.default_rng(0), DTYPES[name])
    assert assert_round_trip(architecture, weights) == 0
    graph = graphgen.compile(architecture, weights)
    assert graph.edge_values().dtype == DTYPES[name]
    moved = graphgen.symmetries(architecture).sample(np.random.default_rng(0)).apply(weights)
    assert {n: x.dtype for n, x in moved.items()} == {n: x.dtype for n, x in weights.items()}
    scaled = graphgen.scalings(architecture).sample(np.random.default_rng(0)).apply(weights)
    assert {n: x.dtype for n, x in scaled.items()} == {n: x.dtype for n, x in weights.items()}
    weights[next(iter(weights))].reshape(-1)[0] = np.nan
    with pytest.raises(graphgen.GraphError, match="1 values are NaN"):
        graph.check_values()


@pytest.mark.parametrize("dtype", ["V2", "U3", "c8", "i4", "?", "M8[s]"])
def test_control_other_dtypes_do_not_go_into_a_graph(dtype: str) -> None:
    net, weights = net_and_weights()
    with pytest.raises(graphgen.GraphError, match="dtype"):
        graphgen.compile(net, {**weights, "0.bias": np.zeros(4, dtype)})


def test_assertions_take_paths_and_names() -> None:
    rng = np.random.default_rng(0)
    weights = random_weights("mlp", rng)
    (x,) = random_inputs("mlp", rng)
    assert assert_round_trip("mlp", weights) == 0
    assert assert_symmetric("mlp", weights, x, rng, count=1) <= 1e-10
    assert assert_separates("mlp", "cnn") > 0
    with pytest.raises(AssertionError, match="'mlp' and 'mlp'"):
        assert_separates("mlp", "mlp")
