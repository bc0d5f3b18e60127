"""Every layer of the language that torch has: the same fields, defaults, tensors and outputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from random import Random

import numpy as np
import pytest
import torch
from oracles.torch_layers import build, counterpart, mismatches, refused, run, shared_fields
from torch import nn

import graphgen
import metanet
import spec
import spec.guide
import spec.testing
from graphgen.testing import random_inputs, random_weights
from spec.fields import number
from spec.layer import Layer, Scope, Value
from spec.layers.linear import Linear
from spec.primitives import Shape, ShapeError

SHARED = sorted(name for name in spec.LAYERS if counterpart(name))
DRAWN, MOST_SEEDS, COMPARED = 60, 240, 6


@pytest.mark.parametrize("type_", SHARED)
def test_fields_and_defaults_are_those_of_torch(type_: str) -> None:
    told = spec.guide.DIFFERENCES.get(type_, {}).keys()
    found = mismatches(type_)
    missing = [f"`{n}`: {a!r} here, {b!r} in torch" for n, (a, b) in found.items() if n not in told]
    assert not missing, f"make `{type_}` as torch has it, or say why not in DIFFERENCES: {missing}"
    assert not told - found.keys(), "nothing differs there any more: delete what is told"


def test_differences_are_told_of_layers_that_torch_has() -> None:
    assert spec.guide.DIFFERENCES.keys() <= set(SHARED)


def single_layers(type_: str) -> Iterator[tuple[spec.Architecture, Layer]]:
    """Draw networks of one layer that say nothing that torch cannot say; of rare ones all."""
    return islice(drawn_layers(type_), DRAWN)


def drawn_layers(type_: str) -> Iterator[tuple[spec.Architecture, Layer]]:
    for seed in range(MOST_SEEDS):
        net = spec.loads(spec.testing.single_layer(Random(seed), type_))
        if net.layers[0].parametrizations:
            continue
        fields = net.layers[0].fields
        shapes = shapes_of(net)
        layer, wrong = spec.LAYERS[type_].from_fields(fields)
        assert layer is not None, wrong
        shared = shared_fields(type_, layer)
        required = {f.name for f in dataclasses.fields(layer) if f.default is dataclasses.MISSING}
        kept = {n: v for n, v in fields.items() if n in shared or n in required}
        if type_.startswith("conv") and any(isinstance(n, tuple) for n in fields["padding"]):
            continue  # pairs before and behind
        plain, _ = spec.LAYERS[type_].from_fields(kept)
        assert plain is not None
        with suppress(ShapeError):
            if plain.infer(*shapes) == layer:
                yield net, layer


def shapes_of(net: spec.Architecture) -> list[Shape]:
    """Give the shapes of what the one layer reads."""
    return [net.shapes[name] for name in net.layers[0].inputs]


def compare(type_: str, net: spec.Architecture, layer: Layer, seed: int) -> bool:
    """Compare the tensors' names and shapes, and the outputs of both evaluations in float64.

    Gives False where torch does not take these fields and shapes.
    """
    rng = np.random.default_rng(seed)
    weights, arrays = random_weights(net, rng), random_inputs(net, rng)
    x = [torch.tensor(array) for array in arrays]
    module = build(type_, layer, x)
    if module is None:
        assert not weights
    else:
        own = {name.removeprefix("layer."): torch.tensor(w) for name, w in weights.items()}
        module.load_state_dict(own, strict=True)
    try:
        expected = run(type_, layer, module, x).numpy()
    except (RuntimeError, ValueError, NotImplementedError):
        return False
    ours = graphgen.evaluate(net, weights, *arrays)
    theirs = metanet.evaluate.run(net, {n: torch.tensor(w) for n, w in weights.items()}, *x)
    for actual in (np.asarray(ours), theirs.numpy()):
        assert actual.shape == expected.shape
        assert (np.isnan(actual) == np.isnan(expected)).all()  # log(-1)
        error, size = np.nan_to_num(actual - expected), np.nan_to_num(expected)
        assert np.abs(error).max(initial=0) <= 1e-10 * max(1, np.abs(size).max(initial=0))
    return True


@pytest.mark.parametrize("type_", SHARED)
def test_tensors_and_outputs_are_those_of_torch(type_: str) -> None:
    drawn = [
        compare(type_, net, layer, seed)
        for seed, (net, layer) in enumerate(single_layers(type_))
        if not refused(type_, layer, shapes_of(net))
    ]
    assert sum(drawn) >= max(COMPARED, 0.6 * len(drawn))


def test_torch_refuses_what_it_is_known_to_refuse() -> None:
    drawn = list(single_layers("avg_pool3d"))
    told = [refused("avg_pool3d", layer, shapes_of(net)) for net, layer in drawn]
    assert told == [not compare("avg_pool3d", net, layer, 0) for net, layer in drawn]
    assert {*told} == {False, True}


def test_every_module_and_function_is_found() -> None:
    assert len(SHARED) >= 50
    names = {type_: found.name for type_ in spec.LAYERS if (found := counterpart(type_))}
    assert names["batch_norm"] == "torch.nn.BatchNorm{1,2,3}d"
    assert names == spec.guide.TORCH_NAMES, "spec/guide/families.py has torch's names"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wrong(Linear):
    """`linear` with a field too many, another default and another function."""

    bias: bool = dataclasses.field(default=False, metadata={"kind": None})
    slope: float = number(default=1.0)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return super().expand(scope, super().expand(scope, *inputs))


def test_a_field_a_default_and_a_function_that_differ_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(spec.LAYERS, "linear", Wrong)
    assert mismatches("linear").keys() == {"init_bound", "bias", "slope"}
    monkeypatch.undo()
    layer, _ = spec.LAYERS["gelu"].from_fields({"approximate": "none"})
    net = spec.loads("inputs: {x: [4]}\nlayers: [gelu: {approximate: tanh, name: layer}]")
    assert layer is not None
    with pytest.raises(AssertionError, match="<= "):
        compare("gelu", net, layer, 0)


def test_a_module_with_other_tensors_is_found() -> None:
    net = spec.loads(
        "inputs: {x: [4]}\nlayers: [linear: {out_features: 3, bias: false, name: layer}]"
    )
    layer, _ = spec.LAYERS["linear"].from_fields({"in_features": 4, "out_features": 3})
    assert layer is not None
    with pytest.raises(RuntimeError, match="bias"):
        compare("linear", net, layer, 0)
    assert isinstance(build("linear", layer, [torch.zeros(2, 4)]), nn.Linear)
