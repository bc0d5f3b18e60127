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
    "padded before or behind an activation": (
        series("sigmoid", "pad: {pad: [1, 0]}"),
        series("pad: {pad: [1, 0]}", "sigmoid"),
    ),
}
"""Pairs of descriptions, by what differs."""
