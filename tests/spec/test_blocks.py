"""Blocks with several inputs: how they are named, given and counted."""

from __future__ import annotations

import pytest

import graphgen
import spec

GATE = """
inputs: {x: [4], memory: [4]}
blocks:
  gate:
    inputs: [new, old]
    args: {width: 4}
    layers:
      - linear: {out_features: $width, inputs: new}
      - sigmoid: {name: share}
      - multiply: {inputs: [share, old]}
layers:
  - gate: {inputs: [x, memory], name: first}
  - gate: {inputs: [first, memory], name: second}
"""


def message(text: str) -> str:
    with pytest.raises(spec.SpecError) as caught:
        spec.loads(text)
    return str(caught.value)


def test_a_block_takes_the_inputs_that_it_names() -> None:
    net = spec.loads(GATE)
    by_layer = {layer.name: layer.inputs for layer in net.layers}
    assert by_layer["first.0"] == ("x",)
    assert by_layer["first.2"] == ("first.share", "memory")
    assert by_layer["second.0"] == ("first.2",)
    assert by_layer["second.2"] == ("second.share", "memory")
    assert list(net.parameters)[:2] == ["first.0.weight", "first.0.bias"]
    assert spec.from_resolved(net.resolved()).hash == net.hash
    assert graphgen.template(net).blocks


def test_the_order_of_the_inputs_counts() -> None:
    swapped = GATE.replace("inputs: [x, memory], name", "inputs: [memory, x], name")
    assert spec.loads(swapped).hash != spec.loads(GATE).hash


def test_one_input_may_have_a_name() -> None:
    text = """
inputs: {x: [4]}
blocks:
  twice:
    inputs: whole
    layers: [relu, {add: {inputs: [whole, "0"]}}]
layers: [twice, {twice: {inputs: x, name: again}}, {add: {inputs: ["0", again]}}]
"""
    net = spec.loads(text)
    assert [layer.inputs for layer in net.layers] == [
        ("x",), ("x", "0.0"), ("x",), ("x", "again.0"), ("0.1", "again.1"),
    ]  # fmt: skip
    listed = text.replace("inputs: whole", "inputs: [whole]")
    assert spec.loads(listed).hash == net.hash


def test_an_inner_name_hides_an_outer_one() -> None:
    text = GATE.replace("inputs: [new, old]", "inputs: [memory, x]")
    text = text.replace("inputs: new}", "inputs: memory}").replace("[share, old]", "[share, x]")
    assert spec.loads(text).hash == spec.loads(GATE).hash


@pytest.mark.parametrize(
    ("old", "new", "words", "line"),
    [
        ("[x, memory], name", "x, name", "takes 2 inputs ('new', 'old'), got 1", 12),
        ("[x, memory], name", "[x, x, x], name", "takes 2 inputs ('new', 'old'), got 3", 12),
        ("inputs: [first, memory], name: second", "name: second", "got 1: name them", 13),
        (", inputs: new}", "}", "there are several inputs: name the ones to take", 8),
        ("[share, old]", "[share, odd]", "no input or earlier layer is called 'odd'", 10),
        ("[share, old]", "[share, new]", "no layer of the block 'gate' reads its input 'old'", 5),
        ("name: share}", "name: new}", "'new' is an input of the block: take another name", 9),
        ("[new, old]", "[new, new]", "`inputs`: expected", 5),
        ("[new, old]", "[new, $x]", "expected a string without $ and dots", 5),
        ("[new, old]", "[new, 3]", "got 3", 5),
        ("[new, old]", "[]", "`inputs`: expected", 5),
        ("[new, old]", "{new: old}", "`inputs`: expected", 5),
        ("    inputs: [new, old]\n", "", "the block 'gate' takes one input, got 2", 11),
        ("args: {width: 4}", "args: {inputs: 4}", "", 6),
    ],
)
def test_a_call_that_does_not_fit_is_refused(old: str, new: str, words: str, line: int) -> None:
    assert old in GATE
    found = message(GATE.replace(old, new))
    assert words in found
    assert f"<text>:{line}:" in found


