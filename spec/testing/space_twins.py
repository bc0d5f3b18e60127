"""Near-twins that move, choose, pad and pool the items of axes: alike, with different functions."""

from __future__ import annotations

from spec.testing.sequence_twins import TOKENS, series
from spec.testing.twins import SERIES


def padded(fields: str) -> str:
    """Put padding between two convolutions over a series."""
    return SERIES + (
        f"  - pad: {{{fields}}}\n  - conv1d: {{out_channels: 2, kernel_size: 3}}\n"
        "  - amax: {dim: 2}\n"
    )


def convolved(fields: str) -> str:
    """Put a convolution with this padding behind another, over a series."""
    return SERIES + (
        f"  - conv1d: {{out_channels: 4, kernel_size: 2, stride: 2, {fields}}}\n"
        "  - amax: {dim: 2}\n"
    )


def grown(axis: int) -> str:
    """Give an axis of one items before or behind another, by padding."""
    shape, around = ([1, 4], "[0, 0, 1, 1]") if axis == 0 else ([4, 1], "[1, 1]")
    return TOKENS + (
        "  - sum: {dim: 1}\n"
        f"  - reshape: {{shape: {[1, *shape]}}}\n  - pad: {{pad: {around}}}\n"
        "  - conv2d: {out_channels: 2, kernel_size: [2, 2]}\n  - amax: {dim: [2, 3]}\n"
    )


def moved(*layers: str) -> str:
    """Put layers between a convolution over a series and one whose outputs are summed up."""
    rows = "".join(f"  - {layer}\n" for layer in layers)
    return (
        SERIES
        + rows
        + "  - conv1d: {out_channels: 2, kernel_size: 2}\n  - tanh\n  - sum: {dim: 2}\n"
    )


def features(*layers: str) -> str:
    """Put layers between a linear map of tokens and another, which is an output too."""
    rows = "".join(f"  - {layer}\n" for layer in layers)
    return TOKENS + rows + "  - linear: {out_features: 2, name: last}\noutputs: [first, last]\n"


IMAGE = (
    "inputs: {x: [2, 4, 5]}\nlayers:\n"
    "  - conv2d: {out_channels: 3, kernel_size: [2, 2], padding: same}\n"
)
CLOSED = "  - tanh\n  - sum: {dim: [2, 3]}\n"


def resampled(mode: str) -> str:
    """Resample an image by a factor that gives no whole sizes: the near ones are [6, 8]."""
    return IMAGE + f"  - upsample: {{scale_factor: 1.7, mode: {mode}}}\n" + CLOSED


def pooled(fields: str) -> str:
    """Pool an image."""
    return IMAGE + f"  - max_pool2d: {{kernel_size: 2, {fields}}}\n" + CLOSED


def chosen(inputs: str, dim: int = 1) -> str:
    """Let an input of indices choose items of another."""
    other = "p" if "q" in inputs else "q"
    return (
        "inputs: [{x: [3, 3]}, {p: [1]}, {q: [1]}]\nlayers:\n"
        f"  - index_select: {{inputs: {inputs}, dim: {dim}, name: a}}\n"
        "  - flatten: {name: b}\n"
        f"  - embedding: {{inputs: {other}, num_embeddings: 3, embedding_dim: 2, name: e}}\n"
        "  - flatten: {name: f}\n  - concat: {inputs: [b, f]}\n  - linear: {out_features: 2}\n"
    )


