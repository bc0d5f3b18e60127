"""Near-twins among networks of arithmetic: one number, one operand or one order is another."""

from __future__ import annotations

from collections.abc import Iterator

from spec.functions import BUILT_IN, FUNCTIONS

ROWS = "  - linear: {out_features: 4, name: a}\n"
HEAD = "  - linear: {out_features: 2, name: head}\n"
TWO = (
    "inputs: {x: [4]}\nlayers:\n"
    "  - linear: {out_features: 4, name: a}\n"
    "  - linear: {inputs: x, out_features: 4, name: b}\n"
    "  - linear: {inputs: x, out_features: 4, name: c}\n"
    "  - sigmoid: {inputs: b, name: s}\n"
)


def one(layer: str) -> str:
    """Put a layer between two linear maps, of numbers from -1 to 1, or from 0 to 1 for a power."""
    bounded = "sigmoid" if layer.startswith("power") else "sine"
    return f"inputs: {{x: [4]}}\nlayers:\n{ROWS}  - {bounded}\n  - {layer}\n{HEAD}"


def image(layer: str) -> str:
    """Put a layer of the same shape behind a convolution over a series."""
    return (
        "inputs: {x: [2, 4]}\nlayers:\n  - conv1d: {out_channels: 4, kernel_size: 1}\n"
        f"  - {layer}\n  - flatten\n{HEAD}"
    )


def several(layer: str) -> str:
    """Combine the values a, b, c and s, which is positive."""
    return f"{TWO}  - {layer}\n  - add: {{inputs: [l, c, b, s]}}\n{HEAD}"


def constants() -> Iterator[tuple[str, tuple[str, str]]]:
    """Change each number among the constants of each function."""
    for name in BUILT_IN:
        kinds = FUNCTIONS[name].constants
        numbers = {n: 0.3 + 0.1 * i for i, n in enumerate(kinds)} if name != "gelu" else {}
        for changed in numbers:
            other = {**numbers, changed: numbers[changed] + (-0.5 if "min" in changed else 0.5)}
            texts = (one(f"{name}: {fields}".replace("'", "")) for fields in (numbers, other))
            if name != "heaviside":
                yield f"{name}: {changed}", (next(texts), next(texts))


ARITHMETIC_TWINS: dict[str, tuple[str, str]] = {
    **dict(constants()),
    "which is subtracted": (
        several("subtract: {inputs: [a, b], name: l}"),
        several("subtract: {inputs: [b, a], name: l}"),
    ),
    "which is divided": (
        several("divide: {inputs: [a, s], name: l}"),
        several("divide: {inputs: [s, a], name: l}"),
    ),
    "larger or smaller": (
        several("maximum: {inputs: [a, b], name: l}"),
        several("minimum: {inputs: [a, b], name: l}"),
    ),
    "larger or sum": (
        several("maximum: {inputs: [a, b], name: l}"),
        several("add: {inputs: [a, b], name: l}"),
    ),
    "larger of three": (
        several("maximum: {inputs: [a, b], name: l}"),
        several("maximum: {inputs: [a, b, c], name: l}"),
    ),
    "which is chosen": (
        f"{TWO}  - heaviside: {{inputs: a, values: 0, name: h}}\n"
        f"  - where: {{inputs: [h, b, c]}}\n{HEAD}  - add: {{inputs: [head, last]}}\n".replace(
            "  - add", "  - linear: {inputs: s, out_features: 2, name: last}\n  - add"
        ),
        f"{TWO}  - heaviside: {{inputs: a, values: 0, name: h}}\n"
        f"  - where: {{inputs: [h, c, b]}}\n{HEAD}  - add: {{inputs: [head, last]}}\n".replace(
            "  - add", "  - linear: {inputs: s, out_features: 2, name: last}\n  - add"
        ),
    ),
    "scale and shift": (one("affine: {scale: -1, shift: 1}"), one("affine: {scale: -1, shift: 2}")),
    "axis of shares": (image("softmax: {dim: 1}"), image("softmax: {dim: 2}")),
    "shares or their logarithms": (image("softmax"), image("log_softmax")),
    "signs of shares": (image("softmax"), image("softmin")),
    "axis of a length": (image("normalize: {dim: 1}"), image("normalize: {dim: 2}")),
    "power of a length": (image("normalize: {p: 1}"), image("normalize: {p: 2}")),
    "least length": (image("normalize: {eps: 300}"), image("normalize: {eps: 400}")),
    "sum of exponentials": (
        image("logsumexp: {dim: 2, keepdim: true}"),
        image("sum: {dim: 2, keepdim: true}"),
    ),
    "a learned value is added or multiplied": (
        several("parameter: {shape: [4], name: p}\n  - add: {inputs: [a, p], name: l}"),
        several("parameter: {shape: [4], name: p}\n  - multiply: {inputs: [a, p], name: l}"),
    ),
    "a learned value is added or a bound": (
        several("parameter: {shape: [4], name: p}\n  - add: {inputs: [a, p], name: l}"),
        several("parameter: {shape: [4], name: p}\n  - maximum: {inputs: [a, p], name: l}"),
    ),
}
