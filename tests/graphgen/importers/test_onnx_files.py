"""Files of models: data beside them, what lies outside, and files that are damaged."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import graphgen
from graphgen.importers import ImportRefusalError, from_onnx, read_model

NUMBERS = np.random.default_rng(0)
FIRST, LAST = (NUMBERS.standard_normal((6, n)).astype(np.float32) for n in (4, 4))
BIAS = NUMBERS.standard_normal(6).astype(np.float32)


def model(**tensors: TensorProto) -> onnx.ModelProto:
    """Make a small network of two layers, with other tensors in the place of its own."""
    own = {
        "first.weight": numpy_helper.from_array(FIRST, "first.weight"),
        "first.bias": numpy_helper.from_array(BIAS, "first.bias"),
        "last.weight": numpy_helper.from_array(LAST, "last.weight"),
        **tensors,
    }
    nodes = [
        helper.make_node("Gemm", ["x", "first.weight", "first.bias"], ["h"], transB=1),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "last.weight"], ["y"]),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4])
    graph = helper.make_graph(nodes, "small", [x], [y], list(own.values()))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def expected(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.maximum(x @ FIRST.T + BIAS, 0) @ LAST


def outside(location: str, **entries: str) -> TensorProto:
    """Make a tensor that lies in a file."""
    tensor = TensorProto(name="last.weight", data_type=TensorProto.FLOAT, dims=LAST.shape)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def test_weights_are_views_by_their_names(tmp_path: Path) -> None:
    onnx.save(model(), tmp_path / "model.onnx")
    found = read_model(tmp_path / "model.onnx")
    assert sorted(found.weights) == ["first.bias", "first.weight", "last.weight"]
    x = NUMBERS.standard_normal((3, 4)).astype(np.float32)
    np.testing.assert_allclose(
        graphgen.evaluate(found.net, found.weights, x), expected(x), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_array_equal(found.weights["last.weight"], LAST.T)
    assert found.weights["last.weight"].base is not None


def test_data_beside_the_model_are_mapped(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "w.bin").write_bytes(b"12345678" + LAST.tobytes())
    onnx.save(model(**{"last.weight": outside("data/w.bin", offset="8")}), tmp_path / "m.onnx")
    found = from_onnx(tmp_path / "m.onnx")
    base: Any = found.weights["last.weight"]
    while base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
    np.testing.assert_array_equal(found.weights["last.weight"], LAST.T)


@pytest.mark.parametrize(
    ("location", "entries", "message"),
    [
        ("../secret.bin", {}, "not inside the model's folder"),
        ("link.bin", {}, "not inside the model's folder"),
        ("/etc/hostname", {}, "not inside the model's folder"),
        ("", {}, "not inside the model's folder"),
        ("a/../../secret.bin", {}, "not inside the model's folder"),
        ("none.bin", {}, "cannot be read"),
        ("bad\0name", {}, "cannot be read"),
        ("folder", {}, "no file"),
        ("short.bin", {}, "has 8 bytes, expected 96"),
        ("short.bin", {"offset": "100"}, "from 100 on"),
        ("short.bin", {"offset": "-8"}, "from -8 on"),
        ("short.bin", {"length": "9999999999999"}, "9999999999999 bytes"),
        ("short.bin", {"offset": "first"}, "no numbers as its place"),
    ],
)
def test_nothing_outside_of_the_folder_is_read(
    tmp_path: Path, location: str, entries: dict[str, str], message: str
) -> None:
    folder = tmp_path / "models"
    (folder / "folder").mkdir(parents=True)
    (tmp_path / "secret.bin").write_bytes(LAST.tobytes())
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    (folder / "short.bin").write_bytes(b"12345678")
    onnx.save(model(**{"last.weight": outside(location, **entries)}), folder / "m.onnx")
    with pytest.raises(ImportRefusalError, match=message):
        from_onnx(folder / "m.onnx")


def test_an_object_with_data_in_files_needs_its_folder() -> None:
    with pytest.raises(ImportRefusalError, match="give the model's path"):
        from_onnx(model(**{"last.weight": outside("w.bin")}))


@pytest.mark.parametrize("kind", ["float16", "float64", "bfloat16"])
def test_weights_of_other_dtypes_are_read(kind: str) -> None:
    if kind == "bfloat16":
        bits = (LAST.view(np.uint32) >> 16).astype(np.uint16)
        tensor = TensorProto(name="last.weight", data_type=TensorProto.BFLOAT16, dims=LAST.shape)
        tensor.raw_data = bits.tobytes()
        want = (bits.astype(np.uint32) << 16).view(np.float32)
    else:
        want = LAST.astype(kind)
        tensor = numpy_helper.from_array(want, "last.weight")
    found = from_onnx(model(**{"last.weight": tensor}))
    np.testing.assert_array_equal(found.weights["last.weight"], want.T)


def test_initialisers_among_the_inputs_are_none_of_them() -> None:
    old = model()
    old.ir_version = 3
    for tensor in old.graph.initializer:
        old.graph.input.append(
            helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
        )
    assert from_onnx(old).net.inputs == {"x": (4,)}


def test_functions_of_a_model_are_read_where_they_are_called() -> None:
    body = [
        helper.make_node("Gemm", ["a", "w", "b"], ["t"], transB=1),
        helper.make_node("LeakyRelu", ["t"], ["u"]),
    ]
    body[1].attribute.append(
        onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT)
    )
    function = helper.make_function(
        "own", "Layer", ["a", "w", "b"], ["u"], body, [helper.make_opsetid("", 17)], ["slope"]
    )
    whole = model()
    node = helper.make_node(
        "Layer", ["x", "first.weight", "first.bias"], ["r"], domain="own", slope=0.25
    )
    rest = whole.graph.node[2]
    kept = [node, rest]
    del whole.graph.node[:]
    whole.graph.node.extend(kept)
    whole.functions.append(function)
    whole.opset_import.append(helper.make_opsetid("own", 1))
    found = from_onnx(whole)
    x = NUMBERS.standard_normal((3, 4)).astype(np.float32)
    h = x @ FIRST.T + BIAS
    want = np.where(h > 0, h, 0.25 * h) @ LAST
    np.testing.assert_allclose(
        graphgen.evaluate(found.net, found.weights, x), want, rtol=1e-5, atol=1e-6
    )
    function.node[0].op_type, function.node[0].domain = "Layer", "own"
    del whole.functions[:]
    whole.functions.append(function)
    with pytest.raises(ImportRefusalError, match="nested more than"):
        from_onnx(whole)


def test_branches_and_loops_by_constants_are_read() -> None:
    whole = model()
    value = helper.make_tensor_value_info("h2", TensorProto.FLOAT, None)
    branch = helper.make_graph([helper.make_node("Relu", ["h"], ["h2"])], "yes", [], [value])
    other = helper.make_graph([helper.make_node("Tanh", ["h"], ["h2"])], "no", [], [value])
    count = helper.make_tensor_value_info("i", TensorProto.INT64, [])
    going = [helper.make_tensor_value_info(n, TensorProto.BOOL, []) for n in ("go", "goes")]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("s", "s2")]
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["goes"]),
            helper.make_node("Gemm", ["s", "square"], ["s2"]),
        ],
        "turn",
        [count, going[0], ends[0]],
        [going[1], ends[1]],
    )
    square = np.eye(6, dtype=np.float32)[::-1].copy() * np.float32(0.5)
    whole.graph.initializer.append(numpy_helper.from_array(square, "square"))
    constants = {"true": np.array(True), "times": np.array(3)}
    kept = [whole.graph.node[0], whole.graph.node[2]]
    del whole.graph.node[:]
    for name, array in constants.items():
        whole.graph.initializer.append(numpy_helper.from_array(array, name))
    whole.graph.node.extend(
        [
            kept[0],
            helper.make_node("If", ["true"], ["q"], then_branch=branch, else_branch=other),
            helper.make_node("Loop", ["times", "true", "q"], ["r"], body=body),
            kept[1],
        ]
    )
    found = from_onnx(whole)
    x = NUMBERS.standard_normal((3, 4)).astype(np.float32)
    want = np.maximum(x @ FIRST.T + BIAS, 0) @ square @ square @ square @ LAST
    np.testing.assert_allclose(
        graphgen.evaluate(found.net, found.weights, x), want, rtol=1e-5, atol=1e-6
    )


def damaged(raw: bytes, rng: random.Random) -> bytes:
    """Cut a file, turn bits of it, or put bytes in."""
    whole = bytearray(raw)
    how = rng.randrange(3)
    if how == 0:
        return bytes(whole[: rng.randrange(len(whole))])
    if how == 1:
        for _ in range(rng.randrange(1, 6)):
            whole[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        return bytes(whole)
    place = rng.randrange(len(whole))
    return bytes(whole[:place] + bytes(rng.randrange(256) for _ in range(4)) + whole[place:])


def test_damaged_files_are_imported_or_refused(tmp_path: Path) -> None:
    raw, rng = model().SerializeToString(), random.Random(0)
    refused = 0
    for _ in range(400):
        (tmp_path / "m.onnx").write_bytes(damaged(raw, rng))
        try:
            from_onnx(tmp_path / "m.onnx")
        except graphgen.GraphError:
            refused += 1
    assert 100 < refused < 400
    assert [file.name for file in tmp_path.iterdir()] == ["m.onnx"]
