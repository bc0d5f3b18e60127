"""Mutated ONNX models: imported or refused, within bounds, with nothing written or read besides."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from fuzz.onnx_mutations import mutated
from fuzz.rule import run
from onnx import TensorProto, helper, numpy_helper


def convolutional() -> bytes:
    rng = np.random.default_rng(0)
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Reshape", ["p", "s"], ["f"]),
        helper.make_node("Gemm", ["f", "v", "a"], ["y"], transB=1),
    ]
    return _model(
        nodes,
        [1, 2, 4, 4],
        {
            "w": rng.normal(size=(3, 2, 3, 3)).astype(np.float32),
            "b": rng.normal(size=3).astype(np.float32),
            "s": np.array([1, -1]),
            "v": rng.normal(size=(2, 12)).astype(np.float32),
            "a": rng.normal(size=2).astype(np.float32),
        },
    )


def attentive() -> bytes:
    rng = np.random.default_rng(1)
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["q"]),
        helper.make_node("Transpose", ["q"], ["k"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["q", "k"], ["s"]),
        helper.make_node("Softmax", ["s"], ["p"], axis=-1),
        helper.make_node("MatMul", ["p", "x"], ["o"]),
        helper.make_node("ReduceMean", ["o", "axes"], ["m"], keepdims=0),
        helper.make_node("Unsqueeze", ["m", "axes"], ["u"]),
        helper.make_node("Expand", ["u", "shape"], ["e"]),
        helper.make_node("Slice", ["e", "axes", "two", "axes"], ["l"]),
        helper.make_node("Concat", ["l", "x"], ["y"], axis=1),
    ]
    return _model(
        nodes,
        ["batch", 5, 4],
        {
            "w": rng.normal(size=(4, 4)).astype(np.float32),
            "axes": np.array([1]),
            "two": np.array([2]),
            "shape": np.array([1, 3, 1]),
        },
    )


def _model(nodes: list[object], shape: list[int | str], tensors: dict[str, np.ndarray]) -> bytes:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return bytes(model.SerializeToString())


MODELS = (convolutional(), attentive())


def folder_of(path: Path) -> Path:
    """Make a folder with a secret beside it and a link out of it."""
    folder = path / "given"
    folder.mkdir()
    (path / "secret.bin").write_bytes(b"secret" * 1000)
    (folder / "link.bin").symlink_to(path / "secret.bin")
    return folder


def mutations(count: int, seed: int, folder: Path) -> int:
    """Import so many mutated models; give how many were taken."""
    model, out = folder / "model.onnx", folder.parent / "out" / "net.yaml"
    out.parent.mkdir(exist_ok=True)
    taken = 0
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        model.write_bytes(mutated(MODELS[number % len(MODELS)], rng))
        outcome = run(["import", str(model), "-o", str(out)], [folder], out)
        assert not outcome.broken, (seed, number, outcome.broken, outcome.error[:1000])
        taken += outcome.code == 0
        out.unlink(missing_ok=True)
    return taken


def test_the_models_are_imported(tmp_path: Path) -> None:
    for number, data in enumerate(MODELS):
        model, out = tmp_path / f"{number}.onnx", tmp_path / f"{number}.yaml"
        model.write_bytes(data)
        outcome = run(["import", str(model), "-o", str(out)], [model], out, seconds=60)
        assert outcome.code == 0, outcome.error


def test_a_mutated_model_is_imported_or_refused(tmp_path: Path) -> None:
    assert 10 <= mutations(200, 0, folder_of(tmp_path)) <= 150


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 11))
def test_ten_thousand_mutated_models(seed: int, tmp_path: Path) -> None:
    mutations(1_000, seed, folder_of(tmp_path))
