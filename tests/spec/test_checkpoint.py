"""The section `checkpoint`: patterns, changes of axes, and every mistake with its place."""

from __future__ import annotations

import itertools
import random
import re
import time

import numpy as np
import pytest

import spec
from spec.name_patterns import NamePattern
from spec.primitives import ShapeError
from spec.rearrangement import rearrangement

HEAD = """
vars: {size: 6, word: a}
inputs: {x: [6]}
layers:
  - linear: {name: q, out_features: 6}
  - linear: {name: k, out_features: $size}
  - linear: {name: v, out_features: 4}
checkpoint:
"""


def regular(pattern: str) -> re.Pattern[str]:
    """Say a pattern as a regular expression: an independent, slower way."""
    parts = re.split(r"(\*\*|\*)", pattern)
    known = {"**": "(.+?)", "*": r"([^.]+?)"}
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts), re.DOTALL)


def test_patterns_match_as_regular_expressions_do() -> None:
    rng = random.Random(0)
    matched = 0
    for _ in range(4_000):
        pattern = "".join(
            rng.choice(["a", "b", ".", "*", "**", "a"]) for _ in range(rng.randint(1, 6))
        )
        pattern = re.sub(r"\*{3,}", "**", pattern)
        name = "".join(rng.choice("ab.") for _ in range(rng.randint(1, 8)))
        expected = regular(pattern).fullmatch(name)
        found = NamePattern(pattern).match(name)
        assert found == (expected and expected.groups()), (pattern, name)
        if found is not None:
            matched += 1
            assert NamePattern(pattern).fill(found) == name
    assert matched > 300


