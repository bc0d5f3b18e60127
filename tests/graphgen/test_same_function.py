"""A description is told from every other that computes something else, whatever is compared."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from published.references.reference_networks import bert, gpt2, llama
from torch import nn

import graphgen
import spec
from graphgen.comparison import LIMITS, compare
from graphgen.comparison.variants import variants
from graphgen.testing import assert_same_function, random_inputs, random_weights

TEXT = """
inputs: {image: [3, 8, 8]}
layers:
- conv2d: {out_channels: 4, kernel_size: 3, padding: 1, stride: 2}
- batch_norm: {eps: 1.0e-5}
- gelu
- max_pool2d: {kernel_size: 2, stride: 2, padding: 1}
- flatten
- linear: {out_features: 2}
"""
NET = spec.loads(TEXT)
X = np.random.default_rng(0).standard_normal((5, 3, 8, 8)).astype(np.float32)


def network(
    eps: float = 1e-5, activation: nn.Module | None = None, pad: str = "", ceil: bool = False
) -> nn.Module:
    torch.manual_seed(0)
    first = [nn.Conv2d(3, 4, 3, padding=1, stride=2)]
    if pad:
        first = [nn.Conv2d(3, 4, 3, padding=1, stride=2, padding_mode=pad)]
    made = nn.Sequential(
        *first,
        nn.BatchNorm2d(4, eps=eps),
        activation or nn.GELU(),
        nn.MaxPool2d(2, 2, 1, ceil_mode=ceil),
        nn.Flatten(),
        nn.Linear(36, 2),
    )
    return made.eval()


def arrays(module: nn.Module) -> dict[str, Any]:
    return dict(module.state_dict())


@dataclass
class Outputs:
    logits: Any
    cache: Any = None


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
CALLS: dict[str, Callable[[nn.Module], Any]] = {
    "itself": lambda m: m,
    "its method": lambda m: m.forward,
    "a part of it": lambda m: functools.partial(m),
    "compiled by tracing": lambda m: torch.jit.trace(m, torch.from_numpy(X)),
    "a function of arrays": lambda m: lambda image: m(torch.from_numpy(image)).detach().numpy(),
    "a function that gives a tensor": lambda m: lambda x: m(torch.from_numpy(x)),
    "a function that gives a dataclass": lambda m: lambda x: Outputs(m(torch.from_numpy(x))),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.filterwarnings("ignore:.*torch.jit.trace.*:DeprecationWarning")
def test_whatever_can_be_called_is_compared(call: str) -> None:
    module = network()
    assert assert_same_function(NET, arrays(module), CALLS[call](module), X) < 1e-6
    other = network(activation=nn.ReLU())
    with pytest.raises(AssertionError, match=r"(?s)output '5' differs by .* with `relu` instead"):
        assert_same_function(NET, arrays(other), CALLS[call](other), [X])
    assert all(p.dtype == torch.float32 for p in module.parameters())
    assert torch.get_default_dtype() == torch.float32


OTHERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "another eps": ({"eps": 1e-6}, "'1' (batch_norm)", "with `eps: 1e-06` in its batch_norm"),
    "gelu by tanh": (
        {"activation": nn.GELU(approximate="tanh")}, "'2' (gelu)", "with `approximate: tanh`"),
    "another function": ({"activation": nn.Mish()}, "'2' (gelu)", "with `mish` instead"),
    "no function": ({"activation": nn.Identity()}, "'2' (gelu)", "with `identity` instead"),
    "other padding": ({"pad": "reflect"}, "'0' (conv2d)", "with `padding_mode: reflect`"),
}  # fmt: skip


@pytest.mark.parametrize("other", OTHERS)
def test_the_first_layer_and_the_cause_are_named(other: str) -> None:
    settings, layer, cause = OTHERS[other]
    module = network(**settings)
    with pytest.raises(AssertionError) as caught:
        assert_same_function(NET, arrays(module), module, X)
    assert f"the first layer that differs is {layer}" in str(caught.value)
    assert cause in str(caught.value)
    assert "not the module's" not in str(caught.value)


BLOCKS = """
inputs: {x: [4]}
layers:
- repeat:
    times: 3
    layers:
    - layer_norm: {name: blocks.$i.norm1, eps: 1.0e-5}
    - linear: {name: blocks.$i.linear, out_features: 4}
    - layer_norm: {name: blocks.$i.norm2, eps: 1.0e-5}