STRUCTURES = {
    "sequential": "layers: [relu]",
    "residual": "body: [relu]",
    "parallel": "branches: [[relu], [tanh]]",
}


@pytest.mark.parametrize("type_", STRUCTURES)
@pytest.mark.parametrize("inputs", ["[x, y]", "[x, x]", "$both", "[$one, $one]"])
@pytest.mark.parametrize("when", ["", "when: false, ", "when: true, "])
def test_a_structure_takes_one_input(type_: str, inputs: str, when: str) -> None:
    entry = f"{type_}: {{{when}inputs: {inputs}, {STRUCTURES[type_]}}}"
    rest = f"inputs: {{x: [4], y: [4]}}\nlayers:\n  - {entry}\n  - add: {{inputs: [x, y]}}\n"
    text = f"vars: {{both: [x, y], one: x}}\n{rest}"
    if "false" in when and inputs == "$both":
        return  # what a variable holds is not looked at in an entry that is off
    found = message(text)
    assert f"`{type_}` takes one input, got 2" in found
    column = text.splitlines()[3].index(inputs) + 1
    assert f"<text>:4:{column}:" in found


@pytest.mark.parametrize("type_", STRUCTURES)
@pytest.mark.parametrize("inputs", ["x", "[x]", "$one", "[$one]"])
def test_a_structure_with_one_input_loads(type_: str, inputs: str) -> None:
    variables = "vars: {one: x}\n" if "$" in inputs else ""
    entry = f"{type_}: {{inputs: {inputs}, {STRUCTURES[type_]}, name: s}}"
    net = spec.loads(f"{variables}inputs: {{x: [4]}}\nlayers: [{entry}]")
    assert net.layers[0].inputs == ("x",)


@pytest.mark.parametrize(
    "free", ["parameter: {shape: [8]}", "constant: {values: 2, shape: [8]}", "arange: {end: 8}"]
)
def test_what_reads_nothing_comes_before_any_input_is_named(free: str) -> None:
    text = """
inputs: {a: [8], b: [8]}
blocks:
  both:
    inputs: [x, y]
    layers:
      - FREE
      - add: {inputs: [x, y, "0"]}
layers:
  - FREE
  - multiply: {inputs: ["0", a, b], name: c}
  - both: {inputs: [b, c]}
""".replace("FREE", free)
    net = spec.loads(text)
    assert spec.from_resolved(net.resolved()).hash == net.hash
    with pytest.raises(spec.SpecError, match="there are several inputs"):
        spec.loads(text.replace("- " + free, "- tanh"))


SCALED = """
inputs: {x: [4]}
blocks:
  layer_scale:
    args: {factor: null}
    layers: [{scale_by: {factor: $factor}}, relu]
layers: [%s]
"""


def test_a_block_of_a_layers_name_has_its_own_fields() -> None:
    net = spec.loads(SCALED % "{layer_scale: {factor: 2, name: a}}")
    assert [layer.name for layer in net.layers] == ["a.0", "a.1"]
    with pytest.raises(spec.SpecError, match=r"has no argument 'dim'|no field 'dim'"):
        spec.loads(SCALED % "{layer_scale: {factor: 2, dim: 1}}")


VARYING = """
inputs: {x: [4]}
vars: {act: gelu}
layers:
  - "$act": {approximate: "${'tanh' if act == 'gelu' else null}"}
"""


def test_a_field_is_left_out_where_the_layer_that_a_variable_names_has_none_of_it() -> None:
    found = {act: spec.loads(VARYING, act=act).layers[0] for act in ("gelu", "relu")}
    assert found["gelu"].fields["approximate"] == "tanh"
    assert "approximate" not in found["relu"].fields
    told = "`relu` has no field 'approximate'"
    assert told in message(VARYING.replace("'gelu' else null", "'relu' else null").replace(
        "act: gelu", "act: relu"
    ))  # fmt: skip
    assert told in message(VARYING.replace('"$act"', "relu").replace("act: gelu", "act: relu"))