def test_no_pattern_takes_long() -> None:
    pattern = NamePattern("*a" * 30 + "b")
    start = time.process_time()
    assert pattern.match("a" * 999) is None
    assert NamePattern("**a" * 30 + "**b.").match("a" * 900 + "b.c") is None
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("text", "shape", "sizes"),
    [
        ("i o -> o i", (4, 6), {}),
        ("h w i o -> o i h w", (2, 3, 4, 5), {}),
        ("1 1 d -> 1 d", (1, 5), {}),
        ("(h k d) w -> (k h d) w", (12, 3), {"k": 3, "h": 2}),
        ("e o i -> (e o) i", (8, 3), {"e": 4}),
        ("(a b) -> b 1 a", (3, 1, 2), {}),
        ("->", (), {}),
        ("() x->x", (3,), {}),
    ],
)
def test_a_change_of_axes_moves_each_scalar_as_its_names_say(
    text: str, shape: tuple[int, ...], sizes: dict[str, int]
) -> None:
    found = rearrangement(text, shape, sizes)
    known = dict(found.sizes)
    names = [name for group in found.own for name in group]
    stored = np.full(found.stored_shape, -1)
    own = np.arange(int(np.prod(shape))).reshape(shape)

    def place(groups: tuple[tuple[str, ...], ...], at: dict[str, int]) -> tuple[int, ...]:
        result = []
        for group in groups:
            index = 0
            for name in group:
                index = index * known[name] + at[name]
            result.append(index)
        return tuple(result)

    for values in itertools.product(*(range(known[name]) for name in names)):
        at = dict(zip(names, values, strict=True))
        stored[place(found.stored, at)] = own[place(found.own, at)]
    assert sorted(stored.reshape(-1)) == list(range(own.size))
    split = stored.reshape([known[n] for group in found.stored for n in group])
    assert np.array_equal(split.transpose(found.order).reshape(found.own_shape), own)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("i o", "expected the stored axes, an arrow"),
        ("a -> b -> c", "expected the stored axes, an arrow"),
        ("i o -> o", "has the axis 'i' on one side alone"),
        ("i i -> i i", "names the axis 'i' twice"),
        ("(i o -> o i", "a parenthesis that is not closed"),
        ("((i) o -> o i", "is no list of axes"),
        ("i) o -> o i", "is no list of axes"),
        ("i, o -> o i", "is no list of axes"),
        ("2 o -> o 2", "is no list of axes"),
        ("a b c -> a b c", "gives 3 axes, but the tensor is [4, 6]"),
        ("a b c -> (a b) c", "give the size of 'a' in `sizes`"),
        ("a 1 -> a 1", "'1' does not make 6"),
    ],
)
def test_what_is_no_change_of_axes_is_refused(text: str, message: str) -> None:
    with pytest.raises(ShapeError) as caught:
        rearrangement(text, (4, 6), {})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("section", "place", "message"),
    [
        ("3", "9:3", "`checkpoint`: expected a mapping or a list"),
        ("- 3", "9:5", "expected a mapping, got 3"),
        ("- {tensors: {q.weight: k.weight}}", "9:16", "would both be 'k.weight'"),
        ("renamed: {}", "9:3", "`checkpoint` has no field 'renamed'"),
        ("prefix: 3", "9:11", "expected a string"),
        ("section: ''", "9:12", "expected a string of 1 to 1,000 characters"),
        ("unread: []", "9:11", "an empty list"),
        ("tensors: {q.weight: 3}", "9:23", "got 3"),
        ("tensors: {q.weight: {axis: i o -> o i}}", "9:24", "has no field 'axis'; did you mean"),
        ("tensors: {q.weight: {axes: i o -> o}}", "9:13", "has the axis 'i' on one side alone"),
        ("tensors: {q.weight: {axes: $size}}", "9:13", "`axes`: expected a string"),
        ("tensors: {q.weight: {axes: i o -> o i, sizes: {b: 2}}}", "9:13", "`sizes` has 'b'"),
        ("tensors: {q.weight: {stored: [a, b], dim: 2}}", "9:13", "`dim` is 2, but the tensor"),
        ("tensors: {q.weight: {stored: [a, b, c, d]}}", "9:13", "does not consist of 4 pieces"),
        ("tensors: {q.weight: {stored: [a, b], lengths: [1, 2]}}", "9:13", "lengths 1, 2"),
        ("tensors: {q.weight: {stored: [a, b], also: c}}", "9:13", "`also` names one stored"),
        ("tensors: {q.weight: {also: k.weight}}", "9:13", "would both be 'k.weight'"),
        ("tensors: {q.weight: k.weight}", "9:13", "'k.weight' and 'q.weight' would both be"),
        ("tensors: {'*.weight': w}", "9:13", "would both be 'w' in a checkpoint"),
        ("tensors: {'*.weight': '**.w'}", "9:13", "'**.w' has other wildcards than '*.weight'"),
        ("tensors: {q.weight: {when: $word}}", "9:13", "expected true or false"),
        ("tensors: {q.weight: $nobody}", "9:23", "unknown variable 'nobody'"),
        ("packed: {qk: [q.weight]}", "9:16", "expected a list"),
        ("packed: {qk: {dim: 0}}", "9:12", "needs the field `parts`"),
        ("packed: {qv: [q.weight, w.weight]}", "9:12", "there is no tensor 'w.weight'"),
        ("packed: {qv: {parts: [q.weight, v.weight], dim: 1}}", "9:12", "differ in more than axis"),
        ("tensors: {q.weight: k.weight, k.weight: q.weight}", "9:13", "nothing would tell this"),
        ("packed: {v.bias: [q.weight, k.weight]}", "9:12", "would both be 'v.bias'"),
    ],
)
def test_mistakes_are_said_with_their_place(section: str, place: str, message: str) -> None:
    with pytest.raises(spec.SpecError) as caught:
        spec.loads(HEAD + "  " + section)
    assert f"<text>:{place}: " in str(caught.value)
    assert message in str(caught.value)


def test_a_rule_that_no_tensor_has_is_warned_of_and_one_may_be_off() -> None:
    with pytest.warns(spec.UnusedWarning, match=r"no tensor has a name like 'w\.\*'"):
        spec.loads(HEAD + "  tensors: {'w.*': a.*}\n" + "  prefix: $word$size")
    text = HEAD + "  tensors: {w.bias: {stored: a, when: '${size > 6}'}, v.bias: $word}"
    net = spec.loads(text)
    assert net.checkpoints[0].by_tensor["v.bias"].names == ("a",)
    assert net.checkpoints[0].by_tensor.keys() == {"v.bias"}


def test_what_checkpoints_are_like_is_no_part_of_the_identity() -> None:
    plain = spec.loads(HEAD.replace("checkpoint:\n", "").replace(", word: a", ""))
    said = spec.loads(HEAD + "  tensors: {v.bias: {stored: $word, also: [b]}}\n  unread: ['$$x']")
    assert said.hash == plain.hash
    assert "checkpoint" not in plain.resolved()
    assert said.resolved()["checkpoint"] == {
        "tensors": {"v.bias": {"stored": "a", "also": ["b"]}},
        "unread": ["$$x"],
    }
    assert spec.from_resolved(said.resolved()).checkpoints == said.checkpoints
