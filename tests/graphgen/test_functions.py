"""Functions of single numbers: what their registry says of them, and functions from outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from oracles.any_network import (
    Case,
    check_automorphisms,
    check_backends,
    check_edit,
    check_order,
    check_round_trip,
    check_scalings,
    check_symmetric,
)

import graphgen
import metanet
import spec
from graphgen.evaluate.functions import FUNCTIONS as NUMPY
from graphgen.evaluate.functions import computed
from graphgen.testing import random_inputs, random_weights
from metanet.evaluate.functions import FUNCTIONS as TORCH
from metanet.models.gmn.ablation import is_activation
from spec.fields import number
from spec.functions import FUNCTIONS, LINEAR, NONE, ODD, POSITIVE, RESERVED
from spec.layer import LAYERS

CONSTANTS: dict[str, list[dict[str, Any]]] = {
    "hardtanh": [{"min_val": -1.5, "max_val": 1.5}, {"min_val": -1.0, "max_val": 2.0}],
    "clamp": [
        {"min": low, "max": high}
        for low, high in ((-0.5, 0.5), (-0.5, 1.0), (0.2, None), (1.0, -1.0), (None, 0.0))
    ],
    "hardshrink": [{"lambd": 0.5}, {"lambd": -0.5}],
    "softshrink": [{"lambd": 0.5}, {"lambd": 0.0}],
    "elu": [{"alpha": 1.0}, {"alpha": -1.0}, {"alpha": 0.0}],
    "threshold": [
        {"threshold": 0.0, "value": 0.0},
        {"threshold": 0.2, "value": 1.0},
        {"threshold": -0.2, "value": 0.0},
    ],
    "power": [{"exponent": n} for n in (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0)],
    "heaviside": [{"values": 0.5}],
    "scale_by": [{"factor": -0.3}],
    "shift_by": [{"value": 0.7}],
    "leaky_relu": [{"negative_slope": -0.2}, {"negative_slope": 0.2}],
}
CASES = [
    (name, constants)
    for name, function in FUNCTIONS.items()
    for constants in CONSTANTS.get(name)
    or [{constant: kind.default for constant, kind in function.constants.items()}]
]


@pytest.mark.parametrize(("name", "constants"), CASES)
def test_factors_pass_through_a_function_as_it_says(name: str, constants: dict[str, Any]) -> None:
    x = np.random.default_rng(0).standard_normal(200) * 2
    both = not np.isnan(computed(name, x, constants)).any()

    def passes(factor: float, out: float) -> bool:
        a, b = computed(name, factor * x, constants), out * computed(name, x, constants)
        return np.allclose(a, b, rtol=1e-12, atol=1e-12, equal_nan=True)

    scales, odd = passes(2.5, 2.5), both and passes(-1, -1)
    told = FUNCTIONS[name].passing(constants)
    if told in (LINEAR, POSITIVE):
        assert scales
    if told in (LINEAR, ODD):
        assert odd
    if told == "even":
        assert passes(-1, 1)
    if told == NONE:
        assert not scales
        assert not odd
        assert not (both and passes(-1, 1))


@pytest.fixture
def registries() -> Iterator[None]:
    kept = [(room, dict(room)) for room in (FUNCTIONS, LAYERS, NUMPY, TORCH)]
    yield
    for room, before in kept:
        room.clear()
        room.update(before)  # type: ignore[arg-type]


def add_functions() -> None:
    spec.register_function("snake", "`x + sin(a x)^2 / a`.", constants={"a": number(default=1.0)})
    spec.register_function("arctan", "The arc tangent.", passes="odd")
    spec.register_function("double", "Twice x.", passes="linear", affine=True)


def add_rooms() -> None:
    graphgen.register_function("snake")(lambda x, a: x + np.sin(a * x) ** 2 / a)
    graphgen.register_function("arctan")(np.arctan)
    graphgen.register_function("double")(lambda x: 2 * x)
    metanet.register_function("snake")(lambda x, a: x + torch.sin(a * x) ** 2 / a)
    metanet.register_function("arctan")(torch.arctan)
    metanet.register_function("double")(lambda x: 2 * x)


TEXT = """
inputs: {x: [3, 5]}
layers:
  - conv1d: {out_channels: 4, kernel_size: 2}
  - %s
  - double
  - conv1d: {out_channels: 3, kernel_size: 1}
  - arctan
  - flatten
  - linear: {out_features: 2}
