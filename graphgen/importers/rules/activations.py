"""Functions of one number that are spelled out, such as `x sigmoid(x)`: by the words for them.

What is computed of one value, item by item, by functions and numbers is a function of one number.
It is compared with those that have words, at many numbers and in double precision: so every
spelling of one is found, and what differs by more than the rounding of its constants is another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.evaluate.functions import FUNCTIONS as NUMPY
from graphgen.importers.network import Node
from graphgen.importers.rules.engine import rule
from graphgen.importers.rules.numbers import AFFINE, affine_of
from graphgen.importers.rules.session import Replacement, Session
from spec.functions import FUNCTIONS

Numbers = NDArray[np.float64]
Fields = Mapping[str, Any]

COMBINED: dict[str, Callable[..., Any]] = {
    "add": lambda *x: sum(x[1:], x[0]),
    "multiply": lambda *x: np.prod(np.broadcast_arrays(*x), axis=0),
    "subtract": np.subtract,
    "divide": np.divide,
    "maximum": lambda *x: np.max(np.broadcast_arrays(*x), axis=0),
    "minimum": lambda *x: np.min(np.broadcast_arrays(*x), axis=0),
    "where": lambda c, x, y: np.where(c != 0, x, y),
}
COMPARED: dict[str, Callable[..., Any]] = {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
    "ge": np.greater_equal,
}  # fmt: skip
PLAIN = tuple(name for name in FUNCTIONS if name in NUMPY)
LAYERS = tuple(dict.fromkeys((*PLAIN, *AFFINE, *COMBINED, *COMPARED, "masked_fill")))

WORDS: tuple[tuple[str, Fields], ...] = (
    ("relu", {}), ("relu6", {}), ("gelu", {}), ("gelu", {"approximate": "tanh"}),
    ("quick_gelu", {}), ("silu", {}), ("mish", {}), ("sigmoid", {}), ("log_sigmoid", {}),
    ("tanh", {}), ("softplus", {}), ("softsign", {}), ("hardsigmoid", {}), ("hardswish", {}),
    ("tanhshrink", {}), ("selu", {}), ("abs", {}),
)  # fmt: skip
MOST_NODES = 24
TOLERANCE = 1e-6
LEAST = 1e-4


@cache
def places() -> Numbers:
    """Give the numbers at which functions are compared, more where people's functions bend."""
    bends = np.array([-6, -3, -1, -0.5, 0, 0.5, 1, 3, 6])[:, None] + [-1e-3, 0, 1e-3]
    wide = np.geomspace(8, 300, 40)
    return np.unique(np.concatenate([np.linspace(-8, 8, 641), bends.ravel(), wide, -wide]))


@cache
def word_values() -> list[tuple[str, Fields, Numbers]]:
    """Give the functions that have words, and their values."""
    return [(name, fields, applied(name, fields, places())) for name, fields in WORDS]


def applied(name: str, fields: Fields, x: Any) -> Numbers:
    """Compute a function of the language."""
    constants = {key: kind.default for key, kind in FUNCTIONS[name].constants.items()}
    result: Numbers = np.asarray(NUMPY[name](x, **(constants | dict(fields))), dtype=np.float64)
    return result


@rule(*LAYERS)
def named_function(session: Session, node: Node) -> Replacement | None:
    """Say a function that is spelled out by its word, or by its word and a factor."""
    inner = _inner(session, node.output)
    for base in reversed(inner):
        if session.shape(base) != node.shape or session.array(base) is not None:
            continue
        with np.errstate(all="ignore"):
            known: dict[str, Any] = {base: places()}
            values, count = _computed(session, node.output, known), len(known) - 1
        if values is None or np.ndim(values) != 1:
            continue
        found = recognised(np.asarray(values, dtype=np.float64))
        if found is None:
            continue
        name, fields, factor = found
        if count < 2 and node.layer not in ("clamp", "hardtanh", "leaky_relu", "threshold"):
            continue
        if factor != 1 and (node.layer in AFFINE or count < 3):
            continue
        if name == node.layer and count < 2:
            continue
        new = Replacement(session, node)
        value = base if name == "identity" else new.add(name, [base], fields)
        return new.gives(new.scaled(value, factor))
    return None


