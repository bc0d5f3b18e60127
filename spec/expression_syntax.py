"""The syntax of expressions: finding them in a string, and parsing them into checked trees.

An expression is a small part of Python: numbers, strings, booleans, null and lists; variables;
`+ - * / // % **`; comparisons, `in`, `and`, `or`, `not`; `a if condition else b`; `list[index]`,
`list[first:last]` and `[item for name in list if condition]`; the functions below; and `shape`, of
the current value, or `shape('name')`. It is parsed and checked against a list of what is allowed;
`spec.expression_values` walks it, and nothing is ever run as code.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterator
from functools import lru_cache

from spec.errors import quoted
from spec.records import record
from spec.suggestions import suggest

MAX_LENGTH = 1_000  # characters of one expression
MAX_DEPTH = 64  # levels of nesting in one expression
SHAPE = "shape"
ARGUMENTS = {
    "abs": (1, 1), "ceil": (1, 1), "exp": (1, 1), "float": (1, 1), "floor": (1, 1), "int": (1, 1),
    "len": (1, 1), "log": (1, 1), "log2": (1, 1), "max": (1, MAX_LENGTH), "min": (1, MAX_LENGTH),
    "prod": (1, 1), "range": (1, 3), "round": (1, 2), SHAPE: (1, 1), "sqrt": (1, 1), "str": (1, 1),
    "sum": (1, 1),
}  # fmt: skip
FUNCTIONS = tuple(ARGUMENTS)
CONSTANTS = {"true": True, "false": False, "null": None}

# fmt: off
_ALLOWED = (
    ast.Constant, ast.Name, ast.Load, ast.List, ast.Subscript, ast.Call, ast.IfExp, ast.BinOp,
    ast.UnaryOp, ast.USub, ast.UAdd, ast.Not, ast.BoolOp, ast.And, ast.Or, ast.Compare, ast.Eq,
    ast.NotEq, ast.In, ast.NotIn, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod,
    ast.Pow, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Slice, ast.ListComp, ast.comprehension,
    ast.Store,
)
_HINTS = {
    "$": "names have no $ in braces", "=": "compare with ==", "^": "write ** for a power",
    "'": "is a quote missing?", '"': "is a quote missing?",
}
# fmt: on
_START = re.compile(r"\$(?:\$|\{|([A-Za-z_][A-Za-z0-9_]*)(?!\w))?")
_TOKEN = re.compile(
    r"""[ \t\r\n]+|'[^'\\\r\n]*'|"[^"\\\r\n]*"
    |(?:0[xXoObB][0-9A-Fa-f_]+
       |(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9_]+)?)(?![\w.])
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?![\w'"])
    |\*\*|//|[<>=!]=|[-+*/%<>(),:\[\]]""",
    re.VERBOSE,
)
_RESERVED = {*keyword.kwlist} - {
    "True", "False", "None", "and", "or", "not", "if", "else", "in", "for",
}  # fmt: skip


class ExpressionError(Exception):
    """An expression cannot be read or evaluated; the message says which and why."""


@record(frozen=True)
class Expression:
    """An expression's text, its tree, and the variables that it names, in order.

    `values` are those of whose shapes it asks by name; one is empty if the name is computed.
    """

    text: str
    tree: ast.expr
    names: tuple[str, ...]
    values: tuple[str, ...] = ()
    braces: bool = True


def pieces(text: str) -> Iterator[str | Expression]:
    """Yield the pieces of a string, one after the other: plain text, and expressions.

    Raises `ExpressionError` where an expression cannot be read.
    """
    if len(text) > 2 * MAX_LENGTH:
        yield from _pieces(text)
        return
    found, mistake = _known_pieces(text)
    yield from found
    if mistake is not None:
        raise ExpressionError(mistake)


