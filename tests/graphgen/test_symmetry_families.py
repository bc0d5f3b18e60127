from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from random import Random

import numpy as np
import pytest

import graphgen
import spec
from graphgen.families.bonds import Frame
from graphgen.families.derivation import continuous
from graphgen.families.linear_maps import LinearMaps
from graphgen.families.maps import MapGroup, helmert
from graphgen.families.phases import Phase, Phases
from graphgen.families.shifts import Shifts
from graphgen.testing import TOLERANCE, random_inputs, random_weights, relative_error
from graphgen.testing.symmetric import outputs
from spec.testing import description

LIMIT = TOLERANCE["float64"]
NETS = sorted(path.stem for path in Path(spec.__file__).parent.glob("nets/*.yaml"))
ROTARY = """
inputs: {x: [5, 6]}
layers:
  - linear: {out_features: 8}
  - residual:
      body:
        - rms_norm
        - multihead_attention: {num_heads: 2, num_kv_heads: 1, rotary: %s, packed: false, name: a}
  - rms_norm: {name: norm}
  - linear: {out_features: 3, name: head}
"""
EXPERTS = """
inputs: {x: [4]}
layers:
  - linear: {out_features: 6, name: features}
  - relu: {name: seen}
  - linear: {out_features: 3, name: gates}
  - %s
  - softmax: {name: shares}
  - linear: {out_features: 3, inputs: [seen], name: experts}
  - multiply: {inputs: [shares, experts]}
"""
POST = """
inputs: {x: [6]}
layers:
  - linear: {out_features: 6}
  - %s
  - residual: {body: [linear: {out_features: 6}]}
  - %s
  - linear: {out_features: 3}
"""
SCALED = """
inputs: {x: [4]}
layers:
  - linear: {out_features: 5, name: a}
  - layer_scale
  - linear: {out_features: 3, name: b}
"""
WAVES = """
inputs: {x: [3, 6]}
layers:
  - conv1d: {out_channels: 4, kernel_size: 3, padding: 1}
  - %s
  - flatten
  - linear: {out_features: 6}
  - sine: {frequency: 3.0}
  - linear: {out_features: 3}
"""
GATED = """
inputs: {x: [4]}
layers: [linear: {out_features: 6}, tanh, linear: {out_features: 3}]
"""


def error(net: spec.Architecture, element: graphgen.SymmetryElement, seed: int = 0) -> float:
    rng = np.random.default_rng(seed)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    return relative_error(outputs(net, element.apply(weights), x), outputs(net, weights, x))


def kinds(net: spec.Architecture) -> list[tuple[str, int]]:
    return [(family.kind, family.dimension) for family in continuous(net)]


def check(net: spec.Architecture, families: Sequence[graphgen.SymmetryFamily]) -> None:
    rng = np.random.default_rng(0)
    weights = random_weights(net, rng)
    x = random_inputs(net, rng)
    expected = outputs(net, weights, x)
    assert np.isfinite(expected).all()
    for family in families:
        other = family.sample(rng).apply(weights)
        assert relative_error(outputs(net, other, x), expected) < LIMIT, family
        changed = {n for n in weights if not np.array_equal(other[n], weights[n])}
        assert changed, family
        if family.kind not in ("permutations", "phases"):
            assert changed <= set(family.where)


@pytest.mark.parametrize("name", NETS)
def test_the_function_of_reference_networks_stays(name: str) -> None:
    net = spec.load(name)
    check(net, graphgen.symmetry_families(net))


def test_the_function_of_random_networks_stays() -> None:
    found: dict[str, int] = {}
    for seed in count():
        net = spec.loads(description(Random(seed)))
        families = continuous(net)
        weights = random_weights(net, np.random.default_rng(0))
        with np.errstate(all="ignore"):
            x = random_inputs(net, np.random.default_rng(1))
            if not families or not np.isfinite(outputs(net, weights, x)).all():
                continue
            check_finite_only(net, families)
        for family in families:
            found[family.kind] = found.get(family.kind, 0) + 1
        if found.get("linear maps", 0) > 30 and found.get("shifts", 0) > 8:
            return


