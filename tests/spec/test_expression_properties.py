"""Properties of expressions: Python computes the same, and no text does worse than be refused."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from spec import expression_syntax, expression_values
from spec.expression_syntax import ExpressionError
from spec.expressions import substitute

RUNS = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
VARIABLES: dict[str, object] = {"a": 3, "v": [1, 2], "name": "net", "_": {"k": 1}, "none": None}
FUNCTIONS: dict[str, Any] = {
    **{"abs": abs, "int": int, "float": float, "round": round, "min": min, "max": max, "len": len},
    **{"sum": sum, "prod": math.prod, "range": range},
    **{"ceil": math.ceil, "floor": math.floor, "sqrt": math.sqrt, "log2": math.log2},
}
GIVEN: dict[str, object] = {"a": 3, "b": -2, "c": 0, "x": 0.75, "y": -1.5, "t": True, "v": [4, 5.5]}
NUMBERS = st.one_of(
    st.sampled_from(["a", "b", "c", "x", "y", "t", "v[0]", "v[-1]", "len(v)", "max(v)", "True"]),
    st.integers(0, 100).map(str),
    st.floats(0, 100).map(repr),
)
SIGNS = st.sampled_from(
    ["+", "-", "*", "/", "//", "%", "<", "<=", "==", "!=", ">", ">=", "and", "or"]
)
CALLS = st.sampled_from(["abs", "int", "float", "ceil", "floor", "sqrt", "log2", "round"])


def compound(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, part, SIGNS, part),
        st.builds("{} {} {}".format, part, SIGNS, part),
        st.builds("({} ** {})".format, part, st.integers(-3, 4)),
        st.builds("({} ** {})".format, NUMBERS, NUMBERS),
        st.builds("{} < {} <= {}".format, part, part, part),
        st.builds("({} if {} else {})".format, part, part, part),
        st.builds("{}({})".format, CALLS, part),
        st.builds("round({}, {})".format, part, st.integers(-2, 4)),
        st.builds("min({}, {})".format, part, part),
        st.builds("max([{}, {}])".format, part, part),
        st.builds("[{}, {}][{}]".format, part, part, st.integers(-2, 1)),
        st.builds("(-{})".format, part),
        st.builds("(not {})".format, part),
        st.builds("({} in [{}, 1])".format, part, part),
        st.builds("sum([{} + k for k in [{}, 2] if k < {}])".format, part, part, part),
        st.builds("prod([{}, {}][{}:])".format, part, part, st.integers(-2, 2)),
    )


ARITHMETIC = st.recursive(NUMBERS, compound, max_leaves=8)
MIXED = st.recursive(
    NUMBERS | st.sampled_from(["'s'", "''", "None", "v", "[]", "['s', None]", "n"]),
    lambda part: compound(part) | st.builds("len({})".format, part),
    max_leaves=6,
)


def by_python(text: str, variables: Mapping[str, object]) -> object:
    return eval(text, {"__builtins__": {}, **FUNCTIONS, **variables})


def outcome(function: Callable[..., object], *arguments: object) -> str | None:
    """Return the value's `repr`, or None where there is no value."""
    try:
        value = function(*arguments)
    except (ExpressionError, ArithmeticError, TypeError, ValueError, LookupError, NameError):
        return None
    too_large = type(value) is int and abs(value) >= 10**300
    return "refused" if too_large or type(value) is complex else repr(value)


def agrees(text: str) -> bool:
    """Say whether Python gives the same; what is complex or too large on the way is refused."""
    nodes = ast.walk(ast.parse(text, mode="eval").body)
    parts = [n for n in nodes if isinstance(n, ast.expr) and not isinstance(n, ast.Slice)]
    steps = [outcome(by_python, ast.unparse(part), GIVEN) for part in parts]
    ours = outcome(substitute, "${" + text + "}", GIVEN)
    return ours == steps[0] or (ours is None and "refused" in steps)


@RUNS
@given(ARITHMETIC)
@example("a - b * c ** 2 // 4")
def test_arithmetic_is_what_python_computes(text: str) -> None:
    assert agrees(text)


@RUNS
@given(MIXED)
def test_a_value_is_what_python_computes(text: str) -> None:
    variables = {**GIVEN, "n": "name"}
    ours = outcome(substitute, "${" + text + "}", variables)
    assert ours is None or ours == outcome(by_python, text, variables)


def test_the_comparison_with_python_sees_a_wrong_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    assert agrees("a - b")
    monkeypatch.setitem(expression_values._ARITHMETIC, ast.Sub, ("-", operator.add))
    assert not agrees("a - b")
    monkeypatch.setitem(expression_values._FUNCTIONS, "floor", math.ceil)
    assert not agrees("floor(x)")


# fmt: off
PIECES = [
    "$", "$$", "${", "}", "{", "(", ")", "[", "]", ",", ".", ":", ";", "'", '"', "\\", "\n", " ",
    "\0", "a", "v", "name", "len", "max", "sqrt", "round", "if", "else", "and", "or", "not", "in",
    "is", "for", "lambda", "None", "true", "+", "-", "*", "**", "/", "//", "%", "<", "<<", "==",
    "=", "!=", "@", "1", "0", "9", "07", "1e9", ".5", "1j", "0x", "_", "\\N{DASH}", "é", "ﬁ", "٣",
    "\u2028", "f'", "#",
]
# fmt: on


def refuses_cleanly(text: str) -> bool:
    """Say whether `text` is refused; any other error passes through."""
    try:
        substitute(text, VARIABLES)
    except ExpressionError as error:
        return str(error) != ""
    return False


WORDS = st.lists(st.sampled_from(PIECES))


@RUNS
@given(st.text() | WORDS.map("".join))
@example("${'\\N{DASH}'}")
@example("${1if 1else 2}")
@example("${'a' is 'a'}")
@example("${1(2)}")
@example("${\0}")
@example("${\ud800}")
def test_any_text_gives_a_value_or_an_expression_error(text: str) -> None:
    refuses_cleanly(text)
    refuses_cleanly("${" + text + "}")


@RUNS
@given(WORDS.map(" ".join))
def test_any_words_give_a_value_or_an_expression_error(text: str) -> None:
    refuses_cleanly("${" + text + "}")


def test_the_fuzz_sees_other_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refuses_cleanly("${typo(1)}")
    monkeypatch.setattr(expression_syntax, "_check", lambda *arguments: None)
    with pytest.raises(KeyError):
        refuses_cleanly("${typo(2)}")
