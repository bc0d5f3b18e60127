"""Expressions in a description: `$name` and `${arithmetic}`, evaluated safely.

An expression is a small part of Python: numbers, strings, booleans, null and lists; variables;
`+ - * / // % **`; comparisons, `in`, `and`, `or`, `not`; `a if condition else b`; `list[index]`;
and the functions `abs ceil float floor int len log2 max min round sqrt`. It is parsed, checked
against a list of what is allowed, and walked; nothing is ever run as code.
"""

from __future__ import annotations

import ast
import keyword
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from spec.errors import kind, quoted
from spec.suggestions import suggest
from spec.yaml_reader import MAX_INTEGER

MAX_LENGTH = 1_000  # characters of one expression
MAX_DEPTH = 64  # levels of nesting in one expression
MAX_SIZE = 10_000  # characters of a string, or entries of a list, that an expression may make

# fmt: off
_CONSTANTS = {"true": True, "false": False, "null": None}
_ARITHMETIC: dict[type[ast.operator], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", operator.add), ast.Sub: ("-", operator.sub), ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv), ast.FloorDiv: ("//", operator.floordiv),
    ast.Mod: ("%", operator.mod), ast.Pow: ("**", operator.pow),
}
_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs, "ceil": math.ceil, "float": float, "floor": math.floor, "int": int, "len": len,
    "log2": math.log2, "max": max, "min": min, "round": round, "sqrt": math.sqrt,
}
_ALLOWED = (
    ast.Constant, ast.Name, ast.Load, ast.List, ast.Subscript, ast.Call, ast.IfExp, ast.BinOp,
    ast.UnaryOp, ast.USub, ast.UAdd, ast.Not, ast.BoolOp, ast.And, ast.Or, ast.Compare, ast.Eq,
    ast.NotEq, ast.In, ast.NotIn, *_ARITHMETIC, *_ORDER,
)
_HINTS = {
    "$": "names have no $ in braces", "=": "compare with ==", "^": "write ** for a power",
    "'": "is a quote missing?", '"': "is a quote missing?",
}
# fmt: on
_NUMBERS = (bool, int, float)
_PLAIN = (*_NUMBERS, type(None), str, list, dict)
_START = re.compile(r"\$(?:\$|\{|([A-Za-z_][A-Za-z0-9_]*)(?!\w))?")
_TOKEN = re.compile(
    r"""[ \t\r\n]+|'[^'\\\r\n]*'|"[^"\\\r\n]*"
    |(?:0[xXoObB][0-9A-Fa-f_]+
       |(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9_]+)?)(?![\w.])
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?![\w'"])
    |\*\*|//|[<>=!]=|[-+*/%<>(),\[\]]""",
    re.VERBOSE,
)
_RESERVED = {*keyword.kwlist} - {"True", "False", "None", "and", "or", "not", "if", "else", "in"}


class ExpressionError(Exception):
    """An expression cannot be read or evaluated; the message says which and why."""


def substitute(value: object, variables: Mapping[str, object]) -> object:
    """Replace `$name` and `${expression}` in a string by their values.

    Alone they give a value of their own type; inside a longer string they are written into it.
    `$$` is a dollar; what is no string is returned as it is. Raises `ExpressionError`.

    >>> substitute("${width * 2 ** i}", {"width": 16, "i": 1}), substitute("conv$i", {"i": 1})
    (32, 'conv1')
    """
    if not isinstance(value, str) or "$" not in value:
        return value
    parts = _parts(value, variables)
    first = list(islice(parts, 2))
    if len(first) == 1:
        return first[0]
    texts: list[str] = []
    room = max(MAX_SIZE, len(value))
    for part in chain(first, parts):
        texts.append(_written(part))
        room -= len(texts[-1])
        if room < 0:
            raise ExpressionError(f"{quoted(value)} becomes longer than {MAX_SIZE:,} characters")
    return "".join(texts)


def _parts(text: str, variables: Mapping[str, object]) -> Iterator[object]:
    """Yield the pieces of `text`: strings, and the values of what it refers to."""
    at = 0
    while start := _START.search(text, at):
        if start.start() > at:
            yield text[at : start.start()]
        at = start.end()
        if start[0] == "$$":
            yield "$"
        elif start[0] == "${":
            end = _closing_brace(text, at)
            yield _value(text[at:end], variables)
            at = end + 1
        elif start[1]:
            yield _look_up(start[1], variables)
        else:
            what = "a name (of a-z, 0-9, _) or {expression} must follow $; $$ is a dollar"
            raise ExpressionError(f"{quoted(text[start.start() :][:20])}: {what}")
    if at < len(text):
        yield text[at:]