"""


@pytest.mark.usefixtures("registries")
def test_a_function_from_outside_is_one_like_any_other() -> None:
    add_functions()
    add_rooms()
    net = spec.loads(TEXT % "snake: {a: 2}")
    others = [spec.loads(TEXT % other) for other in ("snake", "arctan", "double")]
    assert spec.from_resolved(net.resolved()).hash == net.hash
    case, group = Case(net), graphgen.symmetries(net)
    assert group.order == 24 * 6
    check_backends(case)
    check_round_trip(case)
    check_order(group)
    check_symmetric(case, group)
    check_automorphisms(case)
    check_scalings(case)
    for other in others:
        assert check_edit(case, other)
    assert graphgen.scalings(net).signs == 3
    told = [graphgen.features(graphgen.template(one)).nodes for one in (net, *others)]
    assert len({nodes.tobytes() for nodes in told}) == len(told)
    steps = [step for g in graphgen.template(net).node_groups for step in g.steps]
    assert {s.operation for s in steps if is_activation(s)} == {"snake", "arctan"}


@pytest.mark.usefixtures("registries")
def test_a_function_that_lacks_a_room_says_what_to_call() -> None:
    with pytest.raises(spec.SpecError, match="no layer or block is called 'snake'"):
        spec.loads(TEXT % "snake")
    add_functions()
    net = spec.loads(TEXT % "snake")
    rng = np.random.default_rng(0)
    weights, (x,) = random_weights(net, rng), random_inputs(net, rng)
    for kind in ("parameter", "computation"):
        graphgen.compile(net, weights, kind)
    with pytest.raises(graphgen.GraphError, match=r"@graphgen.register_function\('snake'\)"):
        graphgen.evaluate(net, weights, x)
    with pytest.raises(graphgen.GraphError, match=r"@graphgen.register_function\('snake'\)"):
        graphgen.evaluate(graphgen.compile(net, weights, "computation"), x)
    tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
    with pytest.raises(metanet.MetanetError, match=r"@metanet.register_function\('snake'\)"):
        metanet.evaluate.run(net, tensors, torch.from_numpy(x))
    add_rooms()
    graphgen.register_function("snake")(lambda x, a: x.sum())
    metanet.register_function("snake")(lambda x, a: x.sum())
    with pytest.raises(graphgen.GraphError, match="not computed number by number"):
        graphgen.evaluate(net, weights, x)
    with pytest.raises(metanet.MetanetError, match="not computed number by number"):
        metanet.evaluate.run(net, tensors, torch.from_numpy(x))


@pytest.mark.usefixtures("registries")
def test_wrong_functions_are_refused() -> None:
    wrong: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
        (("relu", "Again."), {}, "'relu' is taken"),
        (("softmax", "Another."), {}, "'softmax' is taken"),
        (("input", "A step."), {}, "'input' is taken"),
        (("a b", "No name."), {}, "expected one such as 'snake'"),
        ((3, "No name."), {}, "expected one such as 'snake'"),
        (("snake", 3), {}, "`summary`"),
        (("snake", "Odd."), {"passes": "uneven"}, "expected one of linear, positive"),
        (("snake", "Constant."), {"constants": {"a": 1.0}}, "'a' is 1.0, expected a field"),
        (("snake", "Constant."), {"constants": 3}, "`constants` is 3, expected fields by name"),
    ]
    for arguments, named, said in wrong:
        with pytest.raises(spec.SpecError, match=said):
            spec.register_function(*arguments, **named)
    assert "snake" not in LAYERS
    for name in ("snake", 3):
        with pytest.raises(graphgen.GraphError, match=r"spec.register_function"):
            graphgen.register_function(name)  # type: ignore[arg-type]
        with pytest.raises(metanet.MetanetError, match=r"spec.register_function"):
            metanet.register_function(name)  # type: ignore[arg-type]
    with pytest.raises(graphgen.GraphError, match="expected a function"):
        graphgen.register_function("relu")(3)  # type: ignore[arg-type]
    with pytest.raises(metanet.MetanetError, match="expected a function"):
        metanet.register_function("relu")(3)  # type: ignore[arg-type]
    assert "product" in RESERVED


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ("clamp: {}", "needs `min` or `max`"),
        ("hardtanh: {min_val: 2}", "`min_val` is 2 and `max_val` is 1; expected no less"),
        ("celu: {alpha: 0}", "`alpha` is 0"),
        ("power: {}", "needs the field `exponent`"),
        ("expt", "did you mean 'exp'"),
    ],
)
def test_wrong_constants_are_refused(layer: str, said: str) -> None:
    with pytest.raises(spec.SpecError, match=said):
        spec.loads(
            f"inputs: {{x: [3]}}\nlayers: [{layer if ':' not in layer else '{' + layer + '}'}]"
        )
