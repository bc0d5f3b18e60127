"""The values of expressions: their checked trees are walked, each step counted."""

from __future__ import annotations

import ast
import math
import operator
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from spec.errors import kind, quoted
from spec.expression_syntax import CONSTANTS, SHAPE, ExpressionError
from spec.plain import MAX_INTEGER

PARSE_STEPS = 5  # for each character
MAX_SIZE = 10_000  # characters of a string, or entries of a list, that an expression may make
MAX_STEPS = 100_000  # of the lists `for name in list` in one expression

SHAPES = "shape()"
"""The variable, whose name nobody can write, that holds a function from values to shapes."""

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
    "abs": abs, "ceil": math.ceil, "exp": math.exp, "float": float, "floor": math.floor,
    "int": int, "log": math.log, "log2": math.log2, "max": max, "min": min, "round": round,
    "sqrt": math.sqrt,
}
# fmt: on
NUMBERS = (bool, int, float)
PLAIN = (*NUMBERS, type(None), str, list, dict)


@dataclass
class Work:
    """Counts what evaluations do, about a microsecond a step, so that their caller can stop."""

    steps: int = 0
    parsed: set[str] = field(default_factory=set)

    def read(self, text: str) -> None:
        """Count that a string is read: much the first time, little when it is known."""
        self.steps += 1 if text in self.parsed else PARSE_STEPS * len(text)
        self.parsed.add(text)


def evaluated(tree: ast.AST, variables: Mapping[str, object], work: Work) -> Any:
    """Give the value of a checked tree; raises `ExpressionError`, or what Python raises."""
    return _Evaluation(work).value(tree, variables)


