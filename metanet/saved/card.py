"""Cards: the README.md beside a saved model, of what is known of it, and of nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SECTIONS = {
    "data": "What it was trained on",
    "scores": "How well it does",
    "limits": "What it does not do",
    "command": "How it was made",
}
"""What is asked of each model, by the key of `about`, and the heading under which it stands."""
UNKNOWN = "Not said by whom saved it."
FRONT = """\
---
library_name: graph-metanetworks
tags: [metanetwork, weight-space-learning]
---
"""


def card(
    title: str, about: Mapping[str, Any], load: str, made_with: Mapping[str, str] | None = None
) -> str:
    """Write a card, in Markdown with the head that the Hugging Face Hub reads.

        card("gmn", {"what": "Predicts test accuracy.", "data": ["MNIST"]}, "metanet.load('gmn')")

    `about` may have `what`, `data`, `scores`, `limits` and `command`: words, lists of words, or
    mappings of names to numbers, which become tables. What is missing is said to be.
    """
    lines = [FRONT, f"# {title}", "", str(about.get("what", f"A saved model, {title}.")), ""]
    for key, heading in SECTIONS.items():
        lines += [f"## {heading}", "", *written(key, about.get(key)), ""]
    lines += ["## How to load it", "", "```python", *load.splitlines(), "```", ""]
    if made_with:
        versions = ", ".join(f"{name} {version}" for name, version in sorted(made_with.items()))
        lines += [f"Made with {versions}.", ""]
    return "\n".join(lines)


def written(key: str, value: Any) -> list[str]:
    """Write what is said of a model: a command as a block, a mapping as a table, a list as one."""
    if not value:
        return [UNKNOWN]
    if key == "command":
        return ["```sh", str(value), "```"]
    if isinstance(value, Mapping):
        return table(value)
    return [f"- {words}" for words in value] if isinstance(value, list | tuple) else [str(value)]


def table(value: Mapping[str, Any]) -> list[str]:
    """Write a mapping as a table; rows of mappings as one with a column for each of their keys."""
    rows = {name: one if isinstance(one, Mapping) else {"": one} for name, one in value.items()}
    heads = list(dict.fromkeys(key for row in rows.values() for key in row))
    lines = [f"| | {' | '.join(heads)} |", f"| --- |{' --- |' * len(heads)}"]
    for name, row in rows.items():
        lines.append(f"| {name} | {' | '.join(shown(row.get(key, '')) for key in heads)} |")
    return lines


def shown(value: Any) -> str:
    """Write a number with three places, and anything else as it is."""
    return f"{value:.3f}" if isinstance(value, float) else f"{value}"
