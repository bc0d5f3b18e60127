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
_CONSTANTS = {
    "true": True, "false": False, "null": None, "True": True, "False": False, "None": None,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Mod: operator.mod,
    ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Pow: operator.pow,
}
_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs, "ceil": math.ceil, "float": float, "floor": math.floor, "int": int, "len": len,
    "log2": math.log2, "max": max, "min": min, "round": round, "sqrt": math.sqrt,
}
_MOST_ARGUMENTS = {"max": MAX_LENGTH, "min": MAX_LENGTH, "round": 2}
_ALLOWED = (
    ast.Constant, ast.Name, ast.Load, ast.List, ast.Subscript, ast.Call, ast.IfExp, ast.BinOp,
    ast.UnaryOp, ast.USub, ast.UAdd, ast.Not, ast.BoolOp, ast.And, ast.Or, ast.Compare, ast.Eq,
    ast.NotEq, ast.In, ast.NotIn, *_ARITHMETIC, *_ORDER,
)
_HINTS = {
    "$": "variables have no $ inside ${...}", "=": "compare with ==", "^": "write ** for a power",
    ".": "there are no attributes or methods", "'": "is a quote missing?", '"': "is a quote missing?",
}
# fmt: on
_NUMBERS = (bool, int, float)
_PLAIN = (*_NUMBERS, type(None), str, list, dict)

_START = re.compile(r"\$(?:\$|\{|(\w+))?")
_TOKEN = re.compile(
    r"""[ \t\r\n]+|'[^'\\\r\n]*'|"[^"\\\r\n]*"
    |(?:0[xXoObB][0-9A-Fa-f_]+
       |(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9_]+)?)(?![\w.])
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?![\w'"])
    |\*\*|//|[<>=!]=|[-+*/%<>(),\[\]]""",
    re.VERBOSE,
)
_RESERVED = {*keyword.kwlist} - {*_CONSTANTS, "and", "or", "not", "if", "else", "in"}


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
        name = start[1]
        if start[0] == "$$":
            yield "$"
        elif start[0] == "${":
            end = _closing_brace(text, at)
            yield _Expression(text[at:end], variables).value()
            at = end + 1
        elif name and name.isascii() and not name[0].isdigit():
            yield _look_up(name, variables)
        else:
            found = quoted(text[start.start() : start.start() + 20])
            after = "a name (letters a-z, digits, _) or an expression in braces"
            raise ExpressionError(f"{found}: after $ comes {after}; write $$ for a dollar")
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
    for known in (_CONSTANTS, variables):
        if name in known:
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
            hint = _HINTS.get(text[at], "expressions do not have it")
            raise ExpressionError(f"cannot read {quoted(text[at : at + 20])}: {hint}")
        if token["name"] in _RESERVED:
            raise ExpressionError(f"the word {token['name']!r} is not for expressions")
        at = token.end()
        if at - start > MAX_LENGTH:
            shown = quoted(text[start - 2 : at])
            raise ExpressionError(f"an expression has up to {MAX_LENGTH:,} characters: {shown}")
    if at >= len(text):
        raise ExpressionError(f"the brace of {quoted(text[start - 2 :])} is not closed")
    return at


class _Expression:
    """One expression and its variables."""

    def __init__(self, text: str, variables: Mapping[str, object]) -> None:
        self.text = re.sub(r"[\r\n]", " ", text).strip()
        self.variables = variables
        self.used: dict[str, object] = {}

    def value(self) -> object:
        try:
            tree = ast.parse(self.text, mode="eval")
            self.check(tree.body, 1)
            return self.evaluate(tree.body)
        except SyntaxError as error:
            problem = error.msg if self.text else "nothing between the braces"
        except (RecursionError, MemoryError):
            problem = "nested too deeply"
        except (ExpressionError, ArithmeticError, TypeError, ValueError) as error:
            problem = str(error)
        known = ", ".join(f"{name} = {quoted(value)}" for name, value in self.used.items())
        shown = quoted("${" + self.text + "}") + (f" with {known}" if known else "")
        raise ExpressionError(f"{problem}, in {shown}")

    def check(self, node: ast.AST, depth: int) -> None:
        """Refuse what is not allowed, also in branches that are not taken."""
        if depth > MAX_DEPTH:
            raise ExpressionError(f"nested deeper than {MAX_DEPTH} levels")
        if not isinstance(node, _ALLOWED):
            hint = ": a list needs brackets" if isinstance(node, ast.Tuple) else ""
            raise ExpressionError(f"expressions have no {type(node).__name__}{hint}")
        children = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.Call):
            name = ast.unparse(children.pop(0))
            if name not in _FUNCTIONS:
                known = f"{suggest(name, _FUNCTIONS)} (functions are: {', '.join(_FUNCTIONS)})"
                raise ExpressionError(f"unknown function {quoted(name)}{known}")
            most = _MOST_ARGUMENTS.get(name, 1)
            if not 1 <= len(children) <= most:
                expected = "1 argument" if most == 1 else f"1 to {most} arguments"
                raise ExpressionError(f"{name}() takes {expected}, got {len(children)}")
        elif isinstance(node, ast.Name):
            _look_up(node.id, self.variables)
        for child in children:
            self.check(child, depth + 1)

    def evaluate(self, node: ast.AST) -> Any:
        match node:
            case ast.Constant(value):
                return _limited(value)
            case ast.Name(name):
                value = _look_up(name, self.variables)
                self.used |= {name: value} if name in self.variables else {}
                return value
            case ast.List(items):
                return _limited([self.evaluate(item) for item in items])
            case ast.UnaryOp(ast.Not(), operand):
                return not _plain(self.evaluate(operand))
            case ast.UnaryOp(sign, operand):
                number = _numbers("-", [self.evaluate(operand)])[0]
                return -number if isinstance(sign, ast.USub) else +number
            case ast.BinOp(left, sign, right):
                return _limited(_arithmetic(sign, self.evaluate(left), self.evaluate(right)))
            case ast.BoolOp(sign, operands):
                for operand in operands:
                    value = self.evaluate(operand)
                    if bool(_plain(value)) is isinstance(sign, ast.Or):
                        break
                return value
            case ast.Compare(left, signs, operands):
                value = self.evaluate(left)
                for sign, operand in zip(signs, operands, strict=True):
                    previous, value = value, self.evaluate(operand)
                    if not _holds(sign, previous, value):
                        return False
                return True
            case ast.IfExp(condition, chosen, otherwise):
                return self.evaluate(chosen if _plain(self.evaluate(condition)) else otherwise)
            case ast.Subscript(items, index):
                return _entry(self.evaluate(items), self.evaluate(index))
            case ast.Call(ast.Name(name), arguments):
                return _limited(_call(name, [self.evaluate(item) for item in arguments]))
        raise ExpressionError(f"expressions have no {type(node).__name__}")


