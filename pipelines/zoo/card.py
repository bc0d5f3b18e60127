"""Dataset cards: what a zoo holds, on one page of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from graphgen.files import claim_file, write_bytes
from graphgen.files.destination import making
from graphgen.files.document import within
from pipelines.errors import PipelineError
from pipelines.zoo.checkpoints import is_last

BARS = 40
FRACTIONS = np.linspace(0, 1, 21)


def write_page(zoo: str | Path, out: str | Path, text: str, replace: bool) -> Path:
    """Write the page of a zoo, and the folders above it; nothing in the zoo's own folder."""
    out = Path(out)
    if within(Path(zoo), out):
        raise PipelineError(f"{out}: lies in the folder of the zoo; name a file outside {zoo}")
    with making(out.parent):
        claim_file(out, replace)
        write_bytes(out, text.encode(errors="backslashreplace"))
    return out


def card(index: Mapping[str, Any], command: str) -> str:
    """Give the card of a zoo's index: counts, ranges, accuracies, hash, command."""
    settings, rows = index["zoo"], [row for row in index["networks"] if is_last(row)]
    trained = [row for row in rows if row["status"] == "trained"]
    checkpoints = settings.get("checkpoints", 1)
    kept = f", each kept at {checkpoints} moments of its training" if checkpoints > 1 else ""
    parts = [
        "# The zoo",
        f"{len(rows):,} networks of {len(index['architectures']):,} architectures, trained on "
        f"{settings['dataset']}{kept}; {len(rows) - len(trained):,} diverged. Hash "
        f"`{index['hash']}`. Made by",
        f"```sh\n{command}\n```",
        images(settings),
        "## Families",
        families(rows),
        "## Ranges",
        "Each network draws from these, by its index and the zoo's seed "
        f"({settings['seed']}) alone.",
        ranges(settings),
        "## Test accuracy",
        histogram([row["metrics"]["test_accuracy"] for row in trained]),
    ]
    return "\n\n".join(parts) + "\n"


def images(settings: Mapping[str, Any]) -> str:
    """Say which images were used."""
    first = {part: settings[f"{part}_samples"] for part in ("train", "test")}
    used = [
        f"all {part} images" if count is None else f"the first {count:,} {part} images"
        for part, count in first.items()
    ]
    return f"Of the data set: {' and '.join(used)}."


def families(rows: Sequence[Mapping[str, Any]]) -> str:
    """Tabulate each family's networks, parameters and accuracies."""
    lines = []
    for family in dict.fromkeys(sorted(row["family"] for row in rows)):
        own = [row for row in rows if row["family"] == family]
        trained = [row for row in own if row["status"] == "trained"]
        sizes = [row["parameters"] for row in own]
        scores = np.array([row["metrics"]["test_accuracy"] for row in trained], np.float64)
        spread = (
            f"{scores.mean():.3f} +- {scores.std():.3f} | {scores.min():.3f} to {scores.max():.3f}"
            if len(scores)
            else " | "
        )
        lines.append(
            f"{family} | {len(own):,} | {len(own) - len(trained)} | "
            f"{min(sizes):,} to {max(sizes):,} | {int(np.median(sizes)):,} | {spread}"
        )
    head = "family | networks | diverged | parameters | median | accuracy | from, to"
    return table(head, lines)


def ranges(settings: Mapping[str, Any]) -> str:
    """Tabulate the ranges of the architectures' variables and of the recipe."""
    lines = [
        f"{entry['family']} | {name} | {written(value)}"
        for entry in settings["architectures"]
        for name, value in sorted(entry["variables"].items())
    ]
    lines += [f"training | {name} | {written(v)}" for name, v in settings["training"].items()]
    return table("of | what | range", lines)


def written(value: Any) -> str:
    """Write a range as settings do, without the braces."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {written(inner)}".strip() for key, inner in value.items())
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return f"{value}"


def histogram(values: Sequence[float], edges: ArrayLike = FRACTIONS, digits: int = 2) -> str:
    """Draw a histogram with characters: bins between edges, whose starts have so many digits."""
    if not values:
        return "No network was trained to the end."
    counts, starts = np.histogram(values, np.asarray(edges))
    used = np.flatnonzero(counts)
    width = len(f"{starts[used[-1]]:.{digits}f}")
    lines = [
        f"{starts[i]:{width}.{digits}f} {'#' * round(BARS * counts[i] / counts.max()):<{BARS}} "
        f"{counts[i]}"
        for i in range(used[0], used[-1] + 1)
    ]
    return "```\n" + "\n".join(lines) + "\n```"


def table(head: str, lines: Iterable[str]) -> str:
    """Write a table of Markdown."""
    rule = " | ".join("---" for _ in head.split(" | "))
    return "\n".join(f"| {line} |" for line in (head, rule, *lines))