def check_finite_only(net: spec.Architecture, families: Sequence[graphgen.SymmetryFamily]) -> None:
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    expected = outputs(net, weights, x)
    if np.isfinite(expected).all():
        for family in families:
            other = family.sample(rng).apply(weights)
            assert relative_error(outputs(net, other, x), expected) < 1e-9, (net.name, family)


@pytest.mark.long
def test_the_function_of_many_random_networks_stays() -> None:
    for seed in range(2000, 6000):
        net = spec.loads(description(Random(seed)))
        with np.errstate(all="ignore"):
            check_finite_only(net, [*continuous(net), *waving(net)])


def waving(net: spec.Architecture) -> list[graphgen.SymmetryFamily]:
    family = Phases(graphgen.template(net))
    return [family] if family.waves else []


def test_heads_have_maps_of_their_own() -> None:
    net = spec.loads(ROTARY % "null")
    stream, keys, values = (f for f in continuous(net) if isinstance(f, LinearMaps))
    assert str(stream.group) == "O(8)"
    assert (keys.group.dimension, keys.copies, keys.dimension) == (16, 1, 16)
    assert values.where == (
        "1.body.a.v_proj.weight", "1.body.a.v_proj.bias", "1.body.a.out_proj.weight",
    )  # fmt: skip


def test_rotary_positions_leave_what_commutes_with_them() -> None:
    net = spec.loads(ROTARY % "10000")
    families = [f for f in continuous(net) if isinstance(f, LinearMaps)]
    (keys,) = (f for f in families if f.kind == "rotary maps")
    assert keys.dimension == 4
    assert error(net, keys.sample(np.random.default_rng(1))) < LIMIT
    any_map = MapGroup(4, frozenset()).sample(np.random.default_rng(1), 1)
    assert error(net, keys.element(any_map)) > 1e-3


def test_only_maps_that_keep_lengths_go_through_a_norm() -> None:
    net = spec.loads(ROTARY % "null")
    stream = next(f for f in continuous(net) if f.kind == "orthogonal maps")
    assert isinstance(stream, LinearMaps)
    assert error(net, stream.element(MapGroup(8, frozenset()).sample(rng(), 1))) > 1e-3
    without_gains = {
        slot: Frame(frame.dual, frozenset()) for slot, frame in stream.bond.frames.items()
    }
    careless = LinearMaps(net, replace(stream.bond, frames=without_gains), "careless")
    assert error(net, careless.sample(rng())) > 1e-3


def test_layer_norm_keeps_the_mean_direction() -> None:
    net = spec.loads(ROTARY.replace("rms_norm", "layer_norm") % "null")
    stream = next(f for f in continuous(net) if f.kind == "orthogonal maps")
    assert isinstance(stream, LinearMaps)
    assert str(stream.group) == "O(7) beside the mean"
    assert np.allclose(stream.sample(rng()).maps @ np.ones(8), 1)
    turning = MapGroup(8, frozenset({"orthogonal"})).sample(rng(), 1)
    assert error(net, stream.element(turning)) > 1e-3


def test_a_stream_behind_norms_turns_only_without_their_gains() -> None:
    plain = "rms_norm: {elementwise_affine: false}"
    assert [kind for kind, _ in kinds(spec.loads(POST % (plain, plain)))] == ["orthogonal maps"]
    assert kinds(spec.loads(POST % ("rms_norm", "rms_norm"))) == []


def test_scales_that_stand_between_are_taken_along() -> None:
    net = spec.loads(SCALED)
    (family,) = continuous(net)
    assert family.dimension == 25
    weights = random_weights(net, rng())
    (scale,) = (name for name in weights if name not in (*family.where, "b.bias"))
    weights[scale][2] = 0
    with pytest.raises(graphgen.GraphError, match=rf"'{scale}' has zeros"):
        family.sample(rng()).apply(weights)


