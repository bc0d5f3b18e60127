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


def cells(layer: str, read: str) -> str:
    """Put a recurrent layer called `r` between inputs and a linear map of what it gives."""
    return (
        "inputs: {x: [4, 2], s: [3], c: [3]}\nlayers:\n"
        f"  - {layer}\n  - linear: {{inputs: {read}, out_features: 2}}\n"
        "  - mean: {dim: 1, name: m}\n"
        "  - linear: {inputs: s, out_features: 2, name: a}\n"
        "  - linear: {inputs: c, out_features: 2, name: b}\n  - add: {inputs: [m, a, b]}\n"
    )


def scanned(fields: str) -> str:
    """Put a scan of a cell between inputs and a linear map of what it gives."""
    told = {
        "state": "{h: s}",
        "body": "[{linear: {inputs: item, out_features: 3, name: a}}, {linear: {inputs: h, "
        "out_features: 3, name: b}}, {add: {inputs: [a, b]}}, {tanh: {name: f}}, "
        "{multiply: {inputs: [f, h], name: g}}]",
        "next": "{h: g}",
        "output": "g",
    }
    key, _, value = fields.partition(": ")
    rows = ", ".join(f"{name}: {said}" for name, said in {**told, key: value}.items())
    text = cells(f"scan: {{name: r, inputs: x, {rows}}}", "r").replace("[4, 2]", "[3, 3]")
    return text


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
    "which state an LSTM begins with": (
        cells("lstm: {name: r, inputs: [x, s, c], hidden_size: 3}", "r"),
        cells("lstm: {name: r, inputs: [x, c, s], hidden_size: 3}", "r"),
    ),
    "whether a recurrent layer begins at zero": (
        cells("gru: {name: r, inputs: [x, s], hidden_size: 3}", "r"),
        cells("gru: {name: r, inputs: x, hidden_size: 3}", "r"),
    ),
    "hidden state or memory at the end": (
        cells("lstm: {name: r, inputs: x, hidden_size: 3}", "r.h_n"),
        cells("lstm: {name: r, inputs: x, hidden_size: 3}", "r.c_n"),
    ),
    "last or first state": (
        cells("gru: {name: r, inputs: x, hidden_size: 3}", "r.h_n"),
        cells(
            "gru: {name: r, inputs: x, hidden_size: 3}\n"
            "  - narrow: {name: t, dim: 1, start: 0, length: 1}",
            "t",
        ),
    ),
    "direction of a scan": (scanned("reverse: false"), scanned("reverse: true")),
    "which values a scan gives": (scanned("output: f"), scanned("output: g")),
    "what a scan keeps": (scanned("next: {h: f}"), scanned("next: {h: g}")),
    "what a scan begins with": (scanned("state: {h: s}"), scanned("state: {h: c}")),
    "axis of a scan": (scanned("dim: 1"), scanned("dim: 2")),
    "sums of items or of what is kept": (
        recurrence("cumsum: {name: l, inputs: b, dim: 1}"),
        recurrence("linear_recurrence: {name: l, inputs: [a, b]}"),
    ),
}
"""Pairs of descriptions, by what differs."""
