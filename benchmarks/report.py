"""Writes the tables of README.md from the files in `results`, so that no number is typed."""

from __future__ import annotations

import re
from pathlib import Path

from result import load

README = Path(__file__).parent / "README.md"
TABLE = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(match: re.Match[str]) -> str:
    versions, measures = load(match[2])
    lines = ["", "| measure | value | target |", "| --- | ---: | ---: |"]
    lines += [f"| {label} | {m} | {m.verdict} |" for label, m in measures.items()]
    lines += ["", f"{versions}.", ""]
    return match[1] + "\n".join(lines) + "\n" + match[3]


def main() -> None:
    README.write_text(TABLE.sub(table, README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
