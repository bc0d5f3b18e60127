"""`gmn units`, `gmn prune` and `gmn widen`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import graphgen
import spec
from graphgen.files import read_weights, write_weights
from graphgen.testing import random_weights
from pipelines.cli import main

NET = """
vars: {width: 6}
inputs: {x: [4]}
layers: [{linear: {out_features: $width}}, relu, {linear: {out_features: 2}}]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET)
    for name in ("net.yaml", "llama", "gpt2"):
        weights = random_weights(spec.load(name), np.random.default_rng(0))
        write_weights(f"{Path(name).stem}.safetensors", weights)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = 0
    try:
        main(arguments)
    except SystemExit as stop:
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code, out, _ = run(capsys, *arguments, "--json")
    assert code == 0
    found = json.loads(out)
    assert isinstance(found, dict)
    return found


def outputs(net: str | Path, weights: str) -> Any:
    x = np.random.default_rng(1).normal(size=(3, 4))
    return graphgen.evaluate(spec.load(net), read_weights(weights), x)


def test_units(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "units", "net.yaml", "--unit", "0/neuron[2]")
    assert (code, err) == (0, "")
    assert out.startswith("network: 6 units\n")
    assert "\n0/neuron[2]: 7 parameters\n  0.weight: 2 of axis 0\n  0.bias: 2 of axis 0\n" in out
    found = document(capsys, "units", "resnet", "--unit", "layer1.0.bn2/branch[0]", "--set",
                     "width=4")  # fmt: skip
    assert [each["size"] for each in found["families"]] == [4, 4, 8, 8]
    assert found["units"][0]["slices"][0]["indices"] == [0, 1, 2, 3]
    for name, told in (
        ("0/neuron[6]", "there is no unit '0/neuron[6]': 0/neuron has [6] units"),
        ("0/neuron", "there is no unit '0/neuron'; expected a family with numbers"),
        ("1/neuron[0]", "no family of units '1/neuron'; there are 0/neuron"),
    ):
        code, _, err = run(capsys, "units", "net.yaml", "--unit", name)
        assert code == 2
        assert told in err


def test_pruned_by_size_and_by_gradients_and_by_own_scores(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net, weights = spec.load("net.yaml"), read_weights("net.safetensors")
    gradients = {name: array * 0 for name, array in weights.items()}
    gradients["2.weight"] = weights["2.weight"] * np.array([3, 1, 2, 9, 8, 7])
    write_weights("gradients.npz", gradients)
    np.savez("scores.npz", **{"0/neuron": np.array([9, 8, 1, 2, 3, 7])})
    size = graphgen.unit_scores(net, weights)["0/neuron"]
    change = graphgen.unit_scores(net, weights, gradients=gradients)["0/neuron"]
    for number, (options, scores) in enumerate((
        ([], size), (["--gradients", "gradients.npz"], change),
        (["--score", "scores.npz"], np.array([9, 8, 1, 2, 3, 7])),
    )):  # fmt: skip
        out = f"{number}.yaml"
        found = document(capsys, "prune", "net.yaml", "net.safetensors", "--fraction", "0.5",
                         *options, "--out", out)  # fmt: skip
        assert found["variables"] == {"width": 3}
        assert found["changed"] == {"0/neuron": 3}
        assert (found["before"], found["parameters"]) == (44, 23)
        assert Path(out).read_text() == NET.replace("6", "3")
        kept = np.sort(np.argsort(scores)[3:])
        left = read_weights(found["weights"])
        assert np.array_equal(left["0.weight"], weights["0.weight"][kept])
        zeros = {**weights, "2.weight": weights["2.weight"] * np.isin(np.arange(6), kept)}
        x = np.random.default_rng(1).normal(size=(3, 4))
        expected = graphgen.evaluate(net, zeros, x)
        assert np.allclose(outputs(out, found["weights"]), expected, atol=1e-12)


def test_kept_and_dropped_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "prune", "net.yaml", "net.safetensors", "--keep", "*/neuron=5",
                     "--drop", "0/neuron[0]", "-o", "a.yaml")  # fmt: skip
    assert found["variables"] in ({"width": 4}, {"width": 5})
    found = document(capsys, "prune", "gpt2", "gpt2.safetensors", "--drop", "h.0.attn/branch[0]",
                     "-o", "b.yaml", "--weights", "c.npz")  # fmt: skip
    assert (found["variables"], found["changed"]) == (None, {"h.0.attn/branch": 1})
    assert run(capsys, "check", "b.yaml", "c.npz")[0] == 0


