"""From a matplotlib figure to SVG that takes its colours and type from the page around it."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from xml.etree import ElementTree

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Stand-ins: each of these colours becomes a CSS variable, so that one drawing serves a light page
# and a dark one.
INK, MUTED, LINE, PAPER = "#010101", "#010102", "#010103", "#010104"
_SERIES = tuple(f"#01020{i}" for i in range(8))
_VARIABLES = {INK: "ink", MUTED: "muted", LINE: "line", PAPER: "paper"} | {
    colour: f"series-{i}" for i, colour in enumerate(_SERIES)
}

# Blue, vermilion, green, pink, indigo, olive, wine, grey: told apart in the common forms of colour
# blindness, at a contrast of 3 or more to the page.
LIGHT = ("#0072b2", "#d55e00", "#009e73", "#c4659b", "#332288", "#8f8f2a", "#882255", "#777777")
DARK = ("#4da6e0", "#f58549", "#33cda2", "#e6a1c8", "#9c8cf0", "#c9c95c", "#d66a99", "#b0b0b0")
PAGE_LIGHT = "--paper: #fff; --ink: #1b1e23; --muted: #5a626d; --line: #e3e6ea; --wash: #f5f6f8;"
PAGE_DARK = "--paper: #15181c; --ink: #e8eaed; --muted: #a3abb5; --line: #2f353c; --wash: #1d2126;"

# A marker's matplotlib name and its outline in a box of 12 by 12, for the legend.
_MARKERS = {
    "o": "M6 2a4 4 0 1 0 .01 0z",
    "s": "M2.5 2.5h7v7h-7z",
    "^": "M6 1.8 10.3 9.6H1.7z",
    "D": "M6 1.4 10.6 6 6 10.6 1.4 6z",
    "v": "M6 10.2 1.7 2.4h8.6z",
    "P": "M4.3 2h3.4v2.3H10v3.4H7.7V10H4.3V7.7H2V4.3h2.3z",
    "p": "M6 1.6 10.4 4.8 8.7 10H3.3L1.6 4.8z",
}

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


def marker(index: int) -> str:
    """The matplotlib marker of the series with this number.

    Their number has no factor in common with that of the colours, so pairs repeat late.
    """
    return list(_MARKERS)[index % len(_MARKERS)]


def legend_symbol(index: int) -> str:
    """The marker of a series as a small inline SVG."""
    return (
        f'<svg class="symbol" viewBox="0 0 12 12" aria-hidden="true"><path d="'
        f'{_MARKERS[marker(index)]}" style="fill: var(--series-{index % len(_SERIES)})"/></svg>'
    )


def legend_line(index: int, *, dashed: bool = False) -> str:
    """A stroke in the colour of a series as a small inline SVG."""
    dash = ' stroke-dasharray="4 2.2"' if dashed else ""
    return (
        '<svg class="symbol wide" viewBox="0 0 22 12" aria-hidden="true"><path d="M1 6h20"'
        f' stroke-width="2" style="stroke: var(--series-{index % len(_SERIES)})"{dash}/></svg>'
    )


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
def panel(width: float = 4.4, height: float = 3.5) -> Iterator[tuple[Figure, Axes]]:
    """Yield one figure with one set of axes, in the report's style and in no one else's."""
    with canvas(width, height) as figure:
        yield figure, figure.add_subplot()


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
    be called inside `panel`, whose style it relies on. Equal figures give equal text.
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


def figure_html(svg: str, caption: str, detail: str = "") -> str:
    """Wrap a drawing in `<figure>` under a caption and a less prominent detail, plain text both."""
    small = f" <small>{escape(detail)}</small>" if detail else ""
    return f"<figure><figcaption>{escape(caption)}{small}</figcaption>{svg}</figure>"


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
