"""Writes tables of README.md and of the page on scale from files in `results`: none is typed."""

from __future__ import annotations

import re
from pathlib import Path

from result import load

HERE = Path(__file__).parent
PAGES = (HERE / "README.md", HERE.parent / "docs" / "explanation" / "scale.md")
TABLE = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(match: re.Match[str]) -> str:
    versions, measures = load(match[2])
    lines = ["", "| measure | value | target |", "| --- | ---: | ---: |"]
    lines += [f"| {label} | {m} | {m.verdict} |" for label, m in measures.items()]
    lines += ["", f"{versions}.", ""]
    return match[1] + "\n".join(lines) + "\n" + match[3]


def filled(page: Path) -> str:
    """Give the text of a page, with its tables as the files have them."""
    return TABLE.sub(table, page.read_text(encoding="utf-8"))


def main() -> None:
    for page in PAGES:
        page.write_text(filled(page), encoding="utf-8")


if __name__ == "__main__":
    main()