def test_a_nonlinear_space_has_no_maps() -> None:
    assert kinds(spec.loads(GATED)) == []


@pytest.mark.parametrize("shown", ["identity", 'top_k: {k: 2, value: "-inf"}'])
def test_the_gates_of_experts_shift_together(shown: str) -> None:
    net = spec.loads(EXPERTS % shown)
    family = next(f for f in continuous(net) if isinstance(f, Shifts))
    assert (family.where, family.dimension) == (("gates.weight", "gates.bias"), 6 + 1)
    element = family.sample(rng())
    assert error(net, element) < LIMIT
    weights = random_weights(net, rng())
    x = random_inputs(net, rng())
    expected = outputs(net, weights, x)
    weights["gates.bias"][0] += 1.0
    assert relative_error(outputs(net, weights, x), expected) > 1e-3


def test_gates_that_nothing_norms_do_not_shift() -> None:
    assert "shifts" not in dict(kinds(spec.loads(EXPERTS.replace("softmax", "sigmoid") % "tanh")))


def test_the_bias_of_keys_is_free_without_rotary_positions() -> None:
    def biases(rotary: str) -> list[tuple[str, ...]]:
        net = spec.loads(ROTARY % rotary)
        return [f.where for f in continuous(net) if f.kind == "shifts"]

    assert biases("null") == [("1.body.a.k_proj.bias",)]
    assert biases("10000") == []


@pytest.mark.parametrize("wave", ["sine", "cosine: {frequency: 2.0}"])
def test_waves_turn_by_half_turns(wave: str) -> None:
    net = spec.loads(WAVES % wave)
    family = Phases(graphgen.template(net))
    assert family.count == 4 + 6
    element = family.sample(rng())
    assert any((turns % 2).any() for turns in element.turns)
    assert error(net, element) < LIMIT
    odd = (element.turns[0] + 1, *element.turns[1:])
    assert error(net, Phase(family, element.signs, odd)) > 1e-3


def test_signs_of_waves_without_a_bias_do_not_turn() -> None:
    net = spec.loads("inputs: {x: [3]}\nlayers: [linear: {out_features: 4, bias: false}, sine]")
    assert Phases(graphgen.template(net)).waves == ()


@pytest.mark.parametrize(
    "demands", [(), ("orthogonal",), ("orthogonal", "centred"), ("halves",), ("interleaved",)]
)
def test_groups_are_closed_and_of_their_dimension(demands: tuple[str, ...]) -> None:
    group = MapGroup(6, frozenset(demands))
    a, b = group.sample(rng(), 2)
    for m in (a @ b, np.linalg.inv(a)):
        if "orthogonal" in demands:
            assert np.allclose(m @ m.T, np.eye(6))
        if "centred" in demands:
            assert np.allclose(m @ np.ones(6), 1)
        if group.paired:
            turn = group.turning(np.exp(1j * np.arange(1.0, 4))[None])[0]
            assert np.allclose(m @ turn, turn @ m)
    # The tangent space at an element has the group's dimension.
    near = np.stack([group.sample(np.random.default_rng(k), 1)[0] for k in range(80)])
    logs = near.reshape(80, -1) if "orthogonal" not in demands else np.stack([
        (m - m.T).reshape(-1) for m in near
    ])  # fmt: skip
    assert np.linalg.matrix_rank(logs, tol=1e-8) == group.dimension


def test_helmert() -> None:
    rows = helmert(5)
    assert np.allclose(rows @ rows.T, np.eye(4))
    assert np.allclose(rows.sum(axis=1), 0)


def test_families_say_what_they_are() -> None:
    families = graphgen.symmetry_families("llama")
    assert len({family.name for family in families}) == len(families)
    for family in families:
        assert len(repr(family).splitlines()) == 1
        assert family.where


def rng() -> np.random.Generator:
    return np.random.default_rng(0)
