"""Lists of values under one name, branches that are alike, and inputs that vary in number."""

from __future__ import annotations

import pytest

import spec


def message(text: str) -> str:
    with pytest.raises(spec.SpecError) as caught:
        spec.loads(text)
    return str(caught.value)


def inputs_by_name(net: spec.Architecture) -> dict[str, tuple[str, ...]]:
    assert spec.from_resolved(net.resolved()).hash == net.hash
    return {layer.name: layer.inputs for layer in net.layers}


DENSE = """
vars: {depth: 3}
inputs: {x: [2, 4]}
layers:
  - repeat:
      times: $depth
      collect: found
      layers:
        - concat: {inputs: [x, found], name: "all$i"}
        - conv1d: {out_channels: 2, kernel_size: 1, name: "conv$i"}
  - concat: {inputs: [x, found], name: end}
  - add: {inputs: found, name: sum, when: "${depth > 0}"}
outputs: ["${['end', 'sum'] if depth > 0 else 'end'}"]
"""


def test_the_turns_of_a_repetition_are_collected_as_they_come() -> None:
    net = spec.loads(DENSE)
    assert inputs_by_name(net) == {
        "all0": ("x",), "conv0": ("x",), "all1": ("x", "conv0"), "conv1": ("all1",),
        "all2": ("x", "conv0", "conv1"), "conv2": ("all2",),
        "end": ("x", "conv0", "conv1", "conv2"), "sum": ("conv0", "conv1", "conv2"),
    }  # fmt: skip
    assert net.outputs == ("end", "sum")
    assert [layer.type for layer in net.layers][:3] == ["identity", "conv1d", "concat"]


def test_one_value_is_merged_by_nothing() -> None:
    net = spec.loads(DENSE, depth=1)
    assert [layer.type for layer in net.layers] == ["identity", "conv1d", "concat", "identity"]
    assert net.outputs == ("end", "conv0")
    assert "`concat` takes 2 to 1,000 inputs, got 1" in message(
        DENSE.replace("[x, found], name: end", "[x], name: end")
    )
    none = message(
        DENSE.replace('when: "${depth > 0}"', "when: true").replace("depth: 3", "depth: 0")
    )
    assert "`add` takes 2 to 1,000 inputs, got 0" in none


PYRAMID = """
vars: {widths: [4, 6, 8]}
inputs: {image: [3, 8, 8]}
blocks:
  head:
    inputs: [small, middle, large]
    layers:
      - concat: {inputs: [small, middle, large], dim: 1}
layers:
  - sequential:
      collect: levels
      layers:
        - conv2d: {out_channels: "${widths[0]}", kernel_size: 3, stride: 2}
        - relu: {when: false}
        - sequential: {layers: [{conv2d: {out_channels: "${widths[1]}", kernel_size: 1}}, relu]}
        - conv2d: {out_channels: "${widths[2]}", kernel_size: 1}
  - repeat:
      times: 3
      collect: lateral
      layers:
        - conv2d: {inputs: levels.$i, out_channels: "${shape('levels.0')[0]}", kernel_size: 1}
  - head: {inputs: lateral}
  - parallel:
      times: "${len(widths)}"
      index: k
      merge: concat
      layers:
        - avg_pool2d: {kernel_size: "${k + 1}", stride: 1, padding: "${(k + 1) // 2}",
                       when: "${k % 2 == 0}"}
        - conv2d: {out_channels: "${widths[k]}", kernel_size: 1, name: "out$k"}
"""


def test_the_entries_of_a_list_are_collected() -> None:
    net = spec.loads(PYRAMID)
    by_name = inputs_by_name(net)
    assert [by_name[str(place)] for place in (1, 2, 3)] == [("0.0",), ("0.1.1",), ("0.2",)]
    assert by_name["4.0"] == ("1", "2", "3")
    assert by_name["5"] == ("5.0.out0", "5.1.out1", "5.2.out2")
    assert net.output_shapes == ((18, 3, 3),)


