"""One word shares a whole block, a layer, or all turns of a repetition."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from oracles.any_network import (
    Case,
    check_automorphisms,
    check_backends,
    check_order,
    check_round_trip,
    check_symmetric,
)

import graphgen
import spec
from graphgen.testing import assert_round_trip, random_weights

ALBERT = (Path(spec.__file__).parent / "nets" / "albert.yaml").read_text()
LAYER = [  # the tensors of a layer of Lan et al. (2020) in the checkpoints of transformers
    *(f"attention.{name}.{kind}" for name in ("query", "key", "value", "dense")
      for kind in ("weight", "bias")),
    *(f"{name}.{kind}" for name in ("attention.LayerNorm", "ffn", "ffn_output",
      "full_layer_layer_norm") for kind in ("weight", "bias")),
]  # fmt: skip


def message(text: str) -> str:
    with pytest.raises(spec.SpecError) as caught:
        spec.loads(text)
    return str(caught.value)


def test_albert_is_one_block_twelve_times() -> None:
    net = spec.loads(ALBERT, depth=12)
    weights = random_weights(net, np.random.default_rng(0))
    stored = [
        name for name in graphgen.as_stored(net, weights) if name.startswith("encoder.albert")
    ]
    assert sorted(stored) == sorted(
        f"encoder.albert_layer_groups.0.albert_layers.0.{n}" for n in LAYER
    )
    assert len([layer for layer in net.layers if layer.type == "multihead_attention"]) == 12
    apart = spec.loads(ALBERT.replace("      share: true\n", ""), depth=12)
    assert len(apart.parameters) == len(net.parameters) + 11 * len(LAYER)
    indices = [np.array([[1, 3, 0, 2, 7, 5]]), np.array([[0, 1, 0, 1, 1, 0]])]
    alike = {name: weights[re.sub(r"layers\.\d+", "layers.0", name)] for name in apart.tensors}
    expected = graphgen.evaluate(apart, alike, *indices)
    found = graphgen.evaluate(net, weights, *indices)
    np.testing.assert_array_equal(found, expected)
    assert spec.from_resolved(net.resolved()).hash == net.hash


def test_albert_compiles_with_few_layers() -> None:
    net = spec.loads(ALBERT, depth=2, hidden=3, width=4, vocabulary=5, length=3)
    rng = np.random.default_rng(0)
    weights = random_weights(net, rng)
    assert_round_trip(net, weights)
    # Heads, places of queries with keys and of values in each, hidden neurons, the embedding's and
    # the stream's features, each in both layers at once.
    assert graphgen.symmetries(net).order == 2 * 2**2 * 2**2 * 6 * 24 * 24


SIAMESE = """
inputs: {left: [1, 6], right: [1, 6]}
blocks:
  tower:
    args: {width: 4}
    layers:
      - conv1d: {name: in, out_channels: $width, kernel_size: 3, parameters: {bias: $block.shift}}
      - batch_norm
      - residual: {body: [tanh, {conv1d: {out_channels: 5, kernel_size: 1}}], shortcut: auto}
      - linear: {out_features: 2}
layers:
  - tower: {name: a, inputs: left}
  - tower: {name: b, inputs: right, share: a}
  - multiply: {inputs: [a, b]}
"""


def test_two_towers_share_all_tensors() -> None:
    net = spec.loads(SIAMESE)
    by_layer = {layer.name: dict(layer.tensors) for layer in net.layers}
    names = [name for name in by_layer if name.startswith("a") and by_layer[name]]
    assert len(names) == 5
    for name in names:
        assert by_layer["b" + name[1:]] == by_layer[name]
    assert by_layer["b.in"] == {"weight": "a.in.weight", "bias": "a.shift"}
    assert all(name.startswith("a.") for name in net.tensors)
    rng = np.random.default_rng(0)
    weights = random_weights(net, rng)
    x, y = rng.standard_normal((2, 3, 1, 6))
    found = graphgen.evaluate(net, weights, x, y)
    np.testing.assert_allclose(found, graphgen.evaluate(net, weights, y, x), rtol=0, atol=1e-12)
    apart = spec.loads(SIAMESE.replace(", share: a", ""))
    weights = random_weights(apart, rng)
    there, back = graphgen.evaluate(apart, weights, x, y), graphgen.evaluate(apart, weights, y, x)
    assert abs(np.subtract(there, back)).max() > 1e-3


def test_shared_convolutions_are_symmetric_together() -> None:
    net = spec.loads(SIAMESE)
    case, group = Case(net), graphgen.symmetries(net)
    check_backends(case)
    check_round_trip(case)
    check_automorphisms(case)
    check_symmetric(case, group)
    check_order(group)
    # The channels of the tower are those of both; the towers exchange nothing.
    assert group.order == 24


def tensors(text: str) -> list[dict[str, str]]:
    net = spec.loads(f"inputs: {{x: [4]}}\n{text}")
    assert spec.from_resolved(net.resolved()).hash == net.hash
    return [dict(layer.tensors) for layer in net.layers if layer.tensors]


def test_layers_share_and_keep_what_they_say() -> None:
    layers = [
        "{linear: {out_features: 4, name: a, parameters: {weight: w}}}",
        "{linear: {out_features: 4, name: b, share: a}}",
        "{linear: {out_features: 4, name: c, share: b, parameters: {bias: own}}}",
        "{linear: {out_features: 4, name: d, share: a, bias: false, parameters: {weight: w}}}",
    ]
    found = tensors(f"layers: [{', '.join(layers[:3])}]")
    both = {"weight": "w", "bias": "a.bias"}
    assert found == [both, both, {"weight": "w", "bias": "own"}]


def test_turns_share_with_the_first_and_keep_what_they_say() -> None:
    found = tensors("""