SPACE_TWINS: dict[str, tuple[str, str]] = {
    "where padding is": (padded("pad: [2, 0]"), padded("pad: [0, 2]")),
    "how much padding": (padded("pad: [1, 1]"), padded("pad: [2, 1]")),
    "padding or its absence": (padded("pad: [1, 1]"), padded("pad: [-1, 1]")),
    "value of padding": (padded("pad: [1, 1]"), padded("pad: [1, 1], value: 2")),
    "values of padding": (padded("pad: [1, 1], value: 1"), padded("pad: [1, 1], value: 2")),
    "mirrored or repeated": (
        padded("pad: [2, 1], mode: reflect"),
        padded("pad: [2, 1], mode: replicate"),
    ),
    "repeated or from the other end": (
        padded("pad: [2, 1], mode: replicate"),
        padded("pad: [2, 1], mode: circular"),
    ),
    "constant channels": (
        padded("pad: [0, 0, 1, 0], value: 1"),
        padded("pad: [0, 0, 1, 0], value: 2"),
    ),
    "which channel comes twice": (
        TOKENS + "  - pad: {pad: [1, 0], mode: circular}\n  - linear: {out_features: 2}\n"
        "outputs: ['1', '2']\n",
        TOKENS + "  - pad: {pad: [1, 0], mode: replicate}\n  - linear: {out_features: 2}\n"
        "outputs: ['1', '2']\n",
    ),
    "which axis padding gave items": (grown(0), grown(1)),
    "same or causal": (convolved("padding: same"), convolved("padding: causal")),
    "pair of padding": (convolved("padding: [[0, 1]]"), convolved("padding: [[1, 0]]")),
    "which way positions roll": (
        moved("roll: {shifts: 1, dims: 2}"),
        moved("roll: {shifts: -1, dims: 2}"),
    ),
    "how far positions roll": (
        moved("roll: {shifts: 1, dims: 2}"),
        moved("roll: {shifts: 2, dims: 2}"),
    ),
    "which way channels roll": (
        features("roll: {shifts: 1, dims: 2}", "slice: {dim: 2, start: 1}"),
        features("roll: {shifts: -1, dims: 2}", "slice: {dim: 2, start: 1}"),
    ),
    "positions flipped or not": (moved("flip: {dims: 2}"), moved("roll: {shifts: 3, dims: 2}")),
    "channels flipped or rolled": (
        features("flip: {dims: 2}", "multiply: {inputs: [first, '1']}"),
        features("roll: {shifts: 1, dims: 2}", "multiply: {inputs: [first, '1']}"),
    ),
    "which token": (
        features("select: {dim: 1, index: 0}"),
        features("select: {dim: 1, index: -1}"),
    ),
    "step of a slice": (
        moved("slice: {dim: 2, step: 2}"),
        moved("slice: {dim: 2, start: 1, step: 2}"),
    ),
    "order of chosen positions": (
        moved("index_select: {dim: 2, index: [0, 2, 2, 1]}"),
        moved("index_select: {dim: 2, index: [0, 2, 1, 1]}"),
    ),
    "which channel is chosen twice": (
        features("index_select: {dim: 2, index: [0, 1, 1]}", "softmax"),
        features("index_select: {dim: 2, index: [0, 1, 2]}", "softmax"),
    ),
    "tiled or repeated": (
        moved("tile: {dims: [2]}"),
        moved("repeat_interleave: {repeats: 2, dim: 2}"),
    ),
    "stacked here or there": (
        features("tanh", "stack: {inputs: [first, '1'], dim: 2}", "select: {dim: 1, index: 0}"),
        features("tanh", "stack: {inputs: ['1', first], dim: 2}", "select: {dim: 1, index: 0}"),
    ),
    "windows in another order": (
        moved("unflatten: {dim: 2, unflattened_size: [2, 3]}", "unfold: {kernel_size: [1, 2]}"),
        moved(
            "unflatten: {dim: 2, unflattened_size: [2, 3]}",
            "unfold: {kernel_size: [2, 1]}",
            "slice: {dim: 2, start: 0, stop: 3}",
        ),
    ),
    "bilinear or bicubic": (resampled("bilinear"), resampled("bicubic")),
    "nearest or exactly nearest": (resampled("nearest"), resampled("nearest-exact")),
    "rounded sizes or the factor itself": (
        resampled("bilinear"),
        resampled("bilinear").replace("scale_factor: 1.7", "size: [6, 8]"),
    ),
    "gaps in a window": (pooled("stride: 1"), pooled("stride: 1, dilation: 2")),
    "floor or ceiling": (pooled("stride: 2"), pooled("stride: 2, ceil_mode: true")),
    "what a mean is divided by": (
        pooled("stride: 2").replace("max", "avg"),
        pooled("stride: 2, divisor_override: 3").replace("max", "avg"),
    ),
    "which items an input chooses": (chosen("[x, p]"), chosen("[x, q]")),
    "along which axis an input chooses": (chosen("[x, p]"), chosen("[x, p]", 2)),
    "padded before or behind an activation": (
        series("sigmoid", "pad: {pad: [1, 0]}"),
        series("pad: {pad: [1, 0]}", "sigmoid"),
    ),
}
"""Pairs of descriptions, by what differs."""
