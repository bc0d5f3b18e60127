"""Near-twins among networks that choose: another number, axis, side or place of what is chosen."""

from __future__ import annotations

HEAD = "  - flatten\n  - linear: {out_features: 2, name: head}\n"
ROUTED = """inputs: {x: [2, 3]}
layers:
  - linear: {out_features: 3, bias: false, name: scores}
%s
"""


def ranked(layer: str) -> str:
    """Put a layer between a linear map over four items and a head."""
    return f"inputs: {{x: [4, 3]}}\nlayers:\n  - linear: {{out_features: 4}}\n  - {layer}\n{HEAD}"


def routed(shares: str) -> str:
    """Mix three maps by shares that some layers make of the scores."""
    maps = "".join(
        f"  - linear: {{inputs: x, out_features: 2, name: e{i}}}\n"
        f"  - narrow: {{inputs: shares, dim: -1, start: {i}, length: 1, name: s{i}}}\n"
        f"  - multiply: {{inputs: [e{i}, s{i}], name: p{i}}}\n"
        for i in range(3)
    )
    return f"{ROUTED % shares}{maps}  - add: {{inputs: [p0, p1, p2]}}\n"


def chosen(layer: str) -> str:
    """Choose among the items of a map by those of another."""
    return (
        "inputs: {x: [4, 3]}\nlayers:\n  - linear: {out_features: 4, name: a}\n"
        "  - linear: {inputs: x, out_features: 4, name: b}\n"
        f"{layer}\n{HEAD}"
    )


PLACE = "  - argmax: {inputs: b, dim: 1, name: i}\n  - index_select: {inputs: [a, i], dim: %d}"
AFTER = "  - softmax\n  - top_k: {k: 2}\n  - normalize: {p: 1, dim: -1, name: shares}"
BEFORE = "  - top_k: {k: 2, value: -.inf}\n  - softmax: {name: shares}"
PLAIN = "  - softmax\n  - top_k: {k: 2, name: shares}"

RANKING_TWINS: dict[str, tuple[str, str]] = {
    "how many are chosen": (ranked("top_k: {k: 2}"), ranked("top_k: {k: 3}")),
    "axis of what is chosen": (ranked("top_k: {k: 2, dim: 1}"), ranked("top_k: {k: 2, dim: 2}")),
    "largest or smallest": (ranked("top_k: {k: 2}"), ranked("top_k: {k: 2, largest: false}")),
    "what the others become": (ranked("top_k: {k: 2}"), ranked("top_k: {k: 2, value: -1}")),
    "what is chosen or that it is": (ranked("top_k: {k: 2}"), ranked("top_k_mask: {k: 2}")),
    "number in order": (ranked("kthvalue: {k: 2}"), ranked("kthvalue: {k: 3}")),
    "median or mean": (ranked("median: {dim: 1}"), ranked("mean: {dim: 1}")),
    "rank of ranks or of all": (
        ranked("flatten\n  - kthvalue: {k: 2, keepdim: true}"),
        ranked("kthvalue: {k: 2}\n  - kthvalue: {k: 2, keepdim: true}"),
    ),
    "place of the largest or smallest": (
        ranked("argmax: {dim: 2}"),
        ranked("argmin: {dim: 2}"),
    ),
    "renormalised shares": (routed(AFTER), routed(PLAIN)),
    "chosen after or before the shares": (routed(PLAIN), routed(BEFORE)),
    "axis of a computed index": (chosen(PLACE % 1), chosen(PLACE % 2)),
    "what computes an index": (
        chosen(PLACE % 1),
        chosen((PLACE % 1).replace("argmax", "argmin")),
    ),
    "greater or less": (ranked("gt: {other: 0.5}"), ranked("lt: {other: 0.5}")),
    "what is compared with": (ranked("gt: {other: 0.5}"), ranked("gt: {other: -0.5}")),
    "equal or not": (
        ranked("heaviside: {values: 1}\n  - eq: {other: 1}"),
        ranked("heaviside: {values: 1}\n  - ne: {other: 1}"),
    ),
}
"""Pairs of descriptions, by how their functions differ."""