def test_what_a_layer_cannot_say_is_told_and_left(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("prune", "llama", "llama.safetensors", "--fraction", "0.5", "-o", "a.yaml")
    code, out, _ = run(capsys, *arguments)
    assert code == 0
    assert "model.layers.0.self_attn/value dimension: left as it is" in out
    assert run(capsys, "check", "a.yaml", "a.safetensors")[0] == 0
    code, _, err = run(capsys, *arguments[:-1], "b.yaml", "--only", "*/value dimension")
    assert code == 2
    assert "a `multihead_attention` cannot say what it is" in err
    assert not Path("b.yaml").exists()


def test_widened(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "widen", "net.yaml", "net.safetensors", "--times", "2", "-o", "a.yaml")
    assert (found["variables"], found["left"]) == ({"width": 12}, [])
    expected = outputs("net.yaml", "net.safetensors")
    assert np.allclose(outputs("a.yaml", "a.safetensors"), expected, atol=1e-12)
    found = document(capsys, "widen", "net.yaml", "net.safetensors", "--to", "0/neuron=16",
                     "--noise", "0.3", "--seed", "1", "-o", "b.yaml")  # fmt: skip
    assert found["changed"] == {"0/neuron": 10}
    assert np.allclose(outputs("b.yaml", "b.safetensors"), expected, atol=1e-12)
    assert not np.isclose(*read_weights("b.safetensors")["2.weight"][0, [0, 6]])
    found = document(capsys, "widen", "gpt2", "gpt2.safetensors", "--times", "2", "-o", "c.yaml")
    assert {own["family"].split("/")[1] for own in found["left"]} == {
        "neuron", "key dimension", "value dimension",
    }  # fmt: skip
    code, _, err = run(capsys, "widen", "gpt2", "gpt2.safetensors", "--times", "2", "-o", "d.yaml",
                       "--only", "wte/neuron")  # fmt: skip
    assert code == 2
    assert "wte.weight makes these units and also reads them" in err


def test_a_model_has_its_weights(capsys: pytest.CaptureFixture[str]) -> None:
    make = onnx.helper
    weights = read_weights("net.safetensors")
    nodes = [
        make.make_node("Gemm", ["x", "0.weight", "0.bias"], ["a"], transB=1),
        make.make_node("Relu", ["a"], ["b"]),
        make.make_node("Gemm", ["b", "2.weight", "2.bias"], ["y"], transB=1),
    ]
    values = [
        [make.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", size])]
        for name, size in (("x", 4), ("y", 2))
    ]
    tensors = [onnx.numpy_helper.from_array(x.astype("f4"), n) for n, x in weights.items()]
    model = make.make_model(make.make_graph(nodes, "g", *values, tensors),
                            opset_imports=[make.make_opsetid("", 17)], ir_version=8)  # fmt: skip
    onnx.save(model, "model.onnx")
    found = document(capsys, "prune", "model.onnx", "--fraction", "0.5", "-o", "a.yaml")
    assert (found["variables"], found["before"], found["parameters"]) == (None, 44, 23)
    assert run(capsys, "check", "a.yaml", "a.safetensors")[0] == 0
    found = document(capsys, "widen", "model.onnx", "--times", "3", "-o", "b.yaml")
    expected = outputs("net.yaml", "net.safetensors")
    assert np.allclose(outputs("b.yaml", "b.safetensors"), expected, atol=1e-5)


def test_nothing_is_written_over_or_halfway(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("prune", "net.yaml", "net.safetensors")
    Path("there.safetensors").write_text("mine")
    for options, told in (
        (["--fraction", "0.5", "-o", "net.yaml"], "net.yaml: is there already"),
        (["--fraction", "0.5", "-o", "there.yaml"], "there.safetensors: is there already"),
        (["--fraction", "0.5", "-o", "a.txt"], "a.txt: an architecture is written as .yaml"),
        (["--fraction", "0.5", "-o", "a.yaml", "--weights", "a.pt"], "a.pt: weights are written"),
        (["-o", "a.yaml"], "say what goes: --fraction, --keep or --drop"),
        (["--only", "x", "--keep", "0/neuron=1", "-o", "a.yaml"], "--only says of which families"),
        (["--keep", "0/neuron=7", "-o", "a.yaml"], "--keep 0/neuron=7: expected 1 to 6"),
        (["--keep", "0/neuron", "-o", "a.yaml"], "expected FAMILY=NUMBER, such as 1/neuron=8"),
        (["--keep", "x*=1", "-o", "a.yaml"], "no family of units is like 'x*'; there are 0/neuron"),
        (["--fraction", "1", "-o", "a.yaml"], "1.0 is not in the range"),
        (["--fraction", "0.5", "--score", "there.npz", "-o", "a.yaml"], "there.npz"),
    ):
        code, _, err = run(capsys, *arguments, *options)
        assert code == 2
        assert told in err
        assert not Path("a.yaml").exists()
    assert Path("there.safetensors").read_text() == "mine"
    arguments = ("widen", "net.yaml", "net.safetensors")
    for options, told in (
        (["-o", "a.yaml"], "say what comes: --times of 2 or more, or --to"),
        (["--to", "0/neuron=3", "-o", "a.yaml"], "it has 6 already"),
    ):
        code, _, err = run(capsys, *arguments, *options)
        assert code == 2
        assert told in err