@lru_cache(maxsize=4096)
def _known_pieces(text: str) -> tuple[tuple[str | Expression, ...], str | None]:
    """Give the pieces of a string, and what is wrong after them, for strings that come again."""
    found: list[str | Expression] = []
    try:
        for piece in _pieces(text):
            found.append(piece)  # noqa: PERF402  what came before a mistake is kept
    except ExpressionError as error:
        return tuple(found), str(error)
    return tuple(found), None


def _pieces(text: str) -> Iterator[str | Expression]:
    at = 0
    while start := _START.search(text, at):
        if start.start() > at:
            yield text[at : start.start()]
        at = start.end()
        if start[0] == "$$":
            yield "$"
        elif start[0] == "${":
            end = _closing_brace(text, at)
            yield parsed(text[at:end])
            at = end + 1
        elif start[1]:
            yield Expression(start[1], ast.Name(start[1]), (start[1],), braces=False)
        else:
            what = "a name (of a-z, 0-9, _) or {expression} must follow $; $$ is a dollar"
            raise ExpressionError(f"{quoted(text[start.start() :][:20])}: {what}")
    if at < len(text):
        yield text[at:]


def parsed(text: str) -> Expression:
    """Parse what stands between the braces."""
    text = re.sub(r"[\r\n]", " ", text).strip()
    try:
        tree = ast.parse(text, mode="eval").body
        names: list[str] = []
        values: list[str] = []
        _check(tree, names, values, 1)
        return Expression(text, tree, tuple(dict.fromkeys(names)), tuple(values))
    except SyntaxError as error:
        problem = error.msg if text else "nothing between the braces"
    except (RecursionError, MemoryError):
        problem = "nested too deeply"
    except (ExpressionError, ValueError) as error:
        problem = str(error.args[-1])
    raise ExpressionError(f"{problem}, in ${{{text:.80}}}")


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


def _check(node: ast.AST, names: list[str], values: list[str], depth: int) -> None:
    """Refuse what is not allowed, also in branches that are not taken; note the names."""
    if depth > MAX_DEPTH:
        raise ExpressionError(f"nested deeper than {MAX_DEPTH} levels")
    if not isinstance(node, _ALLOWED):
        raise ExpressionError(f"expressions have no {type(node).__name__}")
    children = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Call):
        name = ast.unparse(children.pop(0))
        if name not in ARGUMENTS:
            known = f"{suggest(name, FUNCTIONS)} (functions are: {', '.join(FUNCTIONS)})"
            raise ExpressionError(f"unknown function {quoted(name)}{known}")
        least, most = ARGUMENTS[name]
        if not least <= len(children) <= most:
            takes = f"{least}" if least == most else f"{least} to {most}"
            raise ExpressionError(f"{name}() got {len(children)} arguments, takes {takes}")
        if name == SHAPE:
            asked = node.args[0]
            values.append(str(asked.value) if isinstance(asked, ast.Constant) else "")
    elif isinstance(node, ast.Name):
        names.append(node.id)
    elif isinstance(node, ast.ListComp):
        _check_comprehension(node, names, values, depth + 1)
        return
    for child in children:
        _check(child, names, values, depth + 1)


def _check_comprehension(
    node: ast.ListComp, names: list[str], values: list[str], depth: int
) -> None:
    """Check a list of items `for name in list`; names that it binds are no variables outside."""
    bound: set[str] = set()
    for generator in node.generators:
        if not isinstance(generator.target, ast.Name):
            raise ExpressionError("one name stands between `for` and `in`")
        if generator.target.id in CONSTANTS:
            raise ExpressionError(f"`{generator.target.id}` stands for itself: take another name")
        _check_inside(generator.iter, bound, names, values, depth)
        bound.add(generator.target.id)
        for condition in generator.ifs:
            _check_inside(condition, bound, names, values, depth)
    _check_inside(node.elt, bound, names, values, depth)


def _check_inside(
    node: ast.AST, bound: set[str], names: list[str], values: list[str], depth: int
) -> None:
    inner: list[str] = []
    _check(node, inner, values, depth)
    names += [name for name in inner if name not in bound]
