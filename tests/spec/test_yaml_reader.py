"""The YAML reader: the core schema, places, limits, and every problem at once."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from spec import yaml_reader
from spec.errors import Mark, Problem, SpecError, kind, quoted
from spec.yaml_reader import MAX_BYTES, MAX_DEPTH, MAX_NODES, Document, read, read_file

Place = tuple[int, int]
LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if hasattr(yaml, "CSafeLoader") else [])]
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
RUNS = settings(max_examples=150, deadline=None, suppress_health_check=CHECKS)


@pytest.fixture(autouse=True, params=LOADERS, ids=lambda loader: loader.__name__)
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "_LOADER", request.param)


def problems(text: str) -> list[tuple[Place, str]]:
    with pytest.raises(SpecError) as caught:
        read(text, "net.yaml")
    return [(place(problem.mark), problem.message) for problem in caught.value.problems]


def place(mark: Mark | None) -> Place:
    return (mark.line, mark.column) if mark else (0, 0)


# fmt: off
SCALARS: list[tuple[str, object]] = [
    *((text, text) for text in [
        "no", "on", "Yes", "off", "y", "tRue", "nULL", "None", "0O17", "-0x1F", "0b101", "1_000",
        "1:30", "1:30:00.5", "2001-01-01", "e3", ".", "1.2.3", "inf", ".iNf", "+.nan", "nan", "=",
        "٣", "$width",
    ]),
    *((text, True) for text in ["true", "True", "TRUE", "!!bool 'true'"]),
    *((text, False) for text in ["false", "False", "FALSE"]),
    *((text, None) for text in ["null", "Null", "NULL", "~", "", "!!null ''"]),
    *((text, math.nan) for text in [".nan", ".NaN", ".NAN", "!!float .nan"]),
    ("0", 0), ("-0", 0), ("+5", 5), ("010", 10), ("08", 8), ("0x1F", 31), ("0o17", 15),
    ("1e-3", 1e-3), ("1E+3", 1e3), ("1e3", 1e3), (".5", 0.5), ("-.5e1", -5.0), ("1.", 1.0),
    (".inf", math.inf), ("+.Inf", math.inf), ("-.INF", -math.inf), ("!!float .inf", math.inf),
    ("'1'", "1"), ('"true"', "true"), ("''", ""), ("|\n  12\n", "12\n"), ("'${a + 1}'", "${a + 1}"),
    ("!!str 3", "3"), ("! 3", "3"), ("!!int '3'", 3), ("!!float 3", 3.0),
    ("!!seq [1]", [1]), ("!!map {a: 1}", {"a": 1}), ("! [1]", [1]),
]
NEIGHBOURS = [  # a value, and one that is refused at its first character
    ("9" * 300, "9" * 301), ("-" + "9" * 300, "-" + "9" * 301), ("1e308", "1e309"),
    ("0x" + "f" * 249, "0x" + "f" * 250), ("-1e308", "-1e309"), ("0.3", "0." + "3" * 400),
    ("!!int 3", "!!int 3.0"), ("!!int 3", "!!int three"), ("!!bool true", "!!bool yes"),
    ("!!null null", "!!null nothing"), ("!!float 1.5", "!!float 'x'"), ("!!map {}", "!!seq {}"),
    ("!!seq []", "!!map []"), ("!!str a", "!!map a"), ("'%x'", "%x"), ("&b 1", "*b"),
    ("[a]", "!!python/object/apply:os.system [a]"), ("a", "!!python/name:os.system a"),
    ("{a: 1}", "!!set {a: 1}"), ("[a]", "!!omap [a]"), ("2001-01-01", "!!timestamp 2001-01-01"),
    ("a", "!!binary a"), ("a", "!!merge a"), ("a", "!foo a"), ("a", "!<tag:yaml.org,2002:> a"),
]
REFUSED = [  # a text, its invalid neighbour, and the place and the words of the problem
    *((f"x: {good}", f"x: {bad}", (1, 4), "") for good, bad in NEIGHBOURS),
    ("a:\n  b: 1\n", "a:\n\tb: 1\n", (2, 1), "tab"), ("a: [1]", "a: [1", (1, 4), "bracket"),
    ("a:\n  b: 1\n  c: 2", "a:\n  b: 1\n\tc: 2", (3, 1), "tab"),
    ("a: {b: 1}", "a: {b: 1\n\n", (1, 4), "bracket"), ('a: "x"', 'a: "x\nb: 1', (1, 4), "quote"),
    ("a: 'b: c'", "a: b: c", (1, 5), "quote"), ("a: '@x'", "a: @x", (1, 4), "'@'"),
    ("a: 1\nb: 2", "a: 1\n b: 2", (2, 3), "indent"), ("a: &b 1", "a: & b", (1, 5), "invalid"),
    ("a:\n  - 1\n  - 2\n", "a:\n  - 1\n - 2\n", (3, 2), "indentation"),
    ("a: {b: '${x}'}", "a: {b: ${x}}", (1, 9), "quote"), ("- a", "- a\nb: 1", (2, 1), "indent"),
    ("%YAML 1.2\n---\na: no", "%YAML 2.0\n---\na: no", (1, 1), "invalid YAML"),
    ("%YAML 1.2\n---\na: no", "%YAML 1.1\n---\na: no", (1, 1), "1.1"),
    ("---\na: 1\n...\n", "a: 1\n---\nb: 2\n---\nc: 3\n", (2, 1), "document"),
    ("a: 1\nb: &b [3]\nc: *b", "a: 1\nb: &b [*b]", (2, 8), "'*b' lies in its own value"),
    ("a: &name 1\nb: *name", "a: &name 1\nb: *nam", (2, 4), "did you mean 'name'"),
    ("a: {x: 1}\nb: {x: 1}", "a: {x: 1, x: 1}", (1, 11), "'x': it stands first at net.yaml:1:5"),
    ("a: &a {x: 1}\n'<<': *a", "a: &a {x: 1}\n<<: *a", (2, 1), "merge"),
    ("a: &a b\n*a : 1", "a: &a 3\n*a : 1", (2, 1), "a key must be a string, got an integer"),
    *((f"'{key}': 1", f"? {key}\n: 1", (1, 3), "a key must be a string")
      for key in ["1", "1.5", "true", "~", "null", "[a]", "{a: 1}", "0x10", ".nan"]),
    *((f"{key}: 1", f"no: 1\n{key}: 1\n{key}: 2", (3, 1), "duplicate")
      for key in ["on", "a", "'1'", '"true"', "'<<'", "a b", "!!str 1", "$a"]),
    *(("a: 1", text, (1, 1), "empty")
      for text in ["", "\n\n", "# a comment\n", "---\n", "---\n...\n", "\ufeff"]),
    *(("a: 1\nb: é", f"a: 1\nb: x{char}y\n", (2, 5), f"U+{ord(char):04X}")
      for char in ["\0", "\x07", "\x1b", "\x7f", "\ud800", "\ufeff", "\uffff"]),
]
PIECES = [
    "a", "b", ": ", ":", "- ", "? ", "\n", "\n  ", " ", "\t", "[", "]", "{", "}", ",", "&a ", "*a",
    "'", '"', "|", ">", "!!int ", "!foo ", "!", "%", "%YAML 1.2\n", "---\n", "...\n", "#", "\\",
    "\\x", "\\u12", "1", ".5", "1e999", "~", "<<", "@", "`", "\r", "\x85", "\u2028", "é", "日",
]
TEXT = "name: net\nbase: &base\n  kernel: [3, 5]\nlayers:\n  - conv: *base\n  - {relu: 1}\n"
PLACES: list[tuple[tuple[str | int, ...], Place, Place]] = [
    ((), (1, 1), (1, 1)), (("name",), (1, 7), (1, 1)), (("base",), (2, 7), (2, 1)),
    (("base", "kernel"), (3, 11), (3, 3)), (("base", "kernel", 1), (3, 15), (3, 15)),
    (("layers",), (5, 3), (4, 1)), (("layers", 0), (5, 5), (5, 5)),
    (("layers", 0, "conv"), (5, 11), (5, 5)), (("layers", 0, "conv", "kernel"), (3, 11), (3, 3)),
    (("layers", 0, "conv", "kernel", 1), (3, 15), (3, 15)),
    (("layers", 1, "relu"), (6, 12), (6, 6)), (("missing",), (1, 1), (1, 1)),
    (("base", "kernel", 7, "x"), (3, 11), (3, 3)), (("layers", 0, "conv", "x"), (5, 11), (5, 5)),
]
CHARS = st.characters(exclude_categories=["C", "Zl", "Zp"])
LEAVES = st.none() | st.booleans() | st.integers(-(10**299), 10**299) | st.text(CHARS, max_size=20)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
DATA = st.recursive(LEAVES | FINITE, lambda part: st.one_of(
    st.lists(part, max_size=4), st.dictionaries(st.text(CHARS, max_size=8), part, max_size=4)
))
# fmt: on


@pytest.mark.parametrize(("text", "expected"), SCALARS)
def test_scalar(text: str, expected: object) -> None:
    assert repr(read(f"x: {text}", "f").data["x"]) == repr(expected)


@pytest.mark.parametrize(("good", "bad", "where", "words"), REFUSED)
def test_a_text_and_its_invalid_neighbour(good: str, bad: str, where: Place, words: str) -> None:
    read(good, "f")
    ((found, message),) = problems(bad)
    assert found == where
    assert words in message


def test_all_problems_come_at_once() -> None:
    found = problems("a: 1\nb: {c: 1, c: 3}\na: 2\n1: !foo 3\na: *b\n<<: 1\nc: @\n")
    places = [(2, 11), (3, 1), (4, 1), (4, 4), (5, 1), (5, 4), (6, 1), (7, 4)]
    assert [where for where, _ in found] == places


def test_aliases_give_values_of_their_own() -> None:
    data = read("a: &x [1, {b: 2}]\nc: *x\n", "f").data
    data["c"][1]["b"] = 3
    assert data == {"a": [1, {"b": 2}], "c": [1, {"b": 3}]}
    assert read("[&a 1, *a, &a 2, *a]", "f").data == [1, 1, 2, 2]


def test_an_alias_bomb_is_refused_quickly_at_its_place() -> None:
    rows = ["x0: &x0 [0, 0, 0, 0, 0, 0, 0, 0, 0]"]
    rows += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]" for n in range(1, 40)]
    read("\n".join(rows[:4]), "f")
    start = time.perf_counter()
    assert problems("\n".join(rows))[0][0][0] == 6
    assert time.perf_counter() - start < 5
    text = f"a: &a '{'x' * 500_000}'\nb: ["  # long strings count too
    read(text + "*a, " * 150 + "]", "f")
    assert "100,000" in problems(text + "*a, " * 250 + "]")[0][1]


def test_the_limits_on_values_depth_and_size(tmp_path: Path) -> None:
    read("[" + "1," * (MAX_NODES - 1) + "]", "f")
    assert problems("[" + "1," * MAX_NODES + "]")[0][0] == (1, 2 * MAX_NODES)
    read("[" * MAX_DEPTH + "]" * MAX_DEPTH, "f")
    assert problems("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))[0][0] == (1, MAX_DEPTH + 1)
    assert "nest deeper" in problems("{a: " * 3000)[0][1]
    half = MAX_DEPTH // 2
    text = f"a: &a {'[' * half}{']' * half}\nb: "
    read(text + "[" * (half - 1) + "*a" + "]" * (half - 1), "f")
    assert problems(text + "[" * half + "*a" + "]" * half)[0][0] == (2, 4 + half)
    text = "a: 1\n" + "#" * (MAX_BYTES - 5)
    read(text, "f")
    assert "4 MiB" in problems(text + "#")[0][1]
    assert "4 MiB" in problems(f"a: '{'é' * (MAX_BYTES // 2)}'")[0][1]
    (tmp_path / "large.yaml").write_text(text + "#")
    with pytest.raises(SpecError, match="4 MiB"):
        read_file(tmp_path / "large.yaml")


@pytest.mark.parametrize(("path", "value", "key"), PLACES)
def test_marks(path: tuple[str | int, ...], value: Place, key: Place) -> None:
    document = read("\ufeff" + TEXT, "f")
    assert (place(document.mark(path)), place(document.key_mark(path))) == (value, key)
    assert document.problem(path, "wrong").mark == document.mark(path)
    assert document.problem(path, "wrong", key=True).mark == document.key_mark(path)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_problem_prints_its_place_line_and_trail(newline: str) -> None:
    document = read(TEXT.replace("\n", newline), "net.yaml")
    trail = ("in block 'basic', called at net.yaml:9:3",)
    assert str(document.problem(("base", "kernel", 1), "too large", trail=trail)) == (
        "net.yaml:3:15: too large\n"
        "      kernel: [3, 5]\n"
        "                  ^\n"
        "  in block 'basic', called at net.yaml:9:3"
    )
    plain = Document.from_data({"layers": [{"relu": None}]}, "<resolved form>")
    problem = plain.problem(("layers", 0), "is wrong", key=True, trail=("in here",))
    assert str(problem) == "<resolved form>: layers.0: is wrong\n  in here"


def test_a_spec_error_sorts_its_problems() -> None:
    marks = [Mark("b", 1, 1), None, Mark("a", 10, 1), Mark("a", 9, 2), Mark("a", 9, 1)]
    error = SpecError([Problem("wrong", mark) for mark in marks])
    assert [problem.mark for problem in error.problems] == [marks[i] for i in (1, 4, 3, 2, 0)]
    assert str(error).split("\n\n")[:2] == ["wrong", "a:9:1: wrong"]
    assert str(copy.copy(error)) == str(error)  # it can come out of a process pool


def test_the_caret_stands_below_its_character() -> None:
    long = "x" * 999 + "@" + "y" * 999
    for line, at, cells in (
        ("a:\tb: @", 7, 6),
        ("e\u0301@", 3, 1),
        ("日本@", 3, 4),
        (long, 1000, 53),
    ):
        _, shown, caret = str(Problem("x", Mark("f", 1, at), line)).split("\n")
        assert caret == " " * (4 + cells) + "^"
        assert "@" in shown
        assert len(shown) < 120
    assert str(Problem("x", Mark("f", 3, 1), "")) == "f:3:1: x"
    assert "\x1b" not in str(Problem("x", Mark("f", 1, 1), "\x1b[31m"))


def test_values_in_messages_are_short_and_named() -> None:
    assert [quoted("abc"), quoted(10**10_000)] == ["'abc'", "<an integer>"]
    assert max(len(quoted("x" * 10_000)), len(quoted([["x" * 99] * 99] * 99))) <= 120
    assert [kind(value) for value in (True, 1, None)] == ["a boolean", "an integer", "null"]


def test_read_file(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    for encoding in ("utf-8", "utf-8-sig"):
        file.write_text("a: é\n", encoding=encoding)
        assert (read_file(str(file)).data, read_file(file).file) == ({"a": "é"}, str(file))
    for encoding, where in (("latin-1", (2, 4)), ("utf-16-le", (1, 2)), ("utf-16", (1, 1))):
        file.write_bytes("a: 1\nb: é\n".encode(encoding))
        with pytest.raises(SpecError) as caught:
            read_file(file)
        assert place(caught.value.problems[0].mark) == where
        str(caught.value).encode()
    for path in (tmp_path / "missing.yaml", tmp_path, tmp_path / "a\0b"):
        with pytest.raises(SpecError, match="cannot read"):
            read_file(path)


def refuses_cleanly(function: Callable[[Any], object], argument: object) -> bool:
    """Say whether `function` raised `SpecError`; anything else that it raises passes through."""
    try:
        function(argument)
    except SpecError as error:
        return str(error).encode() != b""
    return False


@RUNS
@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join), st.binary()))
@example("%YAML 1." + "9" * 5000)
@example("%TAG ! tag:yaml.org,2002:\n--- !int 3")
@example('a: "\\ud800"')
@example('a: "\\UFFFFFFFF"')
def test_any_file_gives_a_document_or_a_spec_error(tmp_path: Path, text: str | bytes) -> None:
    (tmp_path / "any.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    refuses_cleanly(read_file, tmp_path / "any.yaml")


def test_the_harness_sees_other_errors() -> None:
    assert refuses_cleanly(lambda text: read(text, "f"), "a: [")
    with pytest.raises(yaml.YAMLError):
        refuses_cleanly(yaml.safe_load, "a: [")


def misplaced(text: str, document: Document, data: Any, path: tuple[str | int, ...] = ()) -> int:
    """Count the values and keys of `data` that do not stand in `text` where `document` says."""
    lines = text.split("\n")
    wanted = [(document.mark(path), data)]
    if path and isinstance(path[-1], str):
        wanted.append((document.key_mark(path), path[-1]))
    shown = [json.dumps(value, ensure_ascii=False, indent=1).split("\n")[0] for _, value in wanted]
    found = [lines[mark.line - 1][mark.column - 1 :] for mark, _ in wanted]
    wrong = sum(not a.startswith(b) for a, b in zip(found, shown, strict=True))
    keys = range(len(data)) if isinstance(data, list) else data if isinstance(data, dict) else []
    return wrong + sum(misplaced(text, document, data[key], (*path, key)) for key in keys)


@RUNS
@given(DATA)
def test_json_reads_as_itself_with_every_place(data: object) -> None:
    text = json.dumps({"root": data}, ensure_ascii=False, indent=1)
    document = read(text, "f")
    assert repr(document.data) == repr({"root": data})
    assert misplaced(text, document, {"root": data}) == 0


def test_the_round_trip_sees_wrong_values_and_places() -> None:
    text = json.dumps({"root": 1e-05, "b": [1, 2]}, indent=1)
    document = read(text, "f")
    assert repr(yaml.safe_load(text)) != repr(document.data)  # YAML 1.1 reads 1e-05 as text
    assert misplaced("\n" + text, document, document.data) > 0
