"""The page of a report: its blocks as one HTML document that needs nothing beside itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from graphgen.drawing.sharing import packed, tokens
from pipelines.report.blocks import Block, Charts, Column, Section
from pipelines.report.colours import DARK, LIGHT

# A family's marker, in a box of 12 by 12. Their number has no factor in common with that of the
# colours, so pairs repeat late.
MARKERS = (
    "M6 2a4 4 0 1 0 .01 0z",
    "M2.5 2.5h7v7h-7z",
    "M6 1.8 10.3 9.6H1.7z",
    "M6 1.4 10.6 6 6 10.6 1.4 6z",
    "M6 10.2 1.7 2.4h8.6z",
    "M4.3 2h3.4v2.3H10v3.4H7.7V10H4.3V7.7H2V4.3h2.3z",
    "M6 1.6 10.4 4.8 8.7 10H3.3L1.6 4.8z",
)
SCRIPTS = ("values", "tables", "plot", "kinds", "charts", "record", "main")


def document(
    title: str,
    answer: Sequence[str],
    sections: Sequence[Section],
    data: Mapping[str, Any] | None = None,
) -> str:
    """Write a report: its title, the paragraphs of its answer, and its sections.

        document("Predicting accuracy", ["gmn is best."], [Section("Scores")])

    What is given as text is escaped. `data` are the networks that charts and records show, as
    `pipelines.report.networks` gives them. Equal arguments give equal bytes.
    """
    shown = [section for section in sections if section.blocks]
    charts = [chart for block in blocks(shown, Charts) for chart in block.charts]
    held = {**(data or {}), "markers": MARKERS, "charts": [chart.spec for chart in charts]}
    return (
        environment()
        .get_template("report.html")
        .render(
            title=title,
            answer=answer,
            sections=shown,
            numbers={id(chart): number for number, chart in enumerate(charts)},
            anchors=Anchors(),
            records=bool(data),
            style=Markup(style()),
            library=Markup(own("uplot/uPlot.iife.min.js")),
            script=Markup(script()),
            data=packed(json.dumps(held, separators=(",", ":"), allow_nan=False).encode()),
        )
    )


def blocks(sections: Sequence[Section], kind: type[Block]) -> list[Any]:
    """List the blocks of one kind in their order."""
    return [b for section in sections for b in section.blocks if isinstance(b, kind)]


class Anchors:
    """Gives each heading an address of its own in the page."""

    def __init__(self) -> None:
        self.given: set[str] = {"main", "record", "tip", "spoken", "theme", "network"}

    def __call__(self, text: str) -> str:
        """Give the anchor of a heading: its words, numbered where they occur again."""
        words = "-".join(re.findall(r"[a-z0-9]+", text.lower())) or "part"
        anchor, number = words, 1
        while anchor in self.given:
            number += 1
            anchor = f"{words}-{number}"
        self.given.add(anchor)
        return anchor


@cache
def environment() -> Environment:
    """Give the templates, in which text is escaped and a name that is not there is a mistake."""
    found = Environment(
        loader=PackageLoader("pipelines.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["markers"] = MARKERS
    found.filters |= {"address": id, "groupruns": groups}
    return found


def groups(columns: Sequence[Column]) -> list[tuple[str, int]]:
    """Give what columns next to each other have in common, and how many these are."""
    return [(name, len(list(own))) for name, own in groupby(columns, key=lambda one: one.group)]


@cache
def style() -> str:
    """Give the style: the viewer's colours, those of series, and the report's own rules."""
    series = "".join(
        f"{root}{{{''.join(f'--series-{i}:{colour};' for i, colour in enumerate(colours))}}}\n"
        for root, colours in ((":root", LIGHT), (':root[data-theme="dark"]', DARK))
    )
    sheets = (tokens(), series, own("uplot/uPlot.min.css"), own("report.css"))
    return "\n".join(sheet.strip() for sheet in sheets)


@cache
def script() -> str:
    """Join the scripts into one."""
    joined = "\n".join(own(f"scripts/{name}.js") for name in SCRIPTS)
    return '(() => {"use strict";\n' + joined + "})();"


@cache
def own(name: str) -> str:
    """Read a part of the page that comes with the package."""
    return (files("pipelines.report") / name).read_text(encoding="utf-8").strip() + "\n"