layers:
  - repeat:
      times: 3
      share: true
      layers:
        - sequential:
            name: turn$i
            layers:
              - linear: {out_features: 4, name: up}
              - repeat: {times: 2, index: j, layers: [{linear: {out_features: 4, name: "in$i.$j"}}]}
        - layer_norm: {parameters: {weight: scale$i}}
""")
    assert len(found) == 12
    assert (
        found[0] == found[4] == found[8] == {"weight": "turn0.up.weight", "bias": "turn0.up.bias"}
    )
    assert found[1]["weight"] == found[5]["weight"] == "turn0.in0.0.weight"
    assert found[2]["weight"] == found[6]["weight"] == "turn0.in0.1.weight"
    assert [found[place]["weight"] for place in (3, 7, 11)] == ["scale0", "scale1", "scale2"]
    assert [found[place]["bias"] for place in (3, 7, 11)] == [found[3]["bias"]] * 3


def test_sharing_goes_through_sharing() -> None:
    found = tensors("""
blocks:
  two: {layers: [{linear: {out_features: 4, name: a}}, {linear: {out_features: 4, share: a}}]}
  four:
    layers: [{two: {name: p}}, {two: {name: q}}, {repeat: {times: 2, share: true, layers: [two]}}]
layers:
  - four: {name: f}
  - sequential: {name: s, layers: [{four: {name: g, share: f}}, {linear: {out_features: 4}}]}
  - sequential: {name: t, share: s, layers: [{four: {name: h}}, {linear: {out_features: 4}}]}
  - repeat: {times: 2, share: true, layers: [{four: {share: f}}]}
""")
    names = [row["weight"] for row in found]
    first = [*["f.p.a.weight"] * 2, *["f.q.a.weight"] * 2, *["f.2.a.weight"] * 4]
    assert names == [*first, *first, "s.1.weight", *first, "s.1.weight", *first, *first]


A = "{linear: {out_features: 4, name: a}}"
TURNS = (
    "{repeat: {times: 2, share: true, layers: [{linear: {out_features: 4, when: '${i == 1}'}}]}}"
)
REFUSED = [  # layers, words of the message, its column
    (f"{A}, {{linear: {{out_features: 4, share: b}}}}", "is called 'b'", 82),
    (f"{A}, {{conv1d: {{out_channels: 4, kernel_size: 1, share: a}}}}", "share with one of", 98),
    (f"{A}, {{linear: {{out_features: 3, share: a}}}}", "is shared, but has shape [4, 4]", 49),
    ("{linear: {out_features: 4, name: a, bias: false}}, {linear: {out_features: 4, share: a}}",
     "'a', which has weight in this place; this `linear` has weight, bias", 62),
    ("{relu: {name: a}}, {relu: {share: a}}", "nothing here has a tensor", 44),
    ("{sequential: {name: s, layers: [{sequential: {share: s, layers: [relu]}}]}}",
     "is what this entry lies in", 63),
    ("{sequential: {name: s, layers: [relu, {linear: {out_features: 4}}]}}, "
     "{sequential: {share: s, layers: [{linear: {out_features: 4}}, relu]}}",
     "'s', which has none in this place", 114),
    ("{repeat: {times: 2, share: true, layers: [{linear: {out_features: '${4 - i}'}}]}}",
     "is shared, but has shape [4, 4]", 53),
    (TURNS, "the first turn, which has none", 53),
    ("{repeat: {times: 2, share: true, layers: [relu]}}", "nothing here has a tensor", 37),
    ("{repeat: {times: 2, share: 3, layers: [relu]}}", "expected true or false", 37),
    (f"{A}, {{relu: {{when: false, share: q}}}}, {{linear: {{out_features: 4, share: a}}}}",
     "is called 'q'", 76),
]  # fmt: skip


@pytest.mark.parametrize(("layers", "words", "column"), REFUSED)
def test_what_cannot_be_shared_is_told(layers: str, words: str, column: int) -> None:
    found = message(f"inputs: {{x: [4]}}\nlayers: [{layers}]")
    assert words in found
    assert re.findall(r"<text>:2:(\d+):", found) == [str(column)]


def test_what_is_unknown_is_not_told_again() -> None:
    found = message("""
inputs: {x: [4]}
blocks: {one: {layers: [{linear: {out_feature: 4}}]}}
layers: [{one: {name: a}}, {one: {share: a}}, {repeat: {times: 3, share: true, layers: [one]}}]
""")
    assert found.count("<text>:") == 2 + found.count("called at")
    assert "share" not in found.replace("share: ", "")
