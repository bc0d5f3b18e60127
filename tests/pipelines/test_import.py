"""`gmn import`, and every command that takes an architecture with a model in its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import nn

import graphgen
import spec
from graphgen.files import read_weights, write_weights
from graphgen.importers import Imported, read_model
from pipelines.cli import main
from pipelines.commands import import_ as command


def onnx_model(weights: dict[str, Any]) -> bytes:
    make = onnx.helper
    nodes = [
        make.make_node("Gemm", ["input", "0.weight", "0.bias"], ["a"], transB=1),
        make.make_node("Relu", ["a"], ["b"]),
        make.make_node("Gemm", ["b", "2.weight", "2.bias"], ["y"], transB=1),
    ]
    values = [
        [make.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", size])]
        for name, size in (("input", 4), ("y", 2))
    ]
    tensors = [onnx.numpy_helper.from_array(x.numpy(), name) for name, x in weights.items()]
    graph = make.make_graph(nodes, "g", *values, tensors)
    made = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
    return bytes(made.SerializeToString())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)).eval()
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((5, 4)).astype(np.float32))
    folder = tmp_path_factory.mktemp("model")
    torch.export.save(torch.export.export(module, (x,)), folder / "model.pt2")
    (folder / "model.onnx").write_bytes(onnx_model(dict(module.state_dict())))
    np.save(folder / "x.npy", x.numpy())
    np.save(folder / "y.npy", module(x).detach().numpy())
    return folder / "model.pt2"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for path in model.parent.iterdir():
        (tmp_path / path.name).symlink_to(path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = 0
    try:
        main(list(arguments))
    except SystemExit as stop:
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("name", ["model.pt2", "model.onnx"])
def test_a_model_is_printed_or_written(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    framework = "torch" if name.endswith(".pt2") else "onnxruntime"
    code, text, err = run(capsys, "import", name)
    assert code == 0
    assert text == read_model(name).text
    first, second = err.splitlines()
    assert first == f"{name}: 3 layers, 23 parameters in 4 tensors"
    assert second.startswith(
        f"checked against {framework} on random inputs: the outputs differ by "
    )
    files = ("-o", "net.yaml", "--weights", "net.safetensors")
    code, out, err = run(capsys, "import", name, *files)
    assert (code, err) == (0, "")
    assert out.splitlines()[0].startswith("net.yaml, net.safetensors: 3 layers, 23 parameters in 4")
    assert Path("net.yaml").read_text() == text
    imported = read_model(name)
    assert spec.load("net.yaml").hash == imported.net.hash
    written = read_weights("net.safetensors")
    assert written.keys() == imported.weights.keys()
    assert all(written[n].tobytes() == x.tobytes() for n, x in imported.weights.items())
    assert run(capsys, "check", "net.yaml", "net.safetensors", "--inputs", "x.npy",
               "--outputs", "y.npy")[0] == 0  # fmt: skip
    assert run(capsys, "check", "net.yaml", name)[0] == 0


def test_nothing_is_written_over_unasked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("net.yaml").write_text("mine")
    before = sorted(folder.iterdir())
    for arguments, words in (
        (("-o", "net.yaml"), "is there already"),
        (("--weights", "net.yaml"), "is there already"),
        (("-o", "new.yaml", "--weights", "net.yaml"), "is there already"),
        (("-o", "a.npz", "--weights", "a.npz"), "name two"),
        (("-o", "new.yaml", "--weights", "new.pt"), "written as .safetensors or .npz"),
        (("-o", "missing/net.yaml"), "missing is not an existing folder"),
    ):
        code, _, err = run(capsys, "import", "model.pt2", *arguments)
        assert code == 2
        assert words in err
        assert sorted(folder.iterdir()) == before
    assert Path("net.yaml").read_text() == "mine"
    assert run(capsys, "import", "model.pt2", "-o", "net.yaml", "--replace")[0] == 0
    assert spec.load("net.yaml").hash == read_model("model.pt2").net.hash


def test_both_files_or_none(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(folder.iterdir())

    def full(path: Path, weights: Any) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("graphgen.files.write_weights", full)
    code, _, err = run(capsys, "import", "model.pt2", "-o", "n.yaml", "--weights", "n.safetensors")
    assert code == 2
    assert "No space left" in err
    assert sorted(folder.iterdir()) == before


def test_it_is_said_whether_it_was_checked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (
        "not checked against the framework" in run(capsys, "import", "model.pt2", "--no-check")[2]
    )
    monkeypatch.setattr(command, "MOST_CHECKED", 10)
    assert "it has 23 numbers; --check does it" in run(capsys, "import", "model.pt2")[2]
    assert "checked against torch" in run(capsys, "import", "model.pt2", "--check")[2]


def test_a_wrong_import_is_not_written(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = read_model("model.pt2")
    text = right.text.replace("relu", "gelu")
    assert text != right.text
    wrong = Imported(spec.loads(text), right.weights, text, right.batch_axes, right.output_batches)
    monkeypatch.setattr("graphgen.importers.reader", lambda kind: lambda path: wrong)
    before = sorted(folder.iterdir())
    code, out, err = run(capsys, "import", "model.pt2", "-o", "net.yaml")
    assert (code, out) == (2, "")
    assert "does not compute what torch computes on random inputs, so nothing is written" in err
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("name", ["model.pt2", "model.onnx"])
def test_commands_take_a_model(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "check", name, "--values")
    assert (code, err) == (0, "")
    assert f"{name}: fits, 4 tensors" in out
    code, out, _ = run(capsys, "check", name, "--inputs", "x.npy", "--outputs", "y.npy")
    assert (code, out.endswith("agrees\n")) == (0, True)
    np.save("other.npy", np.load("y.npy") + 1)
    command = ("check", name, "--inputs", "x.npy", "--outputs", "other.npy")
    assert run(capsys, *command)[0] == 1
    assert run(capsys, "symmetries", name)[1].startswith("6 permutations")
    code, out, _ = run(capsys, "compile", name, "--out", "graphs")
    assert (code, "23 edges in 4 blocks" in out) == (0, True)
    own = read_model(name).weights
    (row,) = graphgen.GraphSet.open("graphs")
    assert all(np.array_equal(x, own[n]) for n, x in row.weights().items())
    net = read_model(name).net
    moved = graphgen.symmetries(net).sample(np.random.default_rng(0)).apply(own)
    write_weights("moved.safetensors", moved)
    code, out, _ = run(capsys, "match", name, "moved.safetensors", "--out", "a.safetensors")
    assert (code, f"exact copy, distance 0 to {name}" in out) == (0, True)
    aligned = read_weights("a.safetensors")
    assert all(np.array_equal(x, own[n]) for n, x in aligned.items())


def test_a_model_has_no_variables(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "check", "model.pt2", "--set", "width=4")
    assert code == 2
    assert "a model has no variables to set (width); write its architecture by `gmn import" in err


def test_control_an_architecture_needs_weights(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "import", "model.pt2", "-o", "net.yaml")[0] == 0
    for arguments in (
        ("compile", "net.yaml"),
        ("match", "net.yaml", "model.pt2", "--out", "a.npz"),
    ):
        code, _, err = run(capsys, *arguments)
        assert code == 2
        assert "WEIGHTS" in err
    code, _, err = run(capsys, "import", "net.yaml")
    assert code == 2
    assert "net.yaml: is no model; expected an .onnx or .pt2 file" in err


def test_options_go_to_the_importer(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "import", "model.pt2", "--batch-axis", "0")[0] == 0
    code, text, _ = run(capsys, "import", "model.pt2", "--batch-axis", "none")
    assert code == 0
    assert list(spec.loads(text).inputs.values()) == [(5, 4)]
    for option, value, words in (
        ("--shape", "x=4", "`shapes` does not go with this kind of model"),
        ("--output", "y", "`outputs` does not go with this kind of model"),
        ("--shape", "x", "expected NAME=SIZES, such as x=3,32,32"),
        ("--shape", "x=3,-1", "expected NAME=SIZES, such as x=3,32,32"),
        ("--batch-axis", "first", "expected 0, 1, ..., none or auto, got 'first'"),
    ):
        code, _, err = run(capsys, "import", "model.pt2", option, value)
        assert code == 2
        assert words in " ".join(err.split())


def test_both_formats_give_one_description(capsys: pytest.CaptureFixture[str]) -> None:
    both = [read_model(name) for name in ("model.pt2", "model.onnx")]
    assert both[0].net.hash == both[1].net.hash
    assert all(np.array_equal(x, both[1].weights[n]) for n, x in both[0].weights.items())
    assert run(capsys, "check", "model.pt2", "model.onnx", "--values")[0] == 0
