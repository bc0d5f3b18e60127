"""scan: a body that is run item after item, in the language."""

from __future__ import annotations

import pytest

import spec

CELL = """
inputs: {x: [4, 3], s: [5], y: [2, 3]}
layers:
  - scan: {inputs: x, name: cell, %s}
  - linear: {inputs: s, out_features: 2, name: a}
  - linear: {inputs: y, out_features: 2, name: b}
  - linear: {inputs: cell, out_features: 2, name: c}
outputs: [a, b, c]
"""
BODY = (
    "body: [{linear: {inputs: item, out_features: 5, name: f}}, "
    "{linear: {inputs: h, out_features: 5, name: g}}, {add: {inputs: [f, g]}}, {tanh: {name: end}}]"
)


def cell(fields: str) -> spec.Architecture:
    return spec.loads(CELL % fields)


def test_all_steps_have_the_tensors_of_the_first_without_its_number() -> None:
    net = cell("state: {h: s}, " + BODY)
    own = ["cell.f.weight", "cell.f.bias", "cell.g.weight", "cell.g.bias"]
    assert [name for name in net.tensors if name.startswith("cell")] == own
    steps = [layer for layer in net.layers if layer.name.endswith(".g")]
    assert [layer.name for layer in steps] == [f"cell.{step}.g" for step in range(4)]
    assert len({tuple(layer.tensors.items()) for layer in steps}) == 1
    assert spec.from_resolved(net.resolved()).hash == net.hash


def test_names_of_tensors_inside_are_found_without_the_number_too() -> None:
    block = "blocks: {b: {layers: [{linear: {out_features: 3, name: l}}, tanh, {linear: "
    block += "{out_features: 3, name: m, parameters: {weight: l.weight, bias: $block.own}}}]}}"
    net = spec.loads(
        f"{block}\ninputs: {{x: [4, 3]}}\nlayers:\n  - scan:\n      name: r\n"
        "      state: {h: [3]}\n      body:\n"
        "        - b: {inputs: item, name: k}\n"
        "        - parameter: {name: gate, shape: [3]}\n"
        "        - multiply: {inputs: [gate, k], name: open}\n"
        "        - linear: {inputs: h, out_features: 3, name: w, parameters: {bias: k.l.bias}}\n"
        "        - add: {inputs: [open, w]}\n"
    )
    assert list(net.tensors) == ["r.k.l.weight", "r.k.l.bias", "r.k.own", "r.gate", "r.w.weight"]


def test_a_whole_scan_shares_its_tensors_with_another() -> None:
    net = spec.loads(
        "inputs: {x: [3, 2], y: [5, 2]}\nlayers:\n"
        f"  - scan: {{inputs: x, name: a, state: {{h: [5]}}, {BODY}}}\n"
        f"  - scan: {{inputs: y, name: b, share: a, state: {{h: a.h}}, {BODY}}}\n"
    )
    assert all(name.startswith("a.") for name in net.tensors)
    assert net.output_shapes == ((5, 5),)


def test_scans_are_run_inside_of_others() -> None:
    net = spec.loads("""
inputs: {x: [2, 3, 4]}
layers:
  - scan:
      name: outer
      state: {h: [4]}
      body:
        - scan:
            name: inner
            state: {k: h}
            body:
              - add: {inputs: [item, k]}
              - linear: {out_features: 4, name: l}
      next: {h: inner.k}
""")
    assert list(net.tensors) == ["outer.inner.l.weight", "outer.inner.l.bias"]
    assert net.output_shapes == ((2, 3, 4),)


def test_only_the_last_states_may_be_read() -> None:
    text = "inputs: {x: [4, 3]}\nlayers: [{scan: {name: r, state: {h: [5]}, %s, %s}}]\noutputs: %s"
    whole = spec.loads(text % (BODY, "output: g", "[r, r.h]"))
    states = spec.loads(text % (BODY, "output: g", "r.h"))
    outputs = spec.loads(text % (BODY, "output: g", "r"))
    assert whole.tensors == states.tensors == outputs.tensors
    assert {layer.name for layer in whole.layers} - {layer.name for layer in states.layers} == {"r"}
    gone = {layer.name for layer in whole.layers} - {layer.name for layer in outputs.layers}
    assert gone >= {"r.3.end", "r.3.f"}
    assert "r.3.g" not in gone


def test_items_are_of_several_inputs_and_of_any_axis() -> None:
    net = spec.loads("""
inputs: {x: [3, 4], y: [2, 4]}
layers:
  - scan:
      inputs: [x, y]
      items: [one, other]
      dim: 2
      reverse: true
      state: {h: [3]}
      body:
        - concat: {inputs: [one, other, h]}
        - linear: {out_features: 3}
""")
    assert net.output_shapes == ((3, 4),)
    assert net.layers[1].fields["index"] == 3


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("state: {h: s}", "needs the field `body`"),
        (BODY, "needs the field `state`"),
        ("state: {}, " + BODY, "`state`"),
        ("state: {item: s}, " + BODY, "'item' is the item: take another name"),
        ("state: {h: nothing}, " + BODY, "no input or earlier layer is called 'nothing'"),
        ("state: {h: [0]}, " + BODY, "sizes of a state|at least 1|minimum"),
        ("state: {h: [4]}, " + BODY, r"'h' is \[N, 4\], its next value \[N, 5\]: they need one"),
        ("state: {h: s, c: s}, " + BODY, r"`next`: expected the next value of each state \('h', "),
        ("state: {h: s}, next: {g: end}, " + BODY, "`next`: expected the next value of each"),
        ("state: {h: s}, next: {h: fin}, " + BODY, "no input or earlier layer is called 'fin'"),
        ("state: {h: s}, output: fin, " + BODY, "no input or earlier layer is called 'fin'"),
        ("state: {h: s}, items: [a, b], " + BODY, "expected a name for the item of one input"),
        ("state: {h: s}, dim: 4, " + BODY, "`dim` is 4, but"),
        ("state: {h: s}, reverse: 3, " + BODY, "`reverse`"),
        ("state: {h: s}, steps: 3, " + BODY, "`scan` has no field 'steps'"),
        ("state: {h: s}, body: [{tanh: {inputs: h, name: h}}]", "'h' is a state of the scan"),
        ("state: {h: s}, body: [{tanh: {inputs: h, name: item}}]", "'item' is the item of the"),
        ("state: {h: s}, body: [{linear: {inputs: h, out_features: 5}}]", "nothing reads what"),
    ],
)
def test_what_does_not_fit_is_refused(fields: str, message: str) -> None:
    with pytest.raises(spec.SpecError, match=message):
        cell(fields)


def test_a_length_beyond_the_limit_names_what_takes_any() -> None:
    with pytest.raises(spec.SpecError, match="at most 1,000 items, got 1,001: `linear_recurrence`"):
        spec.loads(
            f"inputs: {{x: [1001, 3]}}\nlayers: [{{scan: {{name: r, state: {{h: [5]}}, {BODY}}}}}]"
        )
    with pytest.raises(spec.SpecError, match="inputs of one length, got"):
        spec.loads(
            "inputs: {x: [3, 4], y: [2, 4]}\nlayers: [{scan: {inputs: [x, y], items: [a, b], "
            "state: {h: [4]}, body: [{add: {inputs: [a, b, h]}}]}}]"
        )
