"""What messages say: what was expected once, in words, and what was got, as it is written."""

from __future__ import annotations

import json
import re

import pytest

import spec
from spec.expectations import expectation
from spec.layer import LAYERS
from spec.testing.writers import WRITERS


def messages(text: str) -> list[str]:
    with pytest.raises(spec.SpecError) as caught:
        spec.loads(text)
    assert all(problem.mark for problem in caught.value.problems)
    return [problem.message for problem in caught.value.problems]


MORE = "or an expression such as $width"
SAID = [  # what is written in place of layers, and all that is said
    ("[{conv2d: {out_channels: 4, kernel_size: [3, 3, 3]}}]",
     f"`kernel_size`: expected a list of 2 integers of at least 1 {MORE}, "
     "got a list of 3: [3, 3, 3]"),
    ("[{conv2d: {out_channels: 4, kernel_size: 3.5}}]",
     "`kernel_size`: expected an integer of at least 1 or a list of 2 integers of at least 1, "
     f"{MORE}, got 3.5"),
    ("[{conv2d: {out_channels: 4, kernel_size: [3, a]}}]",
     f"an entry of `kernel_size`: expected an integer of at least 1 {MORE}, got 'a'"),
    ("[{linear: {out_features: null}}]",
     f"`out_features`: expected an integer of at least 1 {MORE}, got null"),
    ("[{linear: {out_features: 4, bias: 'true'}}]",
     f"`bias`: expected true or false, {MORE}, got 'true'"),
    ("[{mean: {dim: 99}}]",
     "`dim`: expected an integer from -24 to 24 or a list of integers from -24 to 24, "
     f"{MORE}, got 99"),
    ("[{relu: {inputs: []}}]",
     "`inputs`: expected a list of strings that are not empty, got an empty list"),
    ("[{relu: {inputs: [true]}}]",
     "an entry of `inputs`: expected a string that is not empty, got true"),
    ("[{parallel: {branches: [[relu]]}}]",
     "`branches`: expected a list of 2 to 64 lists of layers, got a list of 1"),
    ("[{parallel: {branches: []}}]",
     "`branches`: expected a list of 2 to 64 lists of layers, got an empty list"),
    ("[{repeat: {times: 2, index: 3, layers: [relu]}}]",
     "`index`: expected a string of letters, digits and _, not beginning with a digit, got 3"),
    ("[{relu: {}, tanh: {}}]",
     "an entry of a list of layers has one key, the layer's name, with its fields below it; "
     "got 'relu', 'tanh'"),
    ("[null]",
     "an entry of `layers`: expected a layer's name, or a mapping with the layer's name and its "
     "fields, got null"),
]  # fmt: skip


@pytest.mark.parametrize(("layers", "said"), SAID)
def test_a_message_is_said_once(layers: str, said: str) -> None:
    assert messages(f"inputs: {{x: [3, 8, 8]}}\nlayers: {layers}") == [said]


