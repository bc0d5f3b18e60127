"""Expressions in a description: `$name` and `${arithmetic}`, evaluated safely.

`spec.expression_syntax` says what an expression may be; here its tree is walked.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from spec.errors import kind, quoted
from spec.expression_syntax import CONSTANTS, FUNCTIONS, Expression, ExpressionError, pieces
from spec.plain import MAX_INTEGER
from spec.suggestions import suggest

PARSE_STEPS = 5  # for each character
MAX_SIZE = 10_000  # characters of a string, or entries of a list, that an expression may make

# fmt: off
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
# fmt: on
_NUMBERS = (bool, int, float)
_PLAIN = (*_NUMBERS, type(None), str, list, dict)


@dataclass
class Work:
    """Counts what evaluations do, about a microsecond a step, so that their caller can stop."""

    steps: int = 0
    parsed: set[str] = field(default_factory=set)

    def read(self, text: str) -> None:
        """Count that a string is read: much the first time, little when it is known."""
        self.steps += 1 if text in self.parsed else PARSE_STEPS * len(text)
        self.parsed.add(text)


def substitute(value: object, variables: Mapping[str, object], work: Work | None = None) -> object:
    """Replace `$name` and `${expression}` in a string by their values.

    Alone they give a value of their own type; inside a longer string they are written into it.
    `$$` is a dollar; what is no string is returned as it is. Raises `ExpressionError`.

    >>> substitute("${width * 2 ** i}", {"width": 16, "i": 1}), substitute("conv$i", {"i": 1})
    (32, 'conv1')
    """
    if not isinstance(value, str) or "$" not in value:
        return value
    work = work or Work()
    work.read(value)
    parts = (
        part if isinstance(part, str) else _value(part, variables, work) for part in pieces(value)
    )
    first = list(islice(parts, 2))
    if len(first) == 1:
        return first[0]
    texts: list[str] = []
    room = max(MAX_SIZE, len(value))
    for part in chain(first, parts):
        texts.append(_written(part))
        work.steps += 1
        room -= len(texts[-1])
        if room < 0:
            raise ExpressionError(f"{quoted(value)} becomes longer than {MAX_SIZE:,} characters")
    return "".join(texts)


def references(value: object, known: Iterable[str] | None = None) -> set[str]:
    """Name the variables that a string refers to.

    Raises `ExpressionError` for what cannot be read and, if it is said what is known, for others.

    >>> sorted(references("${width * depth}x$i", ["width", "depth", "i"]))
    ['depth', 'i', 'width']
    """
    found: set[str] = set()
    if isinstance(value, str) and "$" in value:
        for piece in pieces(value):
            if isinstance(piece, Expression):
                if known is not None:
                    _known(piece, known)
                found.update(piece.names)
    return found - CONSTANTS.keys()


def _written(value: object) -> str:
    """Return how a value is written inside a longer string."""
    if isinstance(value, str):
        return value
    if type(value) in _NUMBERS:
        return str(_limited(value)).lower()  # booleans as YAML writes them
    raise ExpressionError(f"{kind(value)} cannot stand inside a longer string: {quoted(value)}")


def _known(expression: Expression, variables: Iterable[str]) -> None:
    """Refuse names that stand for nothing, also in branches that are not taken."""
    for name in expression.names:
        if name in CONSTANTS or name in variables:
            continue
        if name in FUNCTIONS:
            problem = f"{name!r} is a function: write {name}(...)"
        else:
            listed = [*islice(sorted(variables), 20)]
            names = f"variables are: {', '.join(listed)}" if listed else "there are none"
            problem = f"unknown variable {quoted(name)}{suggest(name, variables)} ({names})"
        raise ExpressionError(problem + _where(expression, {}))


def _where(expression: Expression, variables: Mapping[str, object]) -> str:
    """Say in which expression, and with which values."""
    if not expression.braces:
        return ""
    known = ", ".join(f"{n} = {quoted(variables[n])}" for n in expression.names if n in variables)
    return f", in ${{{expression.text:.80}}}{f' with {known}' if known else ''}"


def _value(expression: Expression, variables: Mapping[str, object], work: Work) -> object:
    _known(expression, variables)
    try:
        value = _evaluate(expression.tree, variables, work)
    except (ExpressionError, ArithmeticError, IndexError, TypeError, ValueError) as error:
        raise ExpressionError(f"{error.args[-1]}{_where(expression, variables)}") from None
    work.steps += len(value) if isinstance(value, str | list | dict) else 0
    return value


def _evaluate(node: ast.AST, variables: Mapping[str, object], work: Work) -> Any:
    def value_of(node: ast.AST) -> Any:
        return _evaluate(node, variables, work)

    work.steps += 1

    match node:
        case ast.Constant(constant):
            return _limited(constant, work)
        case ast.Name(name):
            return CONSTANTS[name] if name in CONSTANTS else variables[name]
        case ast.List(items):
            return _limited([value_of(item) for item in items], work)
        case ast.UnaryOp(ast.Not(), operand):
            return not _typed(value_of(operand), _PLAIN, "not")
        case ast.UnaryOp(sign, operand):
            number = _typed(value_of(operand), _NUMBERS, "a sign")
            return -number if isinstance(sign, ast.USub) else +number
        case ast.BinOp(left, operation, right):
            return _limited(_arithmetic(operation, value_of(left), value_of(right)), work)
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
            return _limited(_call(name, [value_of(argument) for argument in arguments]), work)
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


def _limited(value: Any, work: Work | None = None) -> Any:
    """Return `value` unless it is too large, or no real number."""
    if type(value) is complex:
        raise ExpressionError("the result is not a real number")
    if type(value) is int and abs(value) >= MAX_INTEGER:
        raise ExpressionError("the integer has more than 300 digits")
    size = _size(value) if type(value) in (str, list) else 0
    if work is not None:
        work.steps += size
    if size > MAX_SIZE:
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
