"""Rotary positions that are spelled out by tables of cosines and sines.

What is computed of one value by sums, by products with fixed tables and by movements is a linear
map of it. The tables say which frequencies are meant; then the map and the `rotary` that has these
are both applied to a random value. Two linear maps that agree there are one, whatever the spelling:
halves or neighbours as pairs, all features or the first ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.network import Node
from graphgen.importers.rules.engine import rule
from graphgen.importers.rules.numbers import AFFINE
from graphgen.importers.rules.numeric import computed, run
from graphgen.importers.rules.session import Replacement, Session
from graphgen.importers.rules.views import CHOICES, COPIES, MOVES

COMBINING = ("add", "subtract", "multiply", "concat", "stack")
OTHERS = ("rotary", "index_select", "flip", "roll")
LINEAR = frozenset((*COMBINING, *OTHERS, *AFFINE)) | MOVES | CHOICES | COPIES
LAST = ("add", "concat", "flatten", "reshape", "permute", "transpose", "subtract", "multiply")
MOST_NODES = 40
Array = NDArray[np.float64]


@rule(*LAST)
def rotary(session: Session, node: Node) -> Replacement | None:
    """A linear map that turns pairs of features by angles that grow along an axis is `rotary`."""
    if len(node.shape) < 2:
        return None
    inner, tables, turned = _gathered(session, node.output)
    if not tables and not turned:
        return None
    for base in inner:
        if session.shape(base) != node.shape:
            continue
        fragment = _fragment(session, node.output, base)
        if fragment is None or len(fragment) < 2:
            continue
        own = [name for name in tables if any(name in each.inputs for each in fragment)]
        for fields in _candidates(session, node, own, fragment):
            if _agrees(session, node, base, fields):
                new = Replacement(session, node)
                return new.gives(new.add("rotary", [base], fields))
    return None


def _gathered(session: Session, value: str) -> tuple[list[str], list[str], bool]:
    """List what a value is computed of by linear layers, the nearest first, and its tables."""
    found: dict[str, None] = {}
    tables: dict[str, None] = {}
    waiting, turned = [value], False
    while waiting and len(found) < MOST_NODES:
        node = session.maker(waiting.pop(0))
        if node is None or node.layer not in LINEAR:
            continue
        turned |= node.layer == "rotary"
        for name in node.inputs:
            array = session.table(name)
            if array is not None:
                if array.size > 1 and array.dtype.kind == "f":
                    tables[name] = None
            elif name not in found:
                found[name] = None
                waiting.append(name)
    return list(found), list(tables), turned


def _fragment(session: Session, value: str, base: str) -> list[Node] | None:
    """List the layers between two values; None where anything else is read."""
    nodes: dict[str, Node] = {}
    waiting = [value]
    while waiting:
        name = waiting.pop()
        if name == base or session.table(name) is not None:
            continue
        node = session.maker(name)
        if node is None or node.layer not in LINEAR or len(nodes) > MOST_NODES:
            return None
        if node.layer == "multiply":
            moving = [each for each in node.inputs if session.table(each) is None]
            if len(moving) != 1:
                return None
        if node.layer in ("add", "subtract") and any(
            session.table(each) is not None for each in node.inputs
        ):
            return None
        if node.layer in AFFINE and any(node.fields.get(key) for key in ("shift", "value")):
            return None
        if node.output not in nodes:
            nodes[node.output] = node
            waiting += node.inputs
    return list(nodes.values())


def _candidates(
    session: Session, node: Node, tables: Iterable[str], fragment: list[Node]
) -> Iterable[dict[str, Any]]:
    """Give the fields that `rotary` may have, by the tables that the map multiplies by."""
    inside = [each for each in fragment if each.layer == "rotary"]
    if inside:
        fields = dict(inside[0].fields)
        own = session.shape(inside[0].output)
        if fields.get("size") is None:
            fields |= {"size": own[-1]}
        rank, least = len(node.shape), len(own)
        for dim in dict.fromkeys((fields.get("dim", -2) % (least + 1), *range(1, rank))):
            yield tidy({**fields, "dim": dim}, node)
        return
    seen = [(axis, table) for name in tables for axis, table in _flat(session, name, node)]
    for axis, cosines in seen:
        for other, sines in seen:
            if axis != other or cosines is sines or cosines.shape != sines.shape:
                continue
            for fields in _turning(cosines, sines, node.shape[-1]):
                yield tidy({"dim": axis + 1, **fields}, node)


def tidy(fields: dict[str, Any], node: Node) -> dict[str, Any]:
    """Leave out what is said by default."""
    default = {
        "dim": len(node.shape) - 1, "size": node.shape[-1], "base": 10000.0, "offset": 0,
        "interleaved": False,
    }  # fmt: skip
    return {key: value for key, value in fields.items() if default.get(key) != value}


def _flat(session: Session, name: str, node: Node) -> Iterable[tuple[int, Array]]:
    """Give a table as [positions, features], and the axis of the positions; nothing if it is none.

    A table that is read behind movements is cut otherwise than the value: its positions are the
    axis that has as many of them.
    """
    array = session.table(name)
    if array is None:
        return
    axes = [axis for axis, n in enumerate(array.shape) if n > 1]
    if len(axes) == 1 and array.ndim >= 2:  # of two features, one frequency
        axes = [axes[0], -1]
    if len(axes) != 2:
        return
    table = np.asarray(array, dtype=np.float64).reshape(array.shape[axes[0]], -1)
    same = [axis for axis, n in enumerate(node.shape[:-1]) if n == table.shape[0]]
    if array.ndim == len(node.shape) and axes[0] in same:
        same = [axes[0]]
    for axis in same:
        yield axis, table


def _turning(cosines: Array, sines: Array, features: int) -> Iterable[dict[str, Any]]:
    """Give the fields whose angles have these cosines and sines."""
    magnitude = float(np.hypot(cosines[0, 0], sines[0, 0]))
    if len(cosines) < 2 or not magnitude or not np.isfinite(magnitude):
        return
    angles = np.arctan2(sines, cosines)
    steps = np.mod(angles[1] - angles[0] + np.pi, 2 * np.pi) - np.pi
    begun = np.round(angles[0, 0] / steps[0]) if steps[0] > 0 else 0.0
    steps, width = np.abs(steps), len(steps)  # signs may stand in a table or beside it
    ways: list[tuple[Array, bool]] = [(steps, False), (steps, True)]
    if width % 2 == 0 and 2 * width > features - 1:
        half = width // 2
        if np.allclose(steps[:half], steps[half:], rtol=1e-9, atol=0):
            ways.append((steps[:half], False))
        if np.allclose(steps[::2], steps[1::2], rtol=1e-9, atol=0):
            ways.append((steps[::2], True))
    for speeds, interleaved in ways:
        size = 2 * len(speeds)
        if size > features or (speeds <= 0).any():
            continue
        fields: dict[str, Any] = {"size": size, "interleaved": interleaved, "offset": int(begun)}
        exact = SINGLE if np.array_equal(cosines, cosines.astype(np.float32)) else DOUBLE
        yield fields | said(speeds, magnitude, exact)


SINGLE, DOUBLE = 1e-6, 1e-11
"""How exactly frequencies are known by tables of this precision."""


def said(speeds: Array, magnitude: float, exact: float = DOUBLE) -> dict[str, Any]:
    """Say frequencies by a base, by a base and a factor, or by a divisor of each.

    >>> said(500000.0 ** -np.array([0, 0.25, 0.5, 0.75]), 1.0)
    {'base': 500000.0}
    """
    half = len(speeds)
    factor = 1 / speeds[0]
    base = 10000.0
    if half > 1:
        base = rounded(float((speeds[0] / speeds[-1]) ** (half / (half - 1))), exact)
    powers = base ** -(np.arange(half) / half)
    whole = abs(magnitude - 1) < exact
    if whole and np.allclose(speeds, powers / factor, rtol=2 * exact, atol=0):
        if abs(factor - 1) < exact:
            return {"base": base}
        return {"base": base, "scaling": "linear", "factor": rounded(float(factor), exact)}
    divisors = 10000.0 ** -(np.arange(half) / half) / speeds
    numbers = [rounded(float(each), exact / 10) for each in divisors]
    return {
        "scaling": "longrope", "factor": 1.0, "original_length": 2, "long_factor": numbers,
        "short_factor": numbers, "attention_factor": rounded(magnitude, exact / 10),
    }  # fmt: skip


def rounded(value: float, exact: float) -> float:
    """Round a number to as few digits as what is known of it leaves open."""
    for digits in range(1, 15):
        near = float(f"{value:.{digits}g}")
        if abs(near - value) <= exact * abs(value):
            return near
    return value


def _agrees(session: Session, node: Node, base: str, fields: dict[str, Any]) -> bool:
    """Compare the map with `rotary` on a random value; of tables in float32, as they are."""
    key = (_signature(session, node.output, base), str(sorted(fields.items(), key=str)))
    if key not in session.known:
        rng = np.random.default_rng(0)
        x = rng.standard_normal((1, *session.shape(base)))
        try:
            given = computed(session, node.output, {base: x})
        except KeyError:
            return False
        turned = Node("rotary", (base,), "turned", node.shape, fields)
        (wanted,) = run(turned, [x])
        positions = node.shape[fields.get("dim", len(node.shape) - 1) - 1]
        positions += fields.get("offset", 0)
        limit = 2e-6 + 4e-7 * positions
        session.known[key] = given.shape == wanted.shape and bool(
            np.abs(given - wanted).max() <= limit * np.abs(x).max()
        )
    return bool(session.known[key])


def _signature(session: Session, value: str, base: str) -> str:
    """Say by words how a value is computed of another, equal for layers that do the same."""
    if value == base:
        return "x"
    array = session.table(value)
    if array is not None:
        return f"{array.__array_interface__['data'][0]}{array.shape}{array.strides}"
    node = session.maker(value)
    if node is None:
        return value
    given = ",".join(_signature(session, name, base) for name in node.inputs)
    part = next((local for local, name in node.further.items() if name == value), "")
    return f"{node.layer}{sorted(node.fields.items(), key=str)}{part}{node.shape}({given})"
