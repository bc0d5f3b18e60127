"""Expressions in a description: `$name` and `${arithmetic}`, evaluated safely.

`spec.expression_syntax` says what an expression may be; `spec.expression_values` walks its tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice

from spec.errors import kind, quoted
from spec.expression_syntax import CONSTANTS, FUNCTIONS, SHAPE, Expression, ExpressionError, pieces
from spec.expression_values import MAX_SIZE, NUMBERS, SHAPES, Work, evaluated, length, limited
from spec.suggestions import suggest

NO_SHAPE = "no value has a shape here: `shape` is for layers, structures, blocks and outputs"


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


def shapes_asked(text: str) -> Iterator[str]:
    """Name the values of whose shapes a string asks by name; raises `ExpressionError`.

    >>> [*shapes_asked("${shape('stem')[0] + shape[1]}")]
    ['stem']
    """
    for piece in pieces(text) if "$" in text else ():
        if isinstance(piece, Expression):
            yield from filter(None, piece.values)


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
    if type(value) in NUMBERS:
        return str(limited(value)).lower()  # booleans as YAML writes them
    raise ExpressionError(f"{kind(value)} cannot stand inside a longer string: {quoted(value)}")


def _known(expression: Expression, variables: Iterable[str]) -> None:
    """Refuse names that stand for nothing, also in branches that are not taken."""
    if expression.values and SHAPES not in variables:
        raise ExpressionError(NO_SHAPE + _where(expression, {}))
    for name in expression.names:
        if name in CONSTANTS or name in variables or (name == SHAPE and SHAPES in variables):
            continue
        if name == SHAPE:
            problem = NO_SHAPE
        elif name in FUNCTIONS:
            problem = f"{name!r} is a function: write {name}(...)"
        else:
            listed = [*islice(sorted(name for name in variables if name != SHAPES), 20)]
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
        value = evaluated(expression.tree, variables, work)
    except (ExpressionError, ArithmeticError, IndexError, TypeError, ValueError) as error:
        raise ExpressionError(f"{error.args[-1]}{_where(expression, variables)}") from None
    work.steps += length(value)
    return value