"""


class Blocks(nn.Module):
    def __init__(self, eps: float, only: tuple[int, ...]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList()
        for i in range(3):
            first = nn.LayerNorm(4, eps if i in only else 1e-5)
            named = {"norm1": first, "linear": nn.Linear(4, 4), "norm2": nn.LayerNorm(4)}
            self.blocks.append(nn.ModuleDict(named))

    def forward(self, x: Any) -> Any:
        for block in self.blocks:
            x = block["norm2"](block["linear"](block["norm1"](x)))  # type: ignore[index]
        return x


@pytest.mark.parametrize(
    ("only", "layer", "where"),
    [
        ((0, 1, 2), "blocks.0.norm1", "its 3 layer_norm layers 'blocks.*.norm1'"),
        ((1,), "blocks.1.norm1", "its layer_norm layer 'blocks.1.norm1'"),
    ],
)
def test_causes_in_some_layers_of_a_type_are_found(
    only: tuple[int, ...], layer: str, where: str
) -> None:
    module = Blocks(1e-3, only).eval()
    x = np.random.default_rng(0).standard_normal((3, 4))
    with pytest.raises(AssertionError) as caught:
        assert_same_function(spec.loads(BLOCKS), arrays(module), module, x)
    assert f"the first layer that differs is {layer!r} (layer_norm)" in str(caught.value)
    assert f"with `eps: 0.001` in {where} it agrees" in str(caught.value)


def test_float32_alone_would_not_see_an_eps() -> None:
    module = network(eps=1e-6)
    blind = assert_same_function(NET, arrays(module), CALLS["a function of arrays"](module), X)
    assert 1e-7 < blind < LIMITS["float32"]


def test_two_changes_are_told_as_usual_causes() -> None:
    module = network(eps=1e-3, activation=nn.Tanh())
    with pytest.raises(AssertionError, match=r"usual causes: `eps` of batch_norm; `padding` of "):
        assert_same_function(NET, arrays(module), module, X)


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


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_dtypes_have_their_tolerance(dtype: str) -> None:
    module = network().to(getattr(torch, dtype))
    weights = {n: w.double() if w.is_floating_point() else w for n, w in arrays(module).items()}
    assert assert_same_function(NET, weights, module, X) < 1e-10
    given = lambda x: module(torch.from_numpy(x).to(getattr(torch, dtype)))  # noqa: E731
    assert assert_same_function(NET, weights, given, X) < LIMITS[dtype]
    with pytest.raises(AssertionError, match=rf"up to {LIMITS[dtype]:g} is rounding"):
        assert_same_function(NET, weights, lambda x: given(-x), X)


class Table(nn.Module):
    """A module with a table in float32, of which the description does not know."""

    def __init__(self, stored: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)
        table = torch.full((2,), 0.1)
        if stored:
            self.register_buffer("table", table, persistent=False)
        else:
            self.table = table

    def forward(self, x: Any) -> Any:
        return self.linear(x) * self.table


@pytest.mark.parametrize("stored", [True, False])
def test_what_is_kept_in_float32_has_its_tolerance(stored: bool) -> None:
    net = spec.loads(
        "inputs: {x: [3]}\n"
        "layers: [{linear: {out_features: 2, name: linear}}, {scale_by: {factor: 0.1}}]"
    )
    module = Table(stored).eval()
    x = random_inputs(net, np.random.default_rng(0))
    assert 1e-10 < assert_same_function(net, arrays(module), module, x) < 1e-6
    with pytest.raises(AssertionError, match="no more than float32 rounds"):
        assert_same_function(net, arrays(module), module, x, tolerance=1e-10)


class Dropping(nn.Module):
    def __init__(self, rate: float) -> None:
        super().__init__()
        self.linear, self.attention_dropout = nn.Linear(3, 2), rate

    def forward(self, x: Any) -> Any:
        return nn.functional.dropout(self.linear(x), self.attention_dropout, self.training)


DRAWS: dict[str, Callable[[], nn.Module]] = {
    "dropout": lambda: nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5)),
    "a rate": lambda: Dropping(0.5),
    "batch norm": lambda: nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)),
    "a random slope": lambda: nn.Sequential(nn.Linear(3, 2), nn.RReLU()),
}


@pytest.mark.parametrize("kind", DRAWS)
def test_training_mode_is_refused_where_it_matters(kind: str) -> None:
    net = spec.loads("inputs: {x: [3]}\nlayers: [{linear: {out_features: 2}}]")
    module = DRAWS[kind]().train()
    weights = {"0.weight": np.zeros((2, 3)), "0.bias": np.zeros(2)}
    with pytest.raises(graphgen.GraphError, match=r"in training mode.*call module.eval\(\) first"):
        assert_same_function(net, weights, module, np.ones((2, 3)))


def test_control_training_mode_does_not_matter_elsewhere() -> None:
    net = spec.loads("inputs: {x: [3]}\nlayers: [{linear: {out_features: 2, name: linear}}]")
    module = Dropping(0.0).train()
    x = np.random.default_rng(0).standard_normal((2, 3))
    assert assert_same_function(net, arrays(module), module, x) < 1e-10


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


WRONG: dict[str, tuple[Any, Any, str]] = {
    "no batch axis": (network(), X[0], r"expected \[N, 3, 8, 8\], got \[3, 8, 8\]; the batch axis"),
    "channels last": (network(), X.transpose(0, 2, 3, 1), "another order"),
    "another size": (network(), X[:, :2], "stacked along a first axis, the batch"),
    "two arrays": (network(), [X, X], "has 2 arrays; expected one for each of the inputs image"),
    "another name": (network(), {"x": X}, "has x; expected an array for each of .* image"),
    "no array": (network(), "x", "`x` is a str.* expected an array"),
    "no module": (5, X, "`module` is an int, 5; expected a torch.nn.Module"),
    "a failure": (lambda x: 1 / 0, X, r"raises ZeroDivisionError.*image \[5, 3, 8, 8\] float32"),
    "words": (lambda x: "y", X, "gives a str, 'y'; expected arrays"),
    "nothing by name": (lambda x: {"y": None}, X, "of y, none of which is an array"),
    "two outputs": (lambda x: (x, x), X, r"the module gives 2 outputs .* \(5 \[N, 2\]\)"),
    "fewer samples": (lambda x: x[:3, 0, 0, :2], X, "5 inputs, and 3 outputs"),
    "no batch": (lambda x: np.zeros(2), X, "the batch axis is missing"),
    "transposed": (lambda x: np.zeros((2, 5)), X, "the axes stand in another order"),
    "complex numbers": (lambda x: np.zeros((5, 2), complex), X, "expected real numbers"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_does_not_fit_is_said(kind: str) -> None:
    module, x, words = WRONG[kind]
    with pytest.raises(graphgen.GraphError, match=words):
        assert_same_function(NET, arrays(network()), module, x)


@pytest.mark.parametrize("tolerance", [0, -1, 2, "1e-4", True, float("nan")])
def test_a_tolerance_is_a_share(tolerance: Any) -> None:
    with pytest.raises(graphgen.GraphError, match="`tolerance` is .*a share of the spread"):
        assert_same_function(NET, arrays(network()), network(), X, tolerance)


@pytest.mark.parametrize("where", ["both", "description", "module"])
def test_nan_is_equal_to_nothing(where: str) -> None:
    module = network()
    weights = arrays(module)
    if where != "module":
        weights = {**weights, "5.bias": weights["5.bias"] * np.nan}
    given = (lambda x: np.full((5, 2), np.nan)) if where != "description" else module
    with pytest.raises(AssertionError, match="values 10|values 0") as caught:
        assert_same_function(NET, weights, given, X)
    assert ("NaN is equal to nothing" in str(caught.value)) == (where == "both")


def test_infinities_are_compared_as_they_are() -> None:
    a = np.array([[1.0, np.inf], [2.0, -np.inf]])
    assert compare("y", a, a.copy(), 1e-10).agrees
    for b in (np.abs(a), np.where(np.isinf(a), 0, a)):
        assert not compare("y", a, b, 1e-2).agrees
        assert not compare("y", b, a, 1e-2).agrees
    assert "all values are infinite" in compare("y", a[:, 1:], a[:, 1:], 1e-2).problem
    assert "no values" in compare("y", a[:0], a[:0], 1e-2).problem


def test_differences_are_shares_of_the_spread() -> None:
    rng = np.random.default_rng(0)
    y = rng.standard_normal((100, 7))
    for scale, shift in ((1, 0), (1e-6, 0), (1e6, 3e6), (1, 5)):
        moved = scale * y + shift
        changed = moved.copy()
        changed[3, 2] += 1e-3 * scale
        found = compare("y", changed, moved, 1e-4)
        assert found.place == (3, 2)
        assert found.relative == pytest.approx(1e-3, rel=0.2)
        assert not found.agrees
    assert compare("y", np.zeros((2, 2)), np.zeros((2, 2)), 1e-10).relative == 0
    assert not compare("y", np.full((2, 2), 1e-3), np.zeros((2, 2)), 1e-4).agrees


def test_variants_keep_tensors_and_shapes() -> None:
    found = dict(variants(NET))
    assert len({net.hash for net in found.values()} | {NET.hash}) == len(found) + 1
    assert all(net.tensors == NET.tensors for net in found.values())
    assert all(net.output_shapes == NET.output_shapes for net in found.values())
    assert any("padding: [[0, 2], [0, 2]]" in words for words in found)