def test_names_that_an_expression_lists_are_taken() -> None:
    net = spec.loads("""
vars: {both: [x, y]}
inputs: {x: [4], y: [4], z: [4]}
layers:
  - concat: {inputs: "${[n for n in both]}", name: a}
  - add: {inputs: [z, $both, z], name: b}
  - concat: {inputs: [$both, a, b]}
""")
    assert list(inputs_by_name(net).values()) == [
        ("x", "y"), ("z", "x", "y", "z"), ("x", "y", "a", "b"),
    ]  # fmt: skip


BASE = "inputs: {x: [4]}\nlayers:\n"
REFUSED = [  # layers, and words of the message
    ("- repeat: {times: 2, collect: a, layers: [relu]}", "nothing reads what is collected as 'a'"),
    ("- repeat: {times: 2, collect: a, layers: [relu]}\n- relu: {inputs: a}",
     "`relu` takes 1 input, got 2"),
    ("- repeat: {times: 2, collect: a, layers: [relu]}\n- residual: {inputs: a, body: [relu]}",
     "`residual` takes one input, got 2"),
    ("- repeat: {times: 2, collect: x, layers: [relu]}", "two values have the name 'x'"),
    ("- repeat: {times: 2, collect: a, layers: [relu]}\n- add: {inputs: a, name: a}",
     "'a' is what is collected: take another name"),
    ("- repeat: {times: 2, collect: a, layers: [relu]}\n- add: {inputs: a, name: a.0}",
     "'a.0' is one of what is collected as 'a': take another name"),
    ("- relu: {name: a.1}\n- repeat: {times: 2, collect: a, layers: [relu]}\n- add: {inputs: a}",
     "two values have the name 'a.1'"),
    ("- repeat: {times: 2, collect: a, layers: [relu]}\n"
     "- linear: {out_features: \"${shape('a')[0]}\"}\n- add: {inputs: a}",
     "'a' is a list of 2 values: name one, as in 'a.0'"),
    ("- repeat: {times: 2, collect: a, layers: [relu]}\n- add: {inputs: [a.0, a.2]}",
     "no input or earlier layer is called 'a.2'"),
    ("- repeat: {times: 2, collect: 3, layers: [relu]}", "`collect`: expected a string"),
    ("- repeat: {times: 2, collect: '${3}', layers: [relu]}", "`collect`: expected a name, got 3"),
    ("- parallel: {merge: add}", "`parallel` needs `branches`, or `times` and `layers`"),
    ("- parallel: {times: 2, branches: [[], [relu]]}", "and not both"),
    ("- parallel: {times: 2}", "`parallel` needs `branches`, or `times` and `layers`"),
    ("- parallel: {times: 0, layers: [relu]}", "`add` takes 2 to 1,000 inputs, got 0"),
    ("- parallel: {times: -1, layers: [relu]}", "from 0 to 1,000"),
]  # fmt: skip


@pytest.mark.parametrize(("layers", "words"), REFUSED)
def test_what_cannot_be_collected_is_told(layers: str, words: str) -> None:
    found = message(BASE + layers)
    assert words in found
    assert "<text>:" in found


def test_one_branch_is_the_branch() -> None:
    net = spec.loads(BASE + "- parallel: {times: 1, layers: [relu, {linear: {out_features: 2}}]}")
    assert [layer.type for layer in net.layers] == ["relu", "linear", "identity"]


def test_a_block_may_take_a_list() -> None:
    text = """
inputs: {x: [4]}
blocks: {two: {inputs: [a, b], layers: [{multiply: {inputs: [a, b]}}]}}
layers:
  - repeat: {times: 2, collect: all, layers: [{linear: {out_features: 4}}]}
  - two: {inputs: all}
  - two: {inputs: [x, all], when: false}
"""
    assert spec.loads(text).layers[-1].inputs == ("0", "1")
    assert "takes 2 inputs ('a', 'b'), got 3" in message(text.replace("when: false", "when: true"))
