"""The card of a zoo of INRs: what it encodes, and how well, on one page of Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipelines.signals import SPLITS
from pipelines.zoo.card import histogram, table, written

DECIBELS = 5


def is_inr_zoo(index: Mapping[str, Any]) -> bool:
    """Say whether a zoo's networks encode signals."""
    return "signals" in index["zoo"]


def card(index: Mapping[str, Any], command: str) -> str:
    """Give the card of a zoo's index: signals, architecture, recipe, PSNR, hash, command."""
    settings, rows = index["zoo"], index["networks"]
    diverged = sum(row["status"] == "diverged" for row in rows)
    values = ratios(rows)
    parts = [
        "# The zoo",
        f"{len(rows):,} implicit neural representations of {settings['signals']['name']}, of "
        f"{rows[0]['parameters']:,} parameters each; {diverged:,} diverged. Hash "
        f"`{index['hash']}`. Made by",
        f"```sh\n{command}\n```",
        f"To decode a network, add {rows[0]['offset']:g} to its outputs (convention "
        f"`{settings['convention']}`).",
        "## Networks",
        splits(rows),
        "## Settings",
        recipe(settings),
        "## PSNR",
        f"{mean_psnr(rows)}.",
        histogram(values, edges(values), 0),
    ]
    return "\n\n".join(parts) + "\n"


def ratios(rows: Sequence[Mapping[str, Any]]) -> list[float]:
    """List the PSNRs of the networks that have one."""
    return [row["metrics"]["psnr"] for row in rows if row["metrics"]["psnr"] is not None]


def mean_psnr(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say the mean PSNR of networks, and between what they lie."""
    values = ratios(rows)
    if not values:
        return "no PSNR"
    return f"mean PSNR {np.mean(values):.1f} dB ({min(values):.1f} to {max(values):.1f})"


def edges(values: Sequence[float]) -> list[float]:
    """Give the edges of bins of `DECIBELS` that hold all values."""
    first, last = (
        (int(np.floor(end / DECIBELS)) for end in (min(values), max(values))) if values else (0, 0)
    )
    return [DECIBELS * number for number in range(first, last + 2)]


def splits(rows: Sequence[Mapping[str, Any]]) -> str:
    """Tabulate the networks of each split."""
    lines = []
    for split in SPLITS:
        own = [row for row in rows if row["split"] == split]
        if own:
            signals = len({row["signal"] for row in own})
            lines.append(f"{split} | {signals:,} | {len(own):,} | {mean_psnr(own)}")
    return table("split | signals | networks | PSNR", lines)


def recipe(settings: Mapping[str, Any]) -> str:
    """Tabulate what the networks were made by."""
    groups = {
        "signals": settings["signals"],
        settings["architecture"]["family"]: settings["architecture"]["variables"],
        "fit": settings["fit"],
        "zoo": {name: settings[name] for name in ("copies", "same_initial_weights", "seed")},
    }
    lines = [
        f"{group} | {name} | {written(value)}"
        for group, values in groups.items()
        for name, value in values.items()
    ]
    return table("of | what | value", lines)
