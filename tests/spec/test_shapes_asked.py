"""What expressions know of values and blocks: shapes, full names, what is left out."""

from __future__ import annotations

from typing import Any

import pytest

import spec


def message(text: str) -> str:
    with pytest.raises(spec.SpecError) as caught:
        spec.loads(text)
    return str(caught.value)


def fields(net: spec.Architecture, name: str) -> Any:
    return next(layer.fields for layer in net.layers if layer.name == name)


def test_an_expression_knows_the_shape_of_the_current_value() -> None:
    net = spec.loads("""
inputs: {image: [3, 8, 6]}
layers:
  - conv2d: {out_channels: "${2 * shape[0]}", kernel_size: 1, name: stem}
  - layer_norm: {normalized_shape: $shape, name: norm}
  - repeat:
      times: "${shape[0] // 2}"
      layers: [{conv2d: {out_channels: "${shape[0] + 1}", kernel_size: 1, groups: "${shape[0]}",
                         when: "${shape[0] < 0}"}},
               {conv2d: {out_channels: "${shape[0] + 1}", kernel_size: 1}}]
  - parallel: {branches: [[], [relu]], merge: concat, name: wide,
              dim: "${len(shape) - 1}"}
  - linear: {inputs: image, out_features: "${shape[-1] + shape('norm')[1]}", name: other}
  - flatten: {inputs: wide}
  - linear: {out_features: "${prod(shape('other')[1:])}", name: head}
outputs: [head, other]
""")
    assert fields(net, "stem")["out_channels"] == 6
    assert fields(net, "norm")["normalized_shape"] == (6, 8, 6)
    assert net.shapes["4"] == (9, 8, 6)
    assert net.shapes["wide"] == (9, 16, 6)
    assert net.shapes["other"] == (3, 8, 14)
    assert net.shapes["head"] == (8 * 14,)


BLOCK = """
inputs: {x: [4], y: [6]}
blocks:
  mix:
    inputs: [a, b]
    args:
      width: "${shape('a')[0] + shape('b')[0]}"
      hidden: "${2 * width}"
      bias: $null
      act: $null
    layers:
      - linear: {inputs: a, out_features: $hidden, bias: $bias, name: up}
      - $act: {when: "${act != null}"}
      - linear: {out_features: $width, name: down}
      - concat: {inputs: [b, down]}
layers:
  - mix: {inputs: [x, y], name: first}
  - mix: {inputs: [x, first], name: second, hidden: 3, bias: false, act: tanh}
  - mix: {inputs: [x, second], name: third, width: $null, hidden: "${shape[0]}", bias: $null}
"""


def test_arguments_may_be_left_out_or_follow_from_others() -> None:
    net = spec.loads(BLOCK.replace("- $act", "- \"${act or 'relu'}\""))
    assert net.shapes["first.up"] == (20,)
    assert net.shapes["first.down"] == (10,)
    assert net.shapes["second.up"] == (3,)
    assert net.shapes["third.up"] == (4,)
    assert net.shapes["third.down"] == (4 + net.shapes["second.3"][0],)
    assert "first.up.bias" in net.parameters
    assert "second.up.bias" not in net.parameters
    assert "third.up.bias" in net.parameters
    assert [layer.name for layer in net.layers if layer.type == "tanh"] == ["second.1"]


def test_null_leaves_out_what_all_entries_have() -> None:
    net = spec.loads("""
vars: {none: $null}
inputs: {x: [4]}
layers:
  - linear: {out_features: 4, name: a}
  - linear: {out_features: 4, name: $none, inputs: $none, when: $none, output_shape: $none,
             bias: $none, parameters: {weight: a.weight, bias: $none}}
  - parallel: {branches: [[], [relu]], merge: $none, dim: $none, name: $none, inputs: $none}
""")
    assert net.layers[1].inputs == ("a",)
    assert net.layers[1].tensors == {"weight": "a.weight", "bias": "1.bias"}
    assert net.layers[-1].type == "add"


NAMES = """
inputs: {x: [4]}
blocks:
  pair:
    layers:
      - linear: {out_features: 4, name: in, parameters: {bias: $block.shift}}
      - residual:
          body:
            - tanh
            - linear: {out_features: 4, name: out, parameters: {weight: in.weight}}
layers:
  - linear: {out_features: 4, name: in}
  - pair: {name: first}
  - sequential: {name: deep, layers: [{pair: {name: second}}]}
  - linear: {out_features: 4, name: out, parameters: {weight: in.weight, bias: in.scale}}
"""


def test_a_block_ties_its_own_tensors() -> None:
    net = spec.loads(NAMES)
    tensors = {layer.name: layer.tensors for layer in net.layers if layer.tensors}
    assert tensors["first.in"] == {"weight": "first.in.weight", "bias": "first.shift"}
    assert tensors["first.1.body.out"]["weight"] == "first.in.weight"
    assert tensors["deep.second.in"]["bias"] == "deep.second.shift"
    assert tensors["deep.second.1.body.out"]["weight"] == "deep.second.in.weight"
    assert tensors["out"] == {"weight": "in.weight", "bias": "in.scale"}
    assert spec.from_resolved(net.resolved()).hash == net.hash


def test_own_variables_come_before_those_of_the_language() -> None:
    net = spec.loads("""
vars: {shape: 5, block: b}
inputs: {x: [4]}
blocks: {one: {layers: [{linear: {out_features: $shape, name: $block}}]}}
layers: [one,
         {repeat: {times: 1, index: block, layers: [{linear: {out_features: "${block + 2}"}}]}},
         {linear: {out_features: "${shape('x')[0]}"}}]
""")
    assert [layer.output_shape for layer in net.layers] == [(5,), (2,), (4,)]
    assert net.layers[0].name == "0.b"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("vars: {w: $shape}\nlayers: [{linear: {out_features: $w}}]", "no value has a shape here"),
        ("layers: [{linear: {out_features: \"${shape('y')[0]}\"}}]", "called 'y'"),
        ("layers: [{linear: {out_features: '${shape[1]}'}}]", "index out of range"),
        ("layers: [{linear: {out_features: $shape}}]", "`out_features`: expected an integer"),
        ("layers: [{linear: {out_features: '${shape(3.5)}'}}]", "shape() does not take a float"),
        ("layers: [{relu: {name: $block}}]", "unknown variable 'block'"),
        ("layers: [{linear: {out_features: $null}}]", "needs the field `out_features`"),
        ("blocks: {b: {args: {a: null}, layers: [{elu: {alpha: $a}}]}}\nlayers: [{b: {a: $null}}]",
         "needs the argument 'a'"),
        ("layers: [{elu: {when: false, alpha: \"${shape('typo')[0]}\"}}, relu]", "called 'typo'"),
        ("layers: [{linear: {out_feature: 3}}, {linear: {out_features: '${shape[0]}'}}]",
         "did you mean 'out_features'"),
    ],
)  # fmt: skip
def test_what_has_no_shape_is_told(text: str, words: str) -> None:
    found = message(f"inputs: {{x: [4]}}\n{text}")
    assert words in found
    assert "Error" not in found


def test_without_a_current_value_names_are_asked_for() -> None:
    text = "inputs: {x: [4], y: [4]}\nlayers: [{repeat: {times: '${shape[0]}', layers: [relu]}}]"
    assert "there are several inputs: name one, as in shape('x')" in message(text)
