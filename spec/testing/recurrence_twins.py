"""Near-twins among recurrent networks: another order, another operand, another state."""

from __future__ import annotations

TWO = (
    "inputs: {x: [3, 4]}\nlayers:\n"
    "  - linear: {out_features: 4, name: b}\n"
    "  - linear: {inputs: x, out_features: 4, name: c}\n"
    "  - sigmoid: {name: a}\n"
    "  - sigmoid: {inputs: b, name: d}\n"
    "  - select: {dim: 1, index: 0, name: start}\n"
    "  - select: {inputs: c, dim: 1, index: 0, name: other}\n"
)
HEAD = (
    "  - add: {inputs: [l, a, d], name: sum}\n"
    "  - add: {inputs: [other, start], name: begun}\n  - unsqueeze: {name: wide, dim: 1}\n"
    "  - multiply: {inputs: [sum, wide]}\n  - linear: {out_features: 2, name: head}\n"
)


def recurrence(layer: str) -> str:
    """Put a layer called `l` behind the values a to d, from 0 to 1 the first and the last."""
    return f"{TWO}  - {layer}\n{HEAD}"


RECURRENCE_TWINS: dict[str, tuple[str, str]] = {
    "which are the factors": (
        recurrence("linear_recurrence: {name: l, inputs: [a, d, start]}"),
        recurrence("linear_recurrence: {name: l, inputs: [d, a, start]}"),
    ),
    "direction of a linear recurrence": (
        recurrence("linear_recurrence: {name: l, inputs: [a, b]}"),
        recurrence("linear_recurrence: {name: l, inputs: [a, b], reverse: true}"),
    ),
    "what a linear recurrence begins with": (
        recurrence("linear_recurrence: {name: l, inputs: [a, b, start]}"),
        recurrence("linear_recurrence: {name: l, inputs: [a, b, other]}"),
    ),
    "whether a linear recurrence begins at zero": (
        recurrence("linear_recurrence: {name: l, inputs: [a, b]}"),
        recurrence("linear_recurrence: {name: l, inputs: [a, b, start]}"),
    ),
    "axis of a linear recurrence": (
        recurrence("linear_recurrence: {name: l, inputs: [a, b]}"),
        recurrence("linear_recurrence: {name: l, inputs: [a, b], dim: 2}"),
    ),
    "sums of items or of what is kept": (
        recurrence("cumsum: {name: l, inputs: b, dim: 1}"),
        recurrence("linear_recurrence: {name: l, inputs: [a, b]}"),
    ),
}
"""Pairs of descriptions, by what differs."""
