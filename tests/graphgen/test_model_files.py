"""Everything that takes an architecture takes a model; what holds tensors alone is refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import nn

import graphgen
import spec
from graphgen import importers
from graphgen.files import write_weights
from graphgen.files.model_kind import model_kind
from graphgen.importers import Imported
from graphgen.testing import assert_same_function, random_weights

NET = "inputs: {x: [4]}\nlayers: [linear: {out_features: 3}, relu, linear: {out_features: 2}]\n"
WEIGHTS = random_weights(spec.loads(NET), np.random.default_rng(0), np.float32)
X = np.random.default_rng(1).standard_normal((5, 4)).astype(np.float32)


class Chain(nn.Sequential):
    """Layers one after the other, whose input has a name."""

    def forward(self, x: Any) -> Any:
        return super().forward(x)


def module() -> nn.Module:
    made = Chain(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)).eval()
    made.load_state_dict({name: torch.from_numpy(x.copy()) for name, x in WEIGHTS.items()})
    return made


def onnx_model() -> bytes:
    make = onnx.helper
    nodes = [
        make.make_node("Gemm", ["x", "0.weight", "0.bias"], ["a"], transB=1),
        make.make_node("Relu", ["a"], ["b"]),
        make.make_node("Gemm", ["b", "2.weight", "2.bias"], ["y"], transB=1),
    ]
    values = [
        [make.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", size])]
        for name, size in (("x", 4), ("y", 2))
    ]
    tensors = [onnx.numpy_helper.from_array(array, name) for name, array in WEIGHTS.items()]
    graph = make.make_graph(nodes, "g", *values, tensors)
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def write_onnx(path: Path) -> Path:
    path.with_suffix(".onnx").write_bytes(onnx_model())
    return path.with_suffix(".onnx")


def write_onnx_by_another_name(path: Path) -> Path:
    path.with_suffix(".model").write_bytes(onnx_model())
    return path.with_suffix(".model")


def write_program(path: Path) -> Path:
    target = path.with_suffix(".pt2")
    torch.export.save(torch.export.export(module(), (torch.from_numpy(X),)), target)
    return target


def write_folder(path: Path) -> Path:
    path.mkdir()
    (path / "config.json").write_text(json.dumps({"model_type": "mlp"}))
    write_weights(path / "model.safetensors", WEIGHTS)
    return path


MODELS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "ONNX": (write_onnx, "onnx"),
    "ONNX by another name": (write_onnx_by_another_name, "onnx"),
    "a program": (write_program, "program"),
    "a folder": (write_folder, "folder"),
}


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a model, which is read as the network above."""
    write, kind = MODELS[request.param]
    path = write(tmp_path / "model")
    assert model_kind(path) == model_kind(str(path)) == kind

    def read(given: Path) -> Imported:
        assert given == path
        return Imported(spec.loads(NET), dict(WEIGHTS), NET)

    if kind == "folder":  # transformers has no such network
        monkeypatch.setattr(importers, "reader", lambda asked: {kind: read}[asked])
    return path


def test_functions_take_a_model_with_its_weights(model: Path) -> None:
    net = spec.loads(NET)
    for path in (model, str(model)):
        assert graphgen.template(path) is graphgen.template(net)
        assert graphgen.symmetries(path).order == 6
        assert str(graphgen.scalings(path)) == str(graphgen.scalings(net))
        assert graphgen.neuron_values(path)[0].value == graphgen.neuron_values(net)[0].value
        graph = graphgen.compile(path)
        assert all(np.array_equal(graph.weights()[n], x) for n, x in WEIGHTS.items())
        assert graphgen.compile(path, kind="computation").template.kind == "computation"
        assert np.array_equal(graphgen.evaluate(path, None, X), graphgen.evaluate(net, WEIGHTS, X))
        assert graphgen.Checkpoint.read(path).weights.keys() == WEIGHTS.keys()
        assert assert_same_function(path, None, module(), X) < 1e-10


def test_a_model_is_weights_too(model: Path) -> None:
    net = spec.loads(NET)
    assert graphgen.compile(net, model).weights().keys() == WEIGHTS.keys()
    moved = graphgen.symmetries(net).sample(np.random.default_rng(0)).apply(model)
    aligned = graphgen.match(model, model, moved).apply(moved)
    assert all(np.array_equal(aligned[n], x) for n, x in WEIGHTS.items())
    other = {name: 2 * x for name, x in WEIGHTS.items()}
    assert np.array_equal(graphgen.compile(model, other).weights()["0.bias"], other["0.bias"])