def recognised(values: Numbers) -> tuple[str, Fields, float] | None:
    """Give the word for a function with these values, its constants, and a factor."""
    x = places()
    if agree(values, x):
        return "identity", {}, 1.0
    for name, fields, own in word_values():
        if agree(values, own):
            return name, fields, 1.0
    for name, fields in _fitted(values, x):
        with np.errstate(all="ignore"):
            if agree(values, applied(name, fields, x)):
                return name, fields, 1.0
    for name, fields, own in word_values():
        if name not in SCALED:
            continue
        place = int(np.searchsorted(x, 1.0))
        factor = float(values[place] / own[place])
        if np.isfinite(factor) and factor and agree(values, factor * own):
            rounded = float(f"{factor:.7g}")
            return name, fields, rounded if abs(rounded - factor) < 1e-7 * abs(factor) else factor
    return None


SCALED = ("gelu", "silu", "quick_gelu", "mish", "hardswish")


def _fitted(values: Numbers, x: Numbers) -> list[tuple[str, Fields]]:
    """Give functions with constants that these values would have at a few places."""

    def at(place: float) -> float:
        return float(values[int(np.searchsorted(x, place))])

    def tidy(value: float) -> float:
        rounded = float(f"{value:.6g}")
        return rounded if abs(rounded - value) <= 1e-6 * abs(value) else value

    found: list[tuple[str, Fields]] = []
    if not np.isfinite([at(1), at(-1), at(0), values[0], values[-1]]).all():
        return found
    if abs(at(1) - 1) < TOLERANCE:
        found.append(("leaky_relu", {"negative_slope": tidy(-at(-1))}))
        found.append(("elu", {"alpha": tidy(at(-1) / np.expm1(-1.0))}))
    if at(0) > 0:
        found.append(("softplus", {"beta": tidy(np.log(2) / at(0))}))
    low, high = tidy(float(values[0])), tidy(float(values[-1]))
    if -8 < low < high < 8:
        found.append(("clamp", {"min": low, "max": high}))
    return found


def agree(values: Numbers, others: Numbers) -> bool:
    """Say whether two functions have the same values, but for the rounding of constants."""
    return bool(np.all(np.abs(values - others) <= TOLERANCE * (1 + np.abs(others))))


def _inner(session: Session, value: str) -> list[str]:
    """List the values that one is computed of item by item, the nearest first."""
    found: dict[str, None] = {}
    waiting = [value]
    while waiting and len(found) < MOST_NODES:
        node = session.made(waiting.pop(0), *LAYERS)
        if node is None:
            continue
        for name in node.inputs:
            if session.array(name) is None and name not in found:
                found[name] = None
                waiting.append(name)
    return list(found)


def _computed(session: Session, value: str, known: dict[str, Any]) -> Any:
    """Compute a value of what is known, and of numbers; None where it reads anything else."""
    if value in known:
        return known[value]  # None where it was tried in vain
    known[value] = None
    number = session.number(value)
    if number is not None:
        del known[value]
        return None if tiny(number) else number
    node = session.made(value, *LAYERS)
    if node is None or len(known) > MOST_NODES or any(map(tiny, node.fields.values())):
        return None
    given = []
    for name in node.inputs:
        given.append(_computed(session, name, known))
        if given[-1] is None:
            return None
    known[value] = _value(session, node, given)
    return known[value]


def tiny(value: object) -> bool:
    """Say whether a constant is too near to 0 for the comparison to see it, as a least length."""
    return isinstance(value, (int, float)) and 0 < abs(value) < LEAST


def _value(session: Session, node: Node, given: list[Any]) -> Any:
    fields = node.fields
    if node.layer in AFFINE:
        _, scale, shift = affine_of(session, node.output)
        return scale * given[0] + shift
    if node.layer in COMBINED:
        return COMBINED[node.layer](*given)
    if node.layer in COMPARED:
        other = given[1] if len(given) == 2 else fields["other"]
        return COMPARED[node.layer](given[0], other).astype(np.float64)
    if node.layer == "masked_fill":
        return np.where(given[1] != 0, float(fields["value"]), given[0])
    return applied(node.layer, fields, np.asarray(given[0], dtype=np.float64))