def _arithmetic(sign: ast.operator, left: Any, right: Any) -> Any:
    types = {type(left), type(right)}
    sequences = types & {str, list}
    if types <= {*_NUMBERS}:
        # 2 ** (bits - 1) <= |left|, so this refuses only what is too large, before computing it
        if isinstance(sign, ast.Pow) and float not in types and right > 0:
            if (abs(left).bit_length() - 1) * right > 1000:
                raise ExpressionError("the power is too large")
    elif isinstance(sign, ast.Mult) and len(sequences) == 1 and types & {int, bool}:
        sequence, times = (left, right) if type(left) in sequences else (right, left)
        if times * _size(sequence) > MAX_SIZE:
            raise ExpressionError("the repetition is too large")
    elif not (isinstance(sign, ast.Add) and len(types) == len(sequences) == 1):
        word = type(sign).__name__
        raise ExpressionError(f"{word} does not work on {kind(left)} and {kind(right)}")
    return _ARITHMETIC[type(sign)](left, right)


def _holds(sign: ast.cmpop, left: Any, right: Any) -> bool:
    if isinstance(sign, ast.Eq | ast.NotEq):
        return (_plain(left) == _plain(right)) is isinstance(sign, ast.Eq)
    texts = type(left) is type(right) is str
    if isinstance(sign, ast.In | ast.NotIn) and (texts or type(right) is list):
        return (_plain(left) in right) is isinstance(sign, ast.In)
    if type(sign) in _ORDER and (texts or {type(left), type(right)} <= {*_NUMBERS}):
        return bool(_ORDER[type(sign)](left, right))
    raise ExpressionError(f"{type(sign).__name__} does not work on {kind(left)} and {kind(right)}")


def _call(name: str, arguments: list[Any]) -> Any:
    function, first = _FUNCTIONS[name], arguments[0]
    if name == "len" and type(first) in (list, str):
        return len(first)
    if name in ("max", "min") and len(arguments) == 1 and type(first) is list:
        return function(_numbers(name, first))
    if name == "len" or (name in ("max", "min") and len(arguments) == 1):
        raise ExpressionError(f"{name}() needs a list, got {kind(first)}")
    if len(arguments) == 2 and name == "round" and arguments[1] not in range(-300, 301):
        raise ExpressionError("round() takes from -300 to 300 digits")
    return function(*_numbers(name, arguments))


def _entry(items: Any, index: Any) -> Any:
    if type(items) is not list or type(index) is not int:
        raise ExpressionError(f"cannot take entry {quoted(index)} of {kind(items)}")
    if not -len(items) <= index < len(items):
        raise ExpressionError(f"there is no entry {index} in a list of {len(items)}")
    return items[index]


def _numbers(name: str, values: list[Any]) -> list[Any]:
    for value in values:
        if type(value) not in _NUMBERS:
            raise ExpressionError(f"`{name}` needs numbers, got {kind(value)}")
    return values


def _plain(value: object) -> object:
    if type(value) not in _PLAIN:
        raise ExpressionError(f"expressions know numbers, strings and lists, got {kind(value)}")
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
        size += len(item) or 1 if isinstance(item, str) else 1
        if isinstance(item, list | dict):
            rest += islice(item if isinstance(item, list) else item.values(), MAX_SIZE)
    return size