def test_control_an_architecture_has_no_weights(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(NET)
    for net in (tmp_path / "net.yaml", spec.loads(NET), "mlp"):
        for call in (
            lambda net=net: graphgen.compile(net),
            lambda net=net: graphgen.evaluate(net, None, X),
            lambda net=net: graphgen.Checkpoint.read(net),
            lambda net=net: assert_same_function(net, None, module(), X),
        ):
            with pytest.raises(graphgen.GraphError, match="`weights` is None; expected arrays"):
                call()


def torch_saved(value: Callable[[], Any], suffix: str = ".pt") -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        save: Callable[..., Any] = torch.save
        save(value(), path.with_suffix(suffix))
        return path.with_suffix(suffix)

    return write


def scripted(path: Path) -> Path:
    torch.jit.save(torch.jit.trace(module(), torch.from_numpy(X)), str(path.with_suffix(".pt")))
    return path.with_suffix(".pt")


def weights_in(suffix: str) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        write_weights(path.with_suffix(suffix), WEIGHTS)
        return path.with_suffix(suffix)

    return write


def config_alone(path: Path) -> Path:
    return write_folder(path) / "config.json"


def bytes_in(data: bytes, suffix: str) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        path.with_suffix(suffix).write_bytes(data)
        return path.with_suffix(suffix)

    return write


def empty_folder(path: Path) -> Path:
    path.mkdir()
    return path


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a state_dict": (torch_saved(lambda: module().state_dict()), "holds tensors, and not what"),
    "a whole module": (torch_saved(module), "holds tensors, and not what is computed"),
    "a .bin of torch": (torch_saved(lambda: module().state_dict(), ".bin"), "from_torch"),
    "safetensors": (
        weights_in(".safetensors"),
        "is a safetensors file, expected an architecture in YAML or",
    ),
    "npz": (weights_in(".npz"), "is an .npz archive, expected an architecture"),
    "TorchScript": (scripted, "is a program of TorchScript, which is not imported; save"),
    "a config alone": (config_alone, "name the folder, "),
    "a folder of something": (empty_folder, "is a folder without a config.json"),
    "a pickle": (bytes_in(b"\x80\x04\x95abcdefgh.", ".pkl"), "reading a pickle runs code"),
    "HDF5": (bytes_in(b"\x89HDF\r\n\x1a\n" + bytes(100), ".h5"), "export the model to ONNX"),
    "TensorFlow Lite": (bytes_in(b"\x1c\0\0\0TFL3" + bytes(99), ".tflite"), "to ONNX"),
    "GGUF": (bytes_in(b"GGUF" + bytes(100), ".gguf"), "is a GGUF file, expected an architecture"),
    "an unknown binary": (bytes_in(bytes(100), ".dat"), "binary file of an unknown kind"),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_what_is_no_model_is_refused_with_what_to_do(kind: str, tmp_path: Path) -> None:
    write, words = REFUSED[kind]
    path = write(tmp_path / "given")
    assert model_kind(path) is None
    with pytest.raises((graphgen.GraphError, spec.SpecError), match=words) as caught:
        graphgen.symmetries(path)
    assert str(path) in str(caught.value)
    with pytest.raises(
        graphgen.GraphError, match=words if kind != "an unknown binary" else "no model"
    ):
        importers.read_model(path)


@pytest.mark.parametrize("suffix", [".pt2", ".onnx", ""])
def test_broken_models_are_the_readers_matter(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(b"PK\x03\x04" + bytes(50))
    assert model_kind(path) == {".pt2": "program", ".onnx": "onnx", "": None}[suffix]
    assert model_kind(tmp_path / "missing.onnx") is None
    assert model_kind("a\0b.onnx") is None


@pytest.mark.parametrize(
    ("library", "write", "words"),
    [
        ("onnx", write_onnx, r'is read by onnx, .* pip install "graph-metanetworks\[onnx\]"'),
        ("torch", write_program, r'is read by torch, .* install "graph-metanetworks\[metanet\]"'),
        ("transformers", write_folder, "are read by transformers"),
    ],
)
def test_what_a_model_needs_is_said(
    library: str,
    write: Callable[[Path], Path],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write(tmp_path / "model")
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(graphgen.GraphError, match=words) as caught:
        importers.read_model(path)
    assert str(path) in str(caught.value)