class _Evaluation:
    """One evaluation of one expression."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.last = work.steps + MAX_STEPS

    def value(self, node: ast.AST, variables: Mapping[str, object]) -> Any:
        work = self.work
        work.steps += 1

        def value_of(node: ast.AST) -> Any:
            return self.value(node, variables)

        match node:
            case ast.Constant(constant):
                return limited(constant, work)
            case ast.Name(name):
                if name == SHAPE and name not in variables:
                    return self.shape(None, variables)
                return CONSTANTS[name] if name in CONSTANTS else variables[name]
            case ast.List(items):
                return limited([value_of(item) for item in items], work)
            case ast.ListComp(item, generators):
                return limited([*self.items(item, generators, variables)], work)
            case ast.UnaryOp(ast.Not(), operand):
                return not _typed(value_of(operand), PLAIN, "not")
            case ast.UnaryOp(sign, operand):
                number = _typed(value_of(operand), NUMBERS, "a sign")
                return -number if isinstance(sign, ast.USub) else +number
            case ast.BinOp(left, operation, right):
                return limited(_arithmetic(operation, value_of(left), value_of(right)), work)
            case ast.BoolOp(junction, operands):
                for operand in operands:
                    value = _typed(value_of(operand), PLAIN, "and, or")
                    if bool(value) is isinstance(junction, ast.Or):
                        break
                return value
            case ast.Compare(left, comparisons, operands):
                value = value_of(left)
                for comparison, operand in zip(comparisons, operands, strict=True):
                    previous, value = value, value_of(operand)
                    work.steps += length(value)
                    if not _holds(comparison, previous, value):
                        return False
                return True
            case ast.IfExp(condition, chosen, otherwise):
                return value_of(chosen if _typed(value_of(condition), PLAIN, "if") else otherwise)
            case ast.Subscript(items, ast.Slice() as part):
                entries = _typed(value_of(items), (list,), "[first:last]")
                ends = [end and value_of(end) for end in (part.lower, part.upper, part.step)]
                return limited(entries[slice(*[_end(end) for end in ends])], work)
            case ast.Subscript(items, index):
                return _entry(value_of(items), value_of(index))
            case ast.Call(ast.Name(name), arguments):
                given = [value_of(argument) for argument in arguments]
                work.steps += sum(map(length, given))
                if name == SHAPE:
                    return self.shape(_typed(given[0], (str, int), "shape()"), variables)
                return limited(_call(name, given), work)
        raise ExpressionError(f"expressions have no {type(node).__name__}")

    def items(
        self, item: ast.AST, generators: list[ast.comprehension], variables: Mapping[str, object]
    ) -> list[Any]:
        """Give the items of a list that another one makes."""
        if not generators:
            return [self.value(item, variables)]
        first, *rest = generators
        found: list[Any] = []
        target: Any = first.target
        for entry in _typed(self.value(first.iter, variables), (list,), "for ... in"):
            self.work.steps += 1
            if self.work.steps > self.last:
                raise ExpressionError("the list takes too long to make")
            inside: Mapping[str, Any] = ChainMap({target.id: entry}, variables)  # type: ignore[arg-type]
            if all(_typed(self.value(test, inside), PLAIN, "if") for test in first.ifs):
                found += self.items(item, rest, inside)
                if len(found) > MAX_SIZE:
                    raise ExpressionError(f"the result has more than {MAX_SIZE:,} entries")
        return found

    def shape(self, name: object, variables: Mapping[str, object]) -> list[int]:
        """Give the shape of a value by its name, or of the current one."""
        shapes: Any = variables[SHAPES]
        shape: list[int] = shapes(name)
        return shape


def _entry(items: Any, index: Any) -> Any:
    """Give an entry of a list by its place, or of a mapping by its key."""
    if type(_typed(items, (list, dict), "[index]")) is list:
        return items[_typed(index, (int,), "an index")]
    key = _typed(index, (str,), "a key")
    if key not in items:
        known = ", ".join([*items][:20])
        raise ExpressionError(f"no entry {quoted(key)} (entries are: {known})")
    return items[key]


def _end(value: Any) -> Any:
    return value if value is None else _typed(value, (int,), "an index")


def _arithmetic(operation: ast.operator, left: Any, right: Any) -> Any:
    sign, compute = _ARITHMETIC[type(operation)]
    types = {type(left), type(right)}
    sequences = types & {str, list}
    if types <= {*NUMBERS}:
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
    left, right = (_typed(value, PLAIN, "a comparison") for value in (left, right))
    texts = type(left) is type(right) is str
    if isinstance(comparison, ast.Eq | ast.NotEq):
        return (left == right) is isinstance(comparison, ast.Eq)
    if isinstance(comparison, ast.In | ast.NotIn) and (texts or type(right) is list):
        return (left in right) is isinstance(comparison, ast.In)
    if type(comparison) in _ORDER and (texts or {type(left), type(right)} <= {*NUMBERS}):
        return bool(_ORDER[type(comparison)](left, right))
    raise ExpressionError(f"cannot compare {kind(left)} with {kind(right)} this way")


def _call(name: str, arguments: list[Any]) -> Any:
    first = arguments[0]
    if name == "len":
        return len(_typed(first, (list, str, dict), "len()"))
    if name == "str":
        return first if isinstance(first, str) else str(_typed(first, NUMBERS, "str()")).lower()
    if name == "range":
        found = range(*[_typed(value, (int,), "range()") for value in arguments])
        if found[MAX_SIZE:]:
            raise ExpressionError(f"the result has more than {MAX_SIZE:,} entries")
        return [*found]
    if name in ("prod", "sum"):
        return _folded(name, _typed(first, (list,), f"{name}()"))
    if name == "round" and arguments[1:] and arguments[1] not in range(-300, 301):
        raise ExpressionError("round() takes from -300 to 300 digits")
    function = _FUNCTIONS[name]
    if name in ("max", "min"):
        values = arguments if arguments[1:] else _typed(first, (list,), f"{name}() of one value")
        return function([_typed(value, NUMBERS, f"{name}()") for value in values])
    return function(*[_typed(value, NUMBERS, f"{name}()") for value in arguments])


def _folded(name: str, values: list[Any]) -> Any:
    """Give the sum or the product of a list, which may not become too large on the way."""
    result: Any = 0 if name == "sum" else 1
    for value in values:
        number = _typed(value, NUMBERS, f"{name}()")
        result = limited(result + number if name == "sum" else result * number)
    return result


def _typed(value: Any, types: tuple[type, ...], where: str) -> Any:
    if type(value) not in types:
        raise ExpressionError(f"{where} does not take {kind(value)}")
    return value


def limited(value: Any, work: Work | None = None) -> Any:
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


def length(value: object) -> int:
    """Return the characters of a text or the entries of a list; 0 of anything else."""
    return len(value) if isinstance(value, str | list | dict) else 0
