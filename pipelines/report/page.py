"""The page around the sections of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from pipelines.report import sections
from pipelines.report.answer import answer
from pipelines.report.confusion import confusion
from pipelines.report.drawing import DARK, LIGHT, PAGE_DARK, PAGE_LIGHT, palette
from pipelines.report.embedded import embedded
from pipelines.report.inputs import Content
from pipelines.report.intervals import cost, differences, thresholds
from pipelines.report.learning import learning_curves
from pipelines.report.pictures import pictures

_OUTCOMES = {"classification": confusion, "editing": pictures, "embedding": embedded}
_TITLES = {
    "regression": "Predicting {} from weights",
    "classification": "Predicting {} from weights",
    "editing": "Editing networks by their weights: {}",
    "embedding": "Embedding networks by their weights: {}",
}

_CSS = """
:root { color-scheme: light dark; LIGHT }
@media (prefers-color-scheme: dark) { :root { DARK } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 1rem; letter-spacing: -.01em; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 3rem 0 .9rem; padding-top: 1rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 2rem 0 .6rem; }
h1, h2, dd, td, th, figcaption, li, p, summary { overflow-wrap: anywhere; }
.answer { font-size: 1.13rem; max-width: 50rem; margin: 0; }
.note { color: var(--muted); font-size: .9rem; max-width: 50rem; margin: .7rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .95rem; }
th, td { padding: .42rem .9rem .42rem 0; text-align: left; border-bottom: 1px solid var(--line);
  overflow-wrap: normal; }
th:last-child, td:last-child { padding-right: .25rem; }
thead th { font-weight: 600; color: var(--muted); font-size: .85rem; vertical-align: bottom; }
tbody th { font-weight: 500; min-width: 5.5rem; max-width: 18rem; overflow-wrap: anywhere; }
th.number, td.number { text-align: right; white-space: nowrap; }
th.group, td.group { padding-left: .9rem; }
thead th.group:not(.number) { text-align: center; }
th small { font-weight: 400; }
td.nothing { text-align: right; color: var(--muted); }
tr.ceiling th, tr.ceiling td, tr.total th, tr.total td { color: var(--muted); }
tr.total th, tr.total td { border-top: 1px solid var(--muted); }
.bar { width: 11rem; }
.bar svg { display: block; width: 10rem; height: .8rem; }
.track { fill: var(--line); }
.fill { fill: var(--series-0); }
.whisker { stroke: var(--ink); stroke-width: 1.6; vector-effect: non-scaling-stroke; }
.limit { stroke: var(--ink); stroke-width: 1.4; stroke-dasharray: 2 1.5;
  vector-effect: non-scaling-stroke; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1.3rem; padding: 0;
  margin: .8rem 0; font-size: .95rem; }
.symbol { width: .8rem; height: .8rem; margin-right: .4rem; vertical-align: -.05rem; fill: none; }
.symbol.wide { width: 1.5rem; }
.grid { display: grid; gap: 1.4rem 1.6rem; margin: 1rem 0 1.6rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); }
.grid.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); }
figure { margin: 0; max-width: 30rem; display: flex; flex-direction: column;
  justify-content: space-between; }
figcaption { font-size: .93rem; font-weight: 600; margin-bottom: .35rem; }
figcaption small { font-weight: 400; color: var(--muted); font-size: .85rem; margin-left: .3rem; }
td small { color: var(--muted); }
.mark { display: inline-block; width: .9rem; text-align: right; color: var(--muted); }
.pictures td { padding: .2rem; border: 0; }
.pictures th { padding-right: .9rem; border: 0; }
.pictures img { display: block; width: 4.6rem; height: 4.6rem; image-rendering: pixelated; }
.sheet { display: block; max-width: 100%; }
.curve { display: block; width: 4.6rem; height: 4.6rem; fill: none; stroke: var(--series-0);
  stroke-width: 2; }
.plot { display: block; width: 100%; height: auto; overflow: visible; }
.plot text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif !important; }
.plot path { stroke-linejoin: round; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; font-size: .93rem; }
dt { color: var(--muted); }
dd { margin: 0; }
details { margin: .8rem 0; }
summary { cursor: pointer; font-weight: 500; }
pre { background: var(--wash); border: 1px solid var(--line); border-radius: .4rem;
  padding: .8rem 1rem; overflow-x: auto; font-size: .85rem; line-height: 1.5; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .9em; }
@media (max-width: 40rem) { main { padding-top: 1.5rem; } h1 { font-size: 1.5rem; }
  .answer { font-size: 1.03rem; } td.bar, th.bar { display: none; }
  table { font-size: .85rem; } th, td { padding-right: .6rem; } }
@media print { section, figure, tr { break-inside: avoid-page; } .scroll { overflow: visible; } }
"""


def page(content: Content) -> str:
    """Lay the sections out as one HTML document that needs nothing beside itself."""
    heading = title(content)
    body = [
        f"<header><h1>{escape(heading)}</h1>{answer(content)}</header>",
        sections.comparison(content),
        sections.scores(content),
        differences(content),
        thresholds(content),
        cost(content),
        *(sections.scatter(part) for part in content.held_out()),
        _OUTCOMES[content.task](content) if content.task in _OUTCOMES else "",
        learning_curves(content),
        sections.zoo(content),
        sections.settings(content),
    ]
    return document(heading, body)


def document(heading: str, body: Sequence[str]) -> str:
    """Put parts of HTML under a title, plain text, into a document of the reports' style."""
    css = _CSS.replace("LIGHT", f"{PAGE_LIGHT} {palette(LIGHT)}")
    css = css.replace("DARK", f"{PAGE_DARK} {palette(DARK)}").strip()
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(heading)}</title>\n<style>\n{css}\n</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def title(content: Content) -> str:
    """The report's title, plain text."""
    zoo = content.zoo_index.get("zoo")
    name = zoo.get("name") if isinstance(zoo, Mapping) else None
    what = _TITLES[content.task].format(content.target)
    return f"{what}: {name}" if name else what
