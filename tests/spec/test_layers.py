from __future__ import annotations

import dataclasses
import inspect
import pkgutil
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings

import graphgen
import spec
import spec.layers
from graphgen.evaluate import NUMPY
from graphgen.evaluate.functions import FUNCTIONS as NUMPY_FUNCTIONS
from graphgen.kinds import EDGE_KINDS, NODE_KINDS, STEP_KINDS
from graphgen.lower import COMPUTATION_GRAPH, PARAMETER_GRAPH
from metanet.evaluate import TORCH
from metanet.evaluate.functions import FUNCTIONS as TORCH_FUNCTIONS
from spec.functions import FUNCTIONS, RESERVED
from spec.layer import LAYERS, Layer, Scope, Value, register
from spec.primitives import PRIMITIVES
from spec.testing import networks
from spec.testing.examples import EXAMPLES, example_texts
from spec.testing.recurrence_twins import RECURRENCE_TWINS


@pytest.mark.parametrize("room", [PARAMETER_GRAPH, COMPUTATION_GRAPH, NUMPY, TORCH])
def test_every_primitive_is_in_every_room(room: dict[type, Any]) -> None:
    assert set(room) == set(PRIMITIVES)
    for primitive, function in room.items():
        assert function.__module__.rsplit(".", 1)[1] == primitive.name


@pytest.mark.parametrize("primitive", PRIMITIVES)
def test_every_primitive_has_its_rules(primitive: type[spec.primitives.Primitive]) -> None:
    assert "shape" in vars(primitive)
    assert "name" in vars(primitive)
    assert dataclasses.is_dataclass(primitive)
    assert primitive.__dataclass_params__.frozen  # type: ignore[attr-defined]


@pytest.mark.parametrize("room", [NUMPY_FUNCTIONS, TORCH_FUNCTIONS])
def test_every_function_is_in_every_room(room: dict[str, Any]) -> None:
    assert list(FUNCTIONS) == list(room)
    assert set(FUNCTIONS) <= set(STEP_KINDS) & set(LAYERS)
    assert set(STEP_KINDS) - set(FUNCTIONS) <= RESERVED
    assert not RESERVED & set(FUNCTIONS)


MEMORY = """
inputs: {x: [3, 2]}
layers:
  - lstm: {hidden_size: 2, name: encoder}
  - tanh: {inputs: encoder.c_n}
"""


def test_every_kind_that_occurs_has_a_column() -> None:
    nodes, edges, steps = set(), set(), set()

    def note(net: spec.Architecture) -> None:
        for kind in ("parameter", "computation"):
            structure = graphgen.template(net, kind)
            nodes.update(group.kind for group in structure.node_groups)
            edges.update(block.kind for block in structure.blocks)
            steps.update(step.operation for g in structure.node_groups for step in g.steps)

    @settings(max_examples=100)
    @given(networks())
    def collect(net: spec.Architecture) -> None:
        note(net)

    collect()
    for text in (text for type_ in EXAMPLES for text in example_texts(type_)):
        note(spec.loads(text))
    for texts in RECURRENCE_TWINS.values():
        note(spec.loads(texts[0]))
    note(spec.loads(MEMORY))
    assert nodes == set(NODE_KINDS)
    assert edges == set(EDGE_KINDS)
    assert steps <= set(STEP_KINDS)
    for kinds in (NODE_KINDS, EDGE_KINDS, STEP_KINDS):
        assert len(set(kinds)) == len(kinds)


def test_every_layer_is_documented_and_registered_once() -> None:
    for name, layer in LAYERS.items():
        assert layer.type == name
        assert inspect.getdoc(layer) not in (None, inspect.getdoc(Layer))
        for field in dataclasses.fields(layer):
            assert {"kind", "summary"} <= set(field.metadata)
    assert {m.name for m in pkgutil.iter_modules(spec.layers.__path__)} >= set(spec.layers.__all__)
    with pytest.raises(ValueError, match="'linear' is registered already"):
        register("linear")(LAYERS["relu"])


def test_a_layer_from_outside_is_a_layer_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spec.layer.LAYERS", LAYERS)
    before = dict(LAYERS)
    try:

        @register("scale")
        @dataclass(frozen=True, kw_only=True)
        class Scale(Layer):
            """Multiply each channel by a parameter."""

            def expand(self, scope: Scope, *inputs: Value) -> Value:
                (x,) = inputs
                weight = scope.parameter("weight", x.shape[:1], ("constant", 1.0))
                return scope.multiply(x, weight, axis=0)

        net = spec.loads("inputs: {x: [3, 4]}\nlayers: [relu, {scale: {name: s}}]")
        assert net.parameters == {"s.weight": (3,)}
        assert graphgen.template(net).blocks[0].kind == "scale"
        assert spec.from_resolved(net.resolved()).hash == net.hash
    finally:
        LAYERS.clear()
        LAYERS.update(before)


def net_with_norm(norm: object) -> spec.Architecture:
    text = """
name: net
vars: {norm: batch_norm}
inputs: {image: [3, 8, 8]}
layers: [conv2d: {out_channels: 4, kernel_size: 3}, $norm, flatten, linear: {out_features: 2}]
"""
    return spec.loads(text, norm=norm)


def test_a_variable_may_hold_a_layer_with_its_fields():
    net = net_with_norm({"group_norm": {"num_groups": 2}})
    assert net.operations[2].primitive != net_with_norm("batch_norm").operations[2].primitive
    assert net.parameters["1.weight"] == (4,)


@pytest.mark.parametrize(
    "norm", [{"group_norm": {}, "relu": {}}, {"$norm": {}}, ["relu"], 3, {"group_norm": 2}]
)
def test_a_variable_that_holds_no_layer_is_a_mistake(norm):
    with pytest.raises(spec.SpecError, match="expected a layer"):
        net_with_norm(norm)