BESIDE = [  # of a description, and all that is said
    ("inputs: x\nlayers: [relu]",
     "`inputs`: expected a mapping of names to shapes or a list of mappings of names to shapes, "
     "got 'x'"),
    ("inputs: {x: [3]}\nblocks: {a: {args: {name: 3}, layers: [relu]}}\nlayers: [a]",
     "`args`: 'name' has a meaning of its own here: take another name"),
    ("inputs: {x: [3]}\nvars: {a b: 3}\nlayers: [relu]",
     "`vars`: expected a word of letters, digits and _, not beginning with a digit, got 'a b'"),
    ("[relu]", "a description: expected a mapping, got a list of 1: ['relu']"),
    ("inputs: {x: [3]}\noutputs: [3]\nlayers: [relu]",
     "an entry of `outputs`: expected a string that is not empty, got 3"),
    ("inputs: {i: [3]}\nlayers:\n  - embedding: {num_embeddings: 4, embedding_dim: 3, name: e}\n"
     "  - linear: {out_features: 3, inputs: i, name: l}\n  - matmul: {inputs: [e, e]}\n"
     "outputs: [l, '2']",
     "'i' holds indices into a table, and this takes them for numbers: give the numbers as "
     "another input"),
    ("inputs: {i: [3]}\nlayers: [flatten, {index_select: {dim: 1, inputs: ['0', i]}}]",
     "'i' holds indices into a table, and this takes them for numbers: give the numbers as "
     "another input"),
    ("inputs: {i: [3]}\nlayers: [{embedding: {num_embeddings: 4, embedding_dim: 3, name: e}}]\n"
     "outputs: [e, i]",
     "'i' holds indices into a table, and is no output: leave it out"),
    ("inputs: {x: [3]}\nblocks: {repeat: {layers: [relu]}}\nlayers: [relu]",
     "`blocks`: 'repeat' has a meaning of its own here: take another name"),
    ("inputs: {x: {shape: [3, 4], axes: [batch, features]}}\nlayers: [relu]",
     "`axes`: 'batch': the batch is no axis of a shape: leave it out"),
    *((f"inputs: {{x: [3]}}\nlayers: [{name}]", f"`{name}` needs the field `{field}`")
      for name, field in (("sequential", "layers"), ("repeat", "times"), ("residual", "body"))),
    ("inputs: {x: [3]}\nlayers: [{linear: {out_features: 3, parameters: {weight: w, bias: w}}}]",
     "'w' is shared, but has shape [3, 3] there and [3] here"),
    ("inputs: {x: [3]}\nlayers: [{batch_norm: {parameters: {running_mean: w, bias: w}}}]",
     "'w' is shared, but one of both is trained and one is not"),
    ("inputs: {x: [3]}\nlayers:\n  - linear: {out_features: 3, name: a}\n"
     "  - linear: {out_features: 3, share: a, bias: false}",
     "it shares its tensors with 'a', which has weight, bias in this place; this `linear` has "
     "weight"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), BESIDE)
def test_a_message_beside_layers_is_said_once(text: str, said: str) -> None:
    assert messages(text) == [said]


WRONG = ["word", [], [1] * 9, [[1]], {"a": 1}, None, True, -(10**18), 3.5, "", ["word"]]
ODD = re.compile(r"such as .* such as|fields of `|got (None|True|False|a list(?! of))|\^\[| \^")


@pytest.mark.parametrize("type_", sorted(set(LAYERS) & set(WRITERS)))
def test_no_field_has_an_odd_message(type_: str) -> None:
    """Each field with each wrong value says one thing of itself, or passes."""
    shape = [4] * max(1, WRITERS[type_].least)
    for field in (*LAYERS[type_].field_names(), "name", "inputs", "when", "share", "output_shape"):
        for wrong in WRONG:
            form = {"inputs": {"x": shape}, "layers": [{type_: {field: wrong}}]}
            try:
                spec.loads(json.dumps(form))
            except spec.SpecError as error:
                said = [problem.message for problem in error.problems]
                assert not [text for text in said if ODD.search(text)], (form, said)
                own = [text for text in said if f"`{field}`: expected" in text]
                assert len(own) <= 1 + isinstance(wrong, list) * 8, (form, said)
                of_one = [text for text in own if text.startswith(f"`{field}`")]
                assert len(of_one) <= 1, (form, said)


def test_the_sweep_sees_odd_messages() -> None:
    doubled = "a list of an integer or an expression such as $width or an expression such as $width"
    assert ODD.search(doubled)
    assert ODD.search("`inputs`: expected a mapping, got a list")
    assert not ODD.search("`inputs`: expected a mapping, got a list of 3")


def test_an_expectation_is_put_into_words() -> None:
    assert expectation({"type": "number", "exclusiveMinimum": 0}) == "a number above 0"
    either = {"anyOf": [{"type": "null"}, {"type": ["integer", "null"], "minimum": 1}]}
    assert expectation(either) == "null or an integer of at least 1"
    pair = {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 2}
    assert expectation(pair) == "a list of 2 true or false"
