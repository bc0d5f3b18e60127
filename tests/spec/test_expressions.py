"""Expressions: what they compute, what they refuse, and their limits."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

import pytest

from spec.expression_syntax import MAX_DEPTH, MAX_LENGTH, ExpressionError
from spec.expression_values import MAX_SIZE
from spec.expressions import substitute

VARIABLES: dict[str, object] = {
    "width": 16, "i": 2, "zero": 0, "rate": 0.5, "flag": True, "none": None, "name": "net",
    "dims": [1, 2, 3], "sizes": [[3, 3], [5, 5]], "table": {"a": 1}, "lambda": 0.1, "inf": math.inf,
    "large": 10**5000, "text": "x" * 20_000, "other": 1j, "_a1": 7,
}  # fmt: skip


def message(value: object, variables: Mapping[str, object] = VARIABLES) -> str:
    with pytest.raises(ExpressionError) as caught:
        substitute(value, variables)
    return str(caught.value)


# fmt: off
VALUES: list[tuple[object, object]] = [
    ("plain", "plain"), ("", ""), (3, 3), (None, None), (["$i"], ["$i"]), ("{i}", "{i}"), ("$i", 2),
    ("$name", "net"), ("$none", None), ("$dims", [1, 2, 3]), ("$table", {"a": 1}), ("$lambda", 0.1),
    ("$other", 1j), ("$_a1", 7), ("$true", True), ("${table}", {"a": 1}), ("conv$i", "conv2"),
    ("$i$i", "22"), ("$i ", "2 "), ("$name.$i", "net.2"), ("a${i}b", "a2b"),
    ("$rate-$flag", "0.5-true"), ("x${i > 2}", "xfalse"), ("${i}$name", "2net"), ("$$", "$"),
    ("$$i", "$i"), ("$$$i", "$2"), ("$$$$", "$$"), ("5$$", "5$"), ("$${i}", "${i}"),
    ("${'$i'}", "$i"), ("${'}'}", "}"), ("${'{' + \"}\"}!", "{}!"), ("${'a' 'b'}", "ab"),
    ("${width * 2 ** i}", 64), ("${1 if i == 0 else 2}", 2), ("${ i }", 2), ("${i\n  + 1}", 3),
    ("${7 / 2}", 3.5), ("${4 / 2}", 2.0), ("${7 // 2}", 3), ("${-7 // 2}", -4), ("${-7 % 3}", 2),
    ("${2 ** -1}", 0.5), ("${-2 ** 2}", -4), ("${2 ** 3 ** 2}", 512), ("${+rate}", 0.5),
    ("${1_000 + 0x1F + 0o17 + 0b11}", 1049), ("${.5 + 1. + 1e-3}", 1.501),
    ("${10 ** 299}", 10**299), ("${1 < i <= 2}", True), ("${1 < i < 2 < 1 // zero}", False),
    ("${i != 2}", False), ("${i == 2.0}", True), ("${name == 'net'}", True), ("${'a' < 'b'}", True),
    ("${1 == 'a'}", False), ("${none == null}", True), ("${none != None}", False),
    ("${true and not false}", True), ("${True}", True), ("${zero and 1 / zero}", 0),
    ("${none or name}", "net"), ("${not dims}", False), ("${1 / zero if zero else 0}", 0),
    ("${i in dims}", True), ("${4 not in [1, 2]}", True), ("${'e' in name}", True),
    ("${[1, 'a', none]}", [1, "a", None]), ("${[]}", []), ("${dims[0]}", 1), ("${dims[-1]}", 3),
    ("${sizes[1][0]}", 5), ("${[4, 5][i - 1]}", 5), ("${dims + [4]}", [1, 2, 3, 4]),
    ("${[1] * 3}", [1, 1, 1]), ("${2 * 'ab'}", "abab"), ("${'a' * -1}", ""),
    ("${name + '_' + name}", "net_net"), ("${True + True}", 2), ("${min(3, 1.5)}", 1.5),
    ("${max(dims)}", 3), ("${max([i])}", 2), ("${abs(-3)}", 3), ("${round(2.5)}", 2),
    ("${round(2.567, 1)}", 2.6), ("${round(157, -1)}", 160), ("${int(2.9)}", 2),
    ("${float(2)}", 2.0), ("${ceil(2.1)}", 3), ("${floor(-2.1)}", -3), ("${sqrt(9)}", 3.0),
    ("${log2(8)}", 3.0), ("${len(dims) + len(name)}", 6), ("${inf}", math.inf),
    ("${[width * 2 ** k for k in range(3)]}", [16, 32, 64]), ("${[]  + range(0)}", []),
    ("${[a + b for a in dims if a > 1 for b in sizes[0] if b]}", [5, 5, 6, 6]),
    ("${[[k] * k for k in dims]}", [[1], [2, 2], [3, 3, 3]]), ("${range(5, 1, -2)}", [5, 3]),
    ("${[i for i in dims][0] + i}", 3), ("${dims[1:]}", [2, 3]), ("${dims[:-1]}", [1, 2]),
    ("${dims[::2]}", [1, 3]), ("${dims[i:5]}", [3]), ("${dims[9:]}", []), ("${sum(dims)}", 6),
    ("${prod(dims + [0.5])}", 3.0), ("${sum([])}", 0), ("${prod([])}", 1), ("${exp(0)}", 1.0),
    ("${log(1)}", 0.0), ("${'c' + str(i)}", "c2"), ("${str(true)}", "true"),
    ("${str(name)}", "net"),
    ("${['l.' + str(k) for k in range(i)]}", ["l.0", "l.1"]), ("${table['a']}", 1),
    ("${len(table)}", 1),
]
REFUSED = [  # an expression, and words of its message
    ("$wdth", "did you mean 'width'"), ("${wdth + 1}", "did you mean 'width'"),
    ("$q", "variables are"), ("${1 if flag else typo}", "unknown variable 'typo'"),
    ("${zero and typo}", "unknown variable"), ("${sqr(4)}", "did you mean 'sqrt'"),
    ("${name(1)}", "unknown function 'name'"), ("${sqrt}", "write sqrt(...)"),
    ("${3(4)}", "unknown function"), ("${dims[0](1)}", "function"), ("$", "$$"), ("5$", "$$"),
    ("$5", "$$"), ("$ i", "$$"), ("$größe", "$$"), ("$grö", "$$"), ("${}", "nothing"),
    ("${ }", "nothing"), ("${", "not closed"), ("${i", "not closed"), ("${'}", "quote"),
    ("${'a\n'}", "quote"), ("${'\\n'}", "quote"), ("${größe}", "größe"), ("${(i}", "never closed"),
    ("${i)}", "unmatched"), ("${[1}", "never closed"), ("${i +}", "invalid"), ("${1 2}", "invalid"),
    ("${010}", "leading zeros"), ("${1__0}", "invalid"), ("${1 if i}", "else"), ("${$i}", "no $"),
    ("${i = 2}", "=="), ("${i ^ 2}", "**"), ("${i; i}", "';"), ("${i & 1}", "'&"),
    ("${i | 1}", "'|"), ("${~i}", "'~"), ("${!flag}", "'!"), ("${i << 2}", "LShift"),
    ("${1j}", "1j"), ("${1if i else 2}", "1if"), ("${1.real}", "1.real"), ("${1e}", "1e"),
    ("${0x}", "0x"), ("${name.upper()}", ".upper"), ("${().__class__}", ".__class__"),
    ("${__import__('os')}", "function"), ("${f'{i}'}", "f'"), ("${b'a'}", "b'"),
    ("${[j for j, k in dims]}", "one name"), ("${[j for dims[0] in dims]}", "one name"),
    ("${[j for true in dims]}", "for itself"), ("${[null for null in dims]}", "for itself"),
    ("${(j for j in dims)}", "GeneratorExp"), ("${[j for j in name]}", "a string"),
    ("${[j for j in dims] + j}", "unknown variable 'j'"), ("${[k for j in k]}", "variable 'k'"),
    ("${[j for j in dims if other]}", "complex"), ("${[j async for j in dims]}", "async"),
    ("${[0 for a in range(9999) for b in range(9999)]}", "10,000 entries"),
    ("${[0 for a in range(9999) for b in range(9999) if 1 > 2]}", "takes too long"),
    ("${range(10 ** 9)}", "10,000"), ("${range(1, 2, 0)}", "zero"), ("${range(1.5)}", "a float"),
    ("${sum(3)}", "an integer"), ("${sum(['a'])}", "a string"), ("${prod([large])}", "300 digits"),
    ("${prod([10 ** 200, 10 ** 200])}", "300 digits"), ("${str(dims)}", "a list"),
    ("${exp(1000)}", "range"), ("${log(0)}", "log(0)"), ("${dims[0.5:]}", "a float"),
    ("${dims[::0]}", "zero"), ("${name[1:]}", "a string"), ("${dims[1:, 2]}", "Tuple"),
    ("$shape", "no value has a shape here"), ("${shape('a')}", "no value has a shape here"),
    ("${shape()}", "got 0 arguments, takes 1"),
    ("${lambda: 1}", "lambda"), ("${lambda + 1}", "lambda"),
    ("${i is 2}", "'is'"), ("${(i := 3)}", "=="), ("${{1: 2}}", "'{1"),
    ("${{1, 2}}", "'{1"), ("${1, 2}", "Tuple"), ("${()}", "Tuple"), ("${max(*dims)}", "Starred"),
    ("${[*dims]}", "Starred"), ("${round(1, ndigits=2)}", "=="), ("${await i}", "await"),
    ("${...}", "'..."), ("${i @ i}", "'@"), ("${`i`}", "'`"), ("${i # x}", "'#"),
    ("${1 / zero}", "division by zero"), ("${1 // zero}", "by zero"), ("${1 % zero}", "zero"),
    ("${zero ** -1}", "zero"), ("${(-8) ** 0.5}", "real"), ("${1e308 ** 2}", "range"),
    ("${name + 1}", "`+` does not take a string and an integer"), ("${1 + none}", "null"),
    ("${name - name}", "`-`"), ("${name % 1}", "`%`"), ("${name * 1.5}", "a float"),
    ("${dims * dims}", "a list"), ("${dims + name}", "a list"), ("${'a' ** 2}", "`**`"),
    ("${-name}", "a string"), ("${+dims}", "a list"), ("${1 < name}", "compare"),
    ("${dims < dims}", "list"), ("${none < 1}", "null"), ("${1 in name}", "compare"),
    ("${1 in 2}", "compare"), ("${[1] in name}", "list"), ("${dims[3]}", "range"),
    ("${dims[-4]}", "range"), ("${[][0]}", "range"), ("${dims[0.5]}", "a float"),
    ("${dims['a']}", "a string"), ("${dims[flag]}", "a boolean"), ("${name[0]}", "a string"),
    ("${table['b']}", "entries are: a"), ("${table[0]}", "an integer"), ("${i[0]}", "an integer"),
    ("${other + 1}", "complex"),
    ("${other == 1}", "complex"), ("${other and 1}", "complex"),
    ("${1 if other else 2}", "complex"), ("${abs()}", "arguments"), ("${abs(1, 2)}", "arguments"),
    ("${round(1, 2, 3)}", "arguments"), ("${min()}", "arguments"), ("${max(3)}", "an integer"),
    ("${max('a')}", "a string"), ("${max(1, 'a')}", "a string"), ("${max([none])}", "null"),
    ("${min([])}", "empty"), ("${len(3)}", "an integer"), ("${abs(name)}", "a string"),
    ("${int('3')}", "a string"), ("${round(1, 0.5)}", "digits"), ("${round(1, -10**9)}", "digits"),
    ("${sqrt(-1)}", "sqrt(-1)"), ("${log2(zero)}", "zero = 0"), ("${int(inf)}", "infinity"),
    ("${floor(inf - inf)}", "NaN"), ("${9 ** 9 ** 9}", "large"), ("${2 ** 1001}", "large"),
    ("${10 ** 300}", "300 digits"), ("${10 ** 200 * 10 ** 200}", "300 digits"),
    ("${" + "9" * 301 + "}", "300 digits"), ("${large + 1}", "300 digits"),
    ("a$large", "300 digits"), ("${'a' * 10 ** 9}", "large"), ("${10 ** 9 * [0]}", "large"),
    ("${[[]] * 10 ** 9}", "large"), ("${'' * 10 ** 9}", "large"),
    ("${['" + "a" * 900 + "'] * 12}", "large"), ("${text + name}", "10,000"),
    ("${[text]}", "10,000"), ("${[[[0] * 99] * 99] * 99}", "large"), ("$text$text", "10,000"),
    ("$name$text", "10,000"), ("a$dims", "a list"), ("a$none", "null"), ("a$table", "a mapping"),
    ("$i$other", "complex"),
]
# fmt: on


@pytest.mark.parametrize(("text", "expected"), VALUES)
def test_value(text: object, expected: object) -> None:
    value = substitute(text, VARIABLES)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_refused(text: str, words: str) -> None:
    found = message(text)
    assert words in found
    assert len(found) < 1_000


def test_a_message_names_the_expression_and_its_variables() -> None:
    found = message("a ${width // zero} b")
    assert "in ${width // zero} with" in found
    assert "width = 16" in found
    assert "zero = 0" in found
    assert "rate" not in found
    assert "there are none" in message("$q", {})


def test_the_limits_on_length_and_depth() -> None:
    assert substitute("${1" + " " * (MAX_LENGTH - 1) + "}", {}) == 1
    assert "1,000" in message("${1" + " " * MAX_LENGTH + "}", {})
    assert "1,000" in message("${'" + "a" * 10_000_000 + "'}", {})
    assert substitute("${" + "+" * (MAX_DEPTH - 2) + "1}", {}) == 1
    for deep in ("+" * 900 + "1", "1" + "+1" * 400, "(" * 400, "[" * 150, "[" * 150 + "]" * 150):
        message("${" + deep + "}", {})
    assert len(str(substitute("$a$a", {"a": "x" * (MAX_SIZE // 2)}))) == MAX_SIZE


def test_no_expression_is_slow() -> None:
    start = time.perf_counter()
    for text in (
        "9**" * 300 + "9",
        "(9**99)**99**99",
        "[0] * 9999 + " * 60 + "[0]",
        "[[0 for b in range(9999) if false] for a in range(9999)]",
        "[a for a in range(9999) if sum(range(9999)) == 0]",
        "[" * 20 + "0" + " for a in range(9999)]" * 20,
    ):
        message("${" + text + "}", {})
    message("$a" * 1_000_000, {"a": "x" * 100_000})
    assert time.perf_counter() - start < 5
