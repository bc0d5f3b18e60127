"""Several inputs and outputs, and whole models of others, are compared with a description."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from oracles.compared_cnn import NET, X, arrays, network
from published.references.reference_networks import bert, gpt2, llama
from torch import nn

import graphgen
import spec
from graphgen.comparison import LIMITS
from graphgen.testing import assert_same_function, random_inputs, random_weights


class Several(nn.Module):
    def __init__(self, form: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.form, self.a, self.b = form, nn.Linear(3, 2), nn.Linear(4, 2)

    def forward(self, left: Any, right: Any) -> Any:
        a = self.a(left)
        return self.form(a, a * self.b(right))


SEVERAL = spec.loads("""
inputs: [{left: [3]}, {right: [4]}]
layers:
- linear: {name: a, inputs: left, out_features: 2}
- linear: {name: b, inputs: right, out_features: 2}
- multiply: {name: product, inputs: [a, b]}
outputs: [a, product]
""")
FORMS: dict[str, Callable[[Any, Any], Any]] = {
    "a tuple": lambda a, p: (a, p),
    "a list with None": lambda a, p: [a, None, p],
    "a nested tuple": lambda a, p: (a, (p, None)),
    "a dictionary": lambda a, p: {"a": a, "product": p, "more": a},
    "a dictionary in another order": lambda a, p: {"product": p, "a": a},
    "a dictionary by other names": lambda a, p: {"y": a, "z": p, "cache": None, "more": p},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("named", [True, False])
def test_several_inputs_and_outputs_are_compared(form: str, named: bool) -> None:
    module = Several(FORMS[form]).eval()
    left, right = random_inputs(SEVERAL, np.random.default_rng(0))
    x = {"right": right, "left": left} if named else (left, right)
    assert assert_same_function(SEVERAL, arrays(module), module, x) < 1e-10
    weights = arrays(module)
    weights["b.bias"] = weights["b.bias"] + 0.1
    with pytest.raises(AssertionError, match="output 'product' differs") as caught:
        assert_same_function(SEVERAL, weights, module, x)
    assert "output 'a'" not in str(caught.value)
    assert "the first layer that differs is 'b' (linear)" in str(caught.value)
    assert "not the module's: 1 of 4 tensors have other numbers (b.bias)" in str(caught.value)


MODELS: dict[str, tuple[Callable[[], Any], str, dict[str, Any]]] = {
    "gpt2": (gpt2, "gpt2", {"vocabulary": 32, "length": 6, "width": 8, "heads": 2, "depth": 2}),
    "llama": (lambda: llama(False), "llama", {}),
    "bert": (bert, "bert", {}),
}


@pytest.mark.parametrize("name", MODELS)
def test_models_of_transformers_are_compared_as_they_are(name: str) -> None:
    make, file, variables = MODELS[name]
    model = make().eval()
    net = spec.load(f"{spec.__path__[0]}/nets/{file}.yaml", **variables)
    inputs = random_inputs(net, np.random.default_rng(0))
    names = ("input_ids", "token_type_ids") if len(inputs) == 2 else ("input_ids",)
    assert len(inputs) == len(names)
    call = model
    if len(names) == 2:
        call = lambda a, b: model(**dict(zip(names, map(torch.from_numpy, (a, b)), strict=True)))  # noqa: E731
    weights = arrays(model)
    assert assert_same_function(net, weights, call, inputs) < LIMITS["float32"]
    moved = {n: w * 1.1 if "norm" in n.lower() or "ln_1" in n else w for n, w in weights.items()}
    with pytest.raises(AssertionError, match="differs by"):
        assert_same_function(net, moved, call, inputs)


def session(names: tuple[str, str]) -> tuple[Any, dict[str, Any]]:
    weights = random_weights(SEVERAL, np.random.default_rng(1), np.float32)
    make = onnx.helper
    nodes = [
        make.make_node("Gemm", ["l", "a.weight", "a.bias"], [names[0]], transB=1),
        make.make_node("Gemm", ["r", "b.weight", "b.bias"], ["b"], transB=1),
        make.make_node("Mul", [names[0], "b"], [names[1]]),
    ]
    kind = onnx.TensorProto.FLOAT
    graph = make.make_graph(
        nodes, "g",
        [make.make_tensor_value_info("l", kind, ["N", 3]),
         make.make_tensor_value_info("r", kind, ["N", 4])],
        [make.make_tensor_value_info(name, kind, ["N", 2]) for name in names],
        [onnx.numpy_helper.from_array(array, name) for name, array in weights.items()],
    )  # fmt: skip
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
    return onnxruntime.InferenceSession(model.SerializeToString()), weights


@pytest.mark.parametrize("names", [("a", "product"), ("y", "z")])
def test_a_session_of_onnxruntime_is_compared(names: tuple[str, str]) -> None:
    running, weights = session(names)
    x = random_inputs(SEVERAL, np.random.default_rng(0))
    assert 0 < assert_same_function(SEVERAL, weights, running, x) < LIMITS["float32"]
    with pytest.raises(AssertionError, match="output 'a' differs"):
        assert_same_function(SEVERAL, {**weights, "a.bias": weights["a.bias"] + 1}, running, x)
    with pytest.raises(graphgen.GraphError, match="takes 2 inputs"):
        assert_same_function(NET, arrays(network()), running, X)


def test_an_output_that_is_there_twice_is_compared_twice() -> None:
    net = spec.loads(
        "inputs: {x: [3]}\nlayers: [{linear: {name: a, out_features: 2}}]\noutputs: [a, a]"
    )
    weights = random_weights(net, np.random.default_rng(0))
    x = np.random.default_rng(0).standard_normal((4, 3))
    y = graphgen.evaluate(net, weights, x)[0]
    assert assert_same_function(net, weights, lambda x: (y, y), x) < 1e-10
    for outputs in ((y, y + 1), (y + 1, y)):
        with pytest.raises(AssertionError, match="output 'a' differs"):
            assert_same_function(net, weights, lambda x, outputs=outputs: outputs, x)