def _written(value: object) -> str:
    """Return how a value is written inside a longer string."""
    if isinstance(value, str):
        return value
    if type(value) in _NUMBERS:
        return str(_limited(value)).lower()  # booleans as YAML writes them
    raise ExpressionError(f"{kind(value)} cannot stand inside a longer string: {quoted(value)}")


def _look_up(name: str, variables: Mapping[str, object]) -> object:
    if name in (known := {**variables, **_CONSTANTS}):
        return known[name]
    if name in _FUNCTIONS:
        raise ExpressionError(f"{name!r} is a function: write {name}(...)")
    names = f"variables are: {', '.join(sorted(variables))}" if variables else "there are none"
    raise ExpressionError(f"unknown variable {quoted(name)}{suggest(name, variables)} ({names})")


def _closing_brace(text: str, start: int) -> int:
    """Return where the expression ends that starts at `start`; its words must be known."""
    at = start
    while at < len(text) and text[at] != "}":
        token = _TOKEN.match(text, at)
        if token is None:
            hint = _HINTS.get(text[at], "it is no part of an expression")
            raise ExpressionError(f"cannot read {quoted(text[at : at + 20])}: {hint}")
        if token["name"] in _RESERVED:
            raise ExpressionError(f"the word {token['name']!r} is not for expressions")
        at = token.end()
        if at - start > MAX_LENGTH:
            raise ExpressionError(f"{quoted(text[start - 2 : at])} is longer than {MAX_LENGTH:,}")
    if at >= len(text):
        raise ExpressionError(f"the brace of {quoted(text[start - 2 :])} is not closed")
    return at


def _value(text: str, variables: Mapping[str, object]) -> object:
    text = re.sub(r"[\r\n]", " ", text).strip()
    try:
        tree = ast.parse(text, mode="eval")
        _check(tree.body, variables, 1)
        return _evaluate(tree.body, variables)
    except SyntaxError as error:
        problem = error.msg if text else "nothing between the braces"
    except (RecursionError, MemoryError):
        problem = "nested too deeply"
    except (ExpressionError, ArithmeticError, IndexError, TypeError, ValueError) as error:
        problem = str(error.args[-1])
    words = re.findall(r"\w+", text)
    known = ", ".join(f"{name} = {quoted(variables[name])}" for name in variables if name in words)
    raise ExpressionError(f"{problem}, in ${{{text:.80}}}{f' with {known}' if known else ''}")


def _check(node: ast.AST, variables: Mapping[str, object], depth: int) -> None:
    """Refuse what is not allowed, also in branches that are not taken."""
    if depth > MAX_DEPTH:
        raise ExpressionError(f"nested deeper than {MAX_DEPTH} levels")
    if not isinstance(node, _ALLOWED):
        raise ExpressionError(f"expressions have no {type(node).__name__}")
    children = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Call):
        name = ast.unparse(children.pop(0))
        if name not in _FUNCTIONS:
            known = f"{suggest(name, _FUNCTIONS)} (functions are: {', '.join(_FUNCTIONS)})"
            raise ExpressionError(f"unknown function {quoted(name)}{known}")
        most = {"max": MAX_LENGTH, "min": MAX_LENGTH, "round": 2}.get(name, 1)
        if not 1 <= len(children) <= most:
            raise ExpressionError(f"{name}() got {len(children)} arguments, takes 1 to {most}")
    elif isinstance(node, ast.Name):
        _look_up(node.id, variables)
    for child in children:
        _check(child, variables, depth + 1)


