"""A description is told from every other that computes something else, whatever is compared."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from oracles.compared_cnn import NET, X, arrays, network
from torch import nn

import spec
from graphgen.comparison import LIMITS
from graphgen.comparison.variants import variants
from graphgen.testing import assert_same_function


@dataclass
class Outputs:
    logits: Any
    cache: Any = None


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


def test_variants_keep_tensors_and_shapes() -> None:
    found = dict(variants(NET))
    assert len({net.hash for net in found.values()} | {NET.hash}) == len(found) + 1
    assert all(net.tensors == NET.tensors for net in found.values())
    assert all(net.output_shapes == NET.output_shapes for net in found.values())
    assert any("padding: [[0, 2], [0, 2]]" in words for words in found)
