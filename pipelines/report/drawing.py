"""From a matplotlib figure to an SVG of its own, in the colours of reports, light and dark."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from xml.etree import ElementTree

import matplotlib.style
from matplotlib.figure import Figure

from pipelines.report.colours import DARK, LIGHT

# Stand-ins: each of these colours becomes a CSS variable, so that one drawing serves a light page
# and a dark one.
INK, MUTED, LINE, PAPER = "#010101", "#010102", "#010103", "#010104"
_SERIES = tuple(f"#01020{i}" for i in range(8))
_VARIABLES = {INK: "ink", MUTED: "muted", LINE: "line", PAPER: "paper"} | {
    colour: f"series-{i}" for i, colour in enumerate(_SERIES)
}

PAGE_LIGHT = "--paper: #fff; --ink: #1b1e23; --muted: #5a626d; --line: #e3e6ea; --wash: #f5f6f8;"
PAGE_DARK = "--paper: #15181c; --ink: #e8eaed; --muted: #a3abb5; --line: #2f353c; --wash: #1d2126;"

_STYLE = {
    "svg.hashsalt": "report",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "font.size": 10.5,
    "axes.labelsize": 10.5,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.linewidth": 0.8,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


def colour(index: int) -> str:
    """The stand-in for the colour of the series with this number."""
    return _SERIES[index % len(_SERIES)]


def standalone(svg: str) -> str:
    """Make a file of an inline SVG image: with its colours, for light pages and dark ones."""
    root = ElementTree.fromstring(svg)
    width, height = root.attrib["viewBox"].split()[2:]
    root.attrib |= {"xmlns": "http://www.w3.org/2000/svg", "width": width, "height": height}
    style = ElementTree.Element("style")
    style.text = (
        f":root {{ {PAGE_LIGHT} {palette(LIGHT)} }} "
        f"@media (prefers-color-scheme: dark) {{ :root {{ {PAGE_DARK} {palette(DARK)} }} }} "
        "text { font-family: system-ui, sans-serif !important; }"
    )
    root.insert(0, style)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def palette(colours: Sequence[str]) -> str:
    """CSS declarations of the series colours."""
    return " ".join(f"--series-{i}: {c};" for i, c in enumerate(colours))


@contextmanager
def canvas(width: float, height: float) -> Iterator[Figure]:
    """Yield one figure without axes, in the report's style."""
    with matplotlib.style.context(["default", _STYLE]), warnings.catch_warnings():
        # The browser's fonts have the letters that matplotlib's own lacks.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing", category=UserWarning)
        yield Figure(figsize=(width, height), layout="constrained")


def to_svg(figure: Figure, name: str, description: str) -> str:
    """Serialise a figure as an inline SVG image.

    `name` is unique in the page and prefixes every id; `description` is the text alternative. Must
    be called inside `canvas`, whose style it relies on. Equal figures give equal text.
    """
    with io.BytesIO() as file:
        figure.savefig(
            file,
            format="svg",
            metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"), None),
        )
        root = ElementTree.fromstring(file.getvalue())
    for parent in root.iter():
        for child in list(parent):
            local = child.tag.rpartition("}")[2]
            if local in ("metadata", "style"):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {
            key.rpartition("}")[2]: _rewrite(key.rpartition("}")[2], value, name)
            for key, value in element.attrib.items()
        }
        # Whitespace between elements is only there for readers of the file.
        element.tail = None
        if element.tag != "text":
            element.text = None
    root.attrib = {
        "class": "plot",
        "viewBox": root.attrib["viewBox"],
        "role": "img",
        "aria-label": description,
    }
    return ElementTree.tostring(root, encoding="unicode")


def _rewrite(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key == "href" and value.startswith("#"):
        return f"#{name}-{value[1:]}"
    if key == "clip-path":
        return value.replace("url(#", f"url(#{name}-")
    if key == "style":
        for stand_in, variable in _VARIABLES.items():
            value = value.replace(stand_in, f"var(--{variable})")
    return value
