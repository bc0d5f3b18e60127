"""The table of published networks: `PYTHONPATH=tests python -m published.table` writes it anew."""

from __future__ import annotations

from pathlib import Path

import graphgen
from published.all import PUBLISHED
from published.network import Published, compared

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "published.md"
BEGIN = "<!-- PYTHONPATH=tests python -m published.table -->\n\n"
HEAD = (
    "| network | file | compared with | within | scalars | nodes | permutations |\n"
    "|---|---|---|---|---|---|---|\n"
)


def row(published: Published) -> str:
    """Give the row of a network, of what was computed for it."""
    case = compared(published)
    template = graphgen.template(case.net)
    scalars = sum(tensor.size for tensor in case.checkpoint.weights.values())
    link = f"[`{published.file}`](../../spec/nets/{published.file})"
    cells = [
        f"{published.title} ({published.paper})",
        link,
        published.compared,
        f"{published.tolerance:.0e}".replace("e-0", "e-"),
        f"{scalars:,}",
        f"{template.num_nodes:,}",
        published.formula.replace(" * ", " "),
    ]
    return "| " + " | ".join(cells) + " |\n"


def table() -> str:
    """Give the whole table."""
    return HEAD + "".join(row(published) for published in PUBLISHED.values())


def page(text: str) -> str:
    """Put the table into the page, in the place of the one that is there."""
    before, _, rest = text.partition(BEGIN)
    after = rest[rest.index("\n\n") :] if "\n\n" in rest else "\n"
    return before + BEGIN + table().rstrip("\n") + after


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