def _evaluate(node: ast.AST, variables: Mapping[str, object]) -> Any:
    def value_of(node: ast.AST) -> Any:
        return _evaluate(node, variables)

    match node:
        case ast.Constant(constant):
            return _limited(constant)
        case ast.Name(name):
            return _look_up(name, variables)
        case ast.List(items):
            return _limited([value_of(item) for item in items])
        case ast.UnaryOp(ast.Not(), operand):
            return not _typed(value_of(operand), _PLAIN, "not")
        case ast.UnaryOp(sign, operand):
            number = _typed(value_of(operand), _NUMBERS, "a sign")
            return -number if isinstance(sign, ast.USub) else +number
        case ast.BinOp(left, operation, right):
            return _limited(_arithmetic(operation, value_of(left), value_of(right)))
        case ast.BoolOp(junction, operands):
            for operand in operands:
                value = _typed(value_of(operand), _PLAIN, "and, or")
                if bool(value) is isinstance(junction, ast.Or):
                    break
            return value
        case ast.Compare(left, comparisons, operands):
            value = value_of(left)
            for comparison, operand in zip(comparisons, operands, strict=True):
                previous, value = value, value_of(operand)
                if not _holds(comparison, previous, value):
                    return False
            return True
        case ast.IfExp(condition, chosen, otherwise):
            return value_of(chosen if _typed(value_of(condition), _PLAIN, "if") else otherwise)
        case ast.Subscript(items, index):
            entries = _typed(value_of(items), (list,), "[index]")
            return entries[_typed(value_of(index), (int,), "an index")]
        case ast.Call(ast.Name(name), arguments):
            return _limited(_call(name, [value_of(argument) for argument in arguments]))
    raise ExpressionError(f"expressions have no {type(node).__name__}")


def _arithmetic(operation: ast.operator, left: Any, right: Any) -> Any:
    sign, compute = _ARITHMETIC[type(operation)]
    types = {type(left), type(right)}
    sequences = types & {str, list}
    if types <= {*_NUMBERS}:
        power = isinstance(operation, ast.Pow) and float not in types and right > 0
        # |left| >= 2 ** (bits - 1), so this refuses only what is too large, before computing it
        if power and (abs(left).bit_length() - 1) * right > 1000:
            raise ExpressionError("the power is too large")
    elif isinstance(operation, ast.Mult) and len(sequences) == 1 and types & {int, bool}:
        sequence, times = (left, right) if type(left) in sequences else (right, left)
        if times * _size(sequence) > MAX_SIZE:
            raise ExpressionError("the repetition is too large")
    elif not (isinstance(operation, ast.Add) and len(types) == len(sequences) == 1):
        raise ExpressionError(f"`{sign}` does not take {kind(left)} and {kind(right)}")
    return compute(left, right)


def _holds(comparison: ast.cmpop, left: Any, right: Any) -> bool:
    left, right = (_typed(value, _PLAIN, "a comparison") for value in (left, right))
    texts = type(left) is type(right) is str
    if isinstance(comparison, ast.Eq | ast.NotEq):
        return (left == right) is isinstance(comparison, ast.Eq)
    if isinstance(comparison, ast.In | ast.NotIn) and (texts or type(right) is list):
        return (left in right) is isinstance(comparison, ast.In)
    if type(comparison) in _ORDER and (texts or {type(left), type(right)} <= {*_NUMBERS}):
        return bool(_ORDER[type(comparison)](left, right))
    raise ExpressionError(f"cannot compare {kind(left)} with {kind(right)} this way")


def _call(name: str, arguments: list[Any]) -> Any:
    function, first = _FUNCTIONS[name], arguments[0]
    if name == "len":
        return len(_typed(first, (list, str), "len()"))
    if name == "round" and arguments[1:] and arguments[1] not in range(-300, 301):
        raise ExpressionError("round() takes from -300 to 300 digits")
    if name in ("max", "min"):
        values = arguments if arguments[1:] else _typed(first, (list,), f"{name}() of one value")
        return function([_typed(value, _NUMBERS, f"{name}()") for value in values])
    return function(*[_typed(value, _NUMBERS, f"{name}()") for value in arguments])


def _typed(value: Any, types: tuple[type, ...], where: str) -> Any:
    if type(value) not in types:
        raise ExpressionError(f"{where} does not take {kind(value)}")
    return value


def _limited(value: Any) -> Any:
    """Return `value` unless it is too large, or no real number."""
    if type(value) is complex:
        raise ExpressionError("the result is not a real number")
    if type(value) is int and abs(value) >= MAX_INTEGER:
        raise ExpressionError("the integer has more than 300 digits")
    if type(value) in (str, list) and _size(value) > MAX_SIZE:
        raise ExpressionError(f"the result has more than {MAX_SIZE:,} characters or entries")
    return value


def _size(value: object) -> int:
    """Return the characters and entries in `value`, or some number above the limit."""
    size, rest = 0, [value]
    while rest and size <= MAX_SIZE:
        item = rest.pop()
        size += (len(item) or 1) if isinstance(item, str) else 1
        if isinstance(item, list | dict):
            rest += islice(item if isinstance(item, list) else item.values(), MAX_SIZE)
    return size
