"""What a description has and does not use: errors with a place, or warnings."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

import spec

NETS = Path(spec.__file__).parent / "nets"


def problems(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(spec.SpecError) as caught:
        spec.loads(text)
    marks = [(problem.mark, problem.message) for problem in caught.value.problems]
    return [(mark.line, mark.column, message) for mark, message in marks if mark]


def told(text: str, **variables: object) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        spec.loads(text, **variables)
    assert all(warning.category is spec.UnusedWarning for warning in caught)
    assert all(warning.filename == __file__ for warning in caught)
    return [str(warning.message).splitlines()[0] for warning in caught]


LOST = [  # layers, and the places of what is lost
    ("- linear: {out_features: 3}\n- relu: {inputs: x}", [(3, 3)]),
    ("- relu: {name: a}\n- relu: {inputs: x}", [(3, 3)]),
    ("- relu: {name: a}\n- tanh\n- relu: {inputs: a}", [(4, 3)]),
    ("- residual: {body: [relu]}\n- relu: {inputs: x}", [(3, 3)]),
    ("- parallel: {branches: [[relu], [tanh]]}\n- relu: {inputs: x}", [(3, 3)]),
    ("- sequential: {layers: [relu]}\n- relu: {inputs: x}", [(3, 25)]),
    ("- repeat: {times: 3, layers: [{relu: {inputs: x}}]}", [(3, 32)]),
    ("- repeat: {times: 2, layers: [relu, {tanh: {inputs: x}}]}", [(3, 31)]),
    ("- relu: {name: a}\n- linear: {out_features: 2}\noutputs: a", [(4, 3)]),
    ("- relu\n- residual: {body: [relu, {relu: {inputs: x}}]}", [(4, 21)]),
]


@pytest.mark.parametrize(("layers", "places"), LOST)
def test_a_value_that_nothing_reads_is_an_error(layers: str, places: list[tuple[int, int]]) -> None:
    found = problems(f"inputs: {{x: [4]}}\nlayers:\n{layers}")
    assert [(line, column) for line, column, _ in found] == places
    assert all("nothing reads what this `" in message for *_, message in found)


@pytest.mark.parametrize(
    "layers",
    [
        "- linear: {out_features: 4}\n- relu",
        "- relu: {name: a}\n- relu: {inputs: x, name: b}\noutputs: [a, b]",
        "- identity: {name: a}\n- relu: {inputs: x}",
        "- relu: {name: a}\n- tanh: {inputs: x}\n- add: {inputs: [a, '1']}",
        "- linear: {out_features: 4, when: false}\n- relu",
    ],
)
def test_a_value_that_is_read_is_none(layers: str) -> None:
    assert spec.loads(f"inputs: {{x: [4]}}\nlayers:\n{layers}").outputs


def test_an_output_may_be_an_input() -> None:
    assert spec.loads("inputs: {x: [4]}\nlayers: []").outputs == ("x",)


def test_an_error_in_a_block_says_where_it_was_called() -> None:
    found = "\n".join(
        message_with_trail(
            "inputs: {x: [4]}\nblocks: {b: {layers: [relu, {tanh: {inputs: x}}]}}\nlayers: [b]"
        )
    )
    assert "in block 'b', called at <text>:3:10" in found


def message_with_trail(text: str) -> list[str]:
    with pytest.raises(spec.SpecError) as caught:
        spec.loads(text)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("inputs", "place"),
    [("{x: [4], y: [4]}", (1, 18)), ("[{x: [4]}, {y: [4]}]", (1, 21))],
)
def test_an_input_that_nothing_reads_is_an_error(inputs: str, place: tuple[int, int]) -> None:
    (found,) = problems(f"inputs: {inputs}\nlayers: [{{relu: {{inputs: x}}}}]")
    assert found[:2] == place
    assert "no layer reads the input 'y'" in found[2]
    assert spec.loads(
        f"inputs: {inputs}\nlayers: [{{relu: {{inputs: x, name: a}}}}]\noutputs: [a, y]"
    )


def test_the_resolved_form_is_held_to_the_same() -> None:
    form = spec.loads("inputs: {x: [4]}\nlayers: [relu, {linear: {out_features: 2}}]").resolved()
    form["outputs"] = ["0"]
    with pytest.raises(spec.SpecError, match=r"layers\.1\.linear: nothing reads what this"):
        spec.from_resolved(form)


REST = "inputs: {x: [4]}\nlayers: [%s]\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vars: {a: 1}\n" + REST % "relu", ["<text>:1:8: the variable 'a' is not used"]),
        ("vars: {a: 1, b: $a}\n" + REST % "relu", ["<text>:1:14: the variable 'b' is not used"]),
        ("vars: {a: 1, b: $a}\n" + REST % "linear: {out_features: $b}", []),
        ("vars: {a: 4}\ninputs: {x: [$a]}\nlayers: [relu]", []),
        ("vars: {a: '0'}\n" + REST % "relu" + "outputs: $a", []),
        ("vars: {i: 4}\n"
         + REST % "repeat: {times: 2, layers: [{linear: {out_features: '${i+1}'}}]}",
         ["<text>:1:8: the variable 'i' is not used"]),
        ("vars: {norm: relu, groups: 2}\n"
         + REST % "$norm, {group_norm: {num_groups: $groups, when: \"${norm == 'none'}\"}}", []),
        ("vars: {deep: true, width: 3}\n"
         + REST % "{linear: {out_features: \"${width if deep else 1}\"}}", []),
        ("vars: {groups: 2, norm: {group_norm: {num_groups: $groups}}}\n" + REST % "$norm", []),
        ("blocks: {b: {layers: [relu]}}\n" + REST % "tanh",
         ["<text>:1:10: the block 'b' is not called"]),
        ("blocks: {b: {layers: [c]}, c: {layers: [b2]}, b2: {layers: [relu]}}\n" + REST % "c",
         ["<text>:1:10: the block 'b' is not called"]),
        ("blocks: {b: {layers: [relu]}}\n" + REST % "{b: {when: false}}, tanh", []),
        ("vars: {kind: plain}\nblocks: {plain: {layers: [relu]}, other: {layers: [tanh]}}\n"
         + REST % "$kind", []),
        ("vars: {kind: plain}\nblocks: {plain: {layers: [relu]}, other: {args: {n: null}, "
         "layers: [{linear: {out_features: $n}}]}}\n" + REST % "$kind",
         ["<text>:2:35: the block 'other' is not called"]),
        ("blocks: {b: {args: {n: 3}, layers: [relu]}}\n" + REST % "b",
         ["<text>:1:21: no layer of the block uses its argument 'n'"]),
        ("vars: {n: 3}\nblocks: {b: {args: {n: 3}, layers: [{linear: {out_features: $n}}]}}\n"
         + REST % "b", ["<text>:1:8: the variable 'n' is not used"]),
        ("vars: {n: 3}\nblocks: {b: {args: {m: $n}, layers: [{linear: {out_features: $m}}]}}\n"
         + REST % "b", []),
        ("vars: {n: 3}\nblocks: {b: {args: {n: $n}, layers: [{linear: {out_features: $n}}]}}\n"
         + REST % "b", []),
        ("vars: {n: 3}\n"
         "blocks: {b: {args: {n: 2, m: $n}, layers: [{linear: {out_features: $m}}]}}\n"
         + REST % "b", ["<text>:1:8: the variable 'n' is not used"]),
    ],
)  # fmt: skip
def test_what_may_be_meant_is_a_warning(text: str, expected: list[str]) -> None:
    assert told(text) == expected


def test_a_value_given_for_a_variable_may_use_another() -> None:
    text = "vars: {a: 3, b: 4}\n" + REST % "linear: {out_features: $b}"
    assert told(text) == ["<text>:1:8: the variable 'a' is not used"]
    assert told(text, b="${2 * a}") == []


def test_warnings_are_not_told_of_what_is_refused() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = problems("vars: {a: 1}\ninputs: {x: [4]}\nlayers: [rellu]")
    assert [message for *_, message in found] == [
        "no layer or block is called 'rellu'; did you mean 'relu'?"
    ]


UNCALLED = [  # layers that are not expanded, and what is found in them
    ("rellu", "no layer or block is called 'rellu'; did you mean 'relu'?"),
    ("{linear: {out_feature: 3}}", "`linear` has no field 'out_feature'"),
    ("{linear: {}}", "`linear` needs the field `out_features`"),
    ("{linear: {out_features: -3}}", "an integer of at least 1"),
    ("{linear: {out_features: $q}}", "unknown variable 'q'"),
    ("{linear: {out_features: '${1 +}'}}", "in ${1 +}"),
    ("{linear: {out_features: '${foo(1)}'}}", "unknown function 'foo'"),
    ("$q", "unknown variable 'q'"),
    ("{called: {m: 3}}", "the block 'called' has no argument 'm'"),
    ("called", "the block 'called' needs the argument 'n'"),
    ("{called: {n: 3, inputs: [x, x]}}", "the block 'called' takes 1 inputs, got 2"),
    ("{residual: {body: [rellu]}}", "no layer or block is called 'rellu'"),
    ("{parallel: {branches: [[relu], [rellu]]}}", "no layer or block is called 'rellu'"),
    ("{residual: {body: [relu], shortcut: [rellu]}}", "no layer or block is called 'rellu'"),
    ("{repeat: {times: 2, index: k, layers: [{linear: {out_features: '${k + j}'}}]}}",
     "unknown variable 'j'"),
    ("{sequential: {inputs: [x, x], layers: []}}", "`sequential` takes one input, got 2"),
    ("5", "expected a layer's name"),
]  # fmt: skip
PLACES = {
    "a block that is not called": "blocks: {%s, b: {args: {w: 1}, layers: [%s]}}\nlayers: [%s]",
    "an entry that is off": "blocks: {%s}\nlayers: [{sequential: {when: false, layers: [%s]}}, %s]",
    "no turns": "blocks: {%s}\nlayers: [{repeat: {times: 0, layers: [%s]}}, %s]",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("layer", "words"), UNCALLED)
def test_mistakes_in_what_is_not_expanded_are_found(place: str, layer: str, words: str) -> None:
    block = "called: {args: {n: null}, layers: [{linear: {out_features: $n}}]}"
    text = "inputs: {x: [4]}\n" + PLACES[place] % (block, layer, "{called: {n: 3}}")
    found = problems(text)
    (told,) = [entry for entry in found if words in entry[2]]
    line = text.splitlines()[told[0] - 1]
    assert told[1] > line.index(layer[:4])
    assert len(found) <= 2  # a field of another name is one that is missing, too


def test_what_is_right_in_a_block_that_is_not_called_is_no_mistake() -> None:
    text = (
        "vars: {v: 2}\ninputs: {x: [4]}\nblocks: {b: {args: {w: 1, kind: relu}, layers: "
        "[$kind, {$kind: {}}, {linear: {out_features: '${v * w}'}}, {residual: {body: [relu]}}, "
        "{repeat: {times: $w, layers: [{linear: {out_features: $i}}]}}]}}\n"
        "layers: [{b: {when: false}}, relu]"
    )
    assert told(text) == []


@pytest.mark.parametrize("path", sorted(NETS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_reference_network_has_nothing_unused(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        spec.load(path)


UNVISITED = [  # entries that are never expanded, and the place of the name that is none
    ("layers: [{relu: {inputs: y, when: false}}, relu]", (2, 26)),
    ("layers: [{repeat: {times: 0, layers: [{add: {inputs: [x, y]}}]}}, relu]", (2, 54)),
    ("layers: [{sequential: {inputs: y, when: false, layers: [relu]}}, relu]", (2, 32)),
    ("blocks: {b: {inputs: [a, c], layers: [{add: {inputs: [a, y]}}, {add: {inputs: [c, a]}}]}}\n"
     "layers: [relu]", (2, 54)),
    ("blocks: {b: {layers: [{parallel: {inputs: y.0, branches: [[relu], [tanh]]}}]}}\n"
     "layers: [relu]", (2, 43)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place"), UNVISITED)
def test_a_name_of_no_value_is_an_error_where_nothing_is_expanded(
    text: str, place: tuple[int, int]
) -> None:
    found = problems(f"inputs: {{x: [4]}}\n{text}")
    assert [(line, column) for line, column, _ in found] == [place]
    assert "no input or layer is called 'y" in found[0][2]


@pytest.mark.parametrize(("text", "place"), UNVISITED)
@pytest.mark.parametrize(
    "known",
    ["relu: {name: y, when: false}", "sequential: {name: y, layers: [relu]}",
     "relu: {name: 'a${1}', when: false}"],
)  # fmt: skip
def test_control_names_of_values_anywhere_are_none(
    text: str, place: tuple[int, int], known: str
) -> None:
    told(f"inputs: {{x: [4]}}\n{text.removesuffix('relu]')}{{{known}}}, relu]")
