"""The colours of a picture, light and dark."""

from __future__ import annotations

LIGHT = {
    "back": "#fff", "card": "#f4f6f9", "edge": "#d5dbe3", "ink": "#1b2430", "faint": "#5a6676",
    "wire": "#a9b3c0", "free": "#2e9a63", "neuron": "#3c4656", "hatch": "#c3cad4",
}  # fmt: skip
DARK = {
    "back": "#12161b", "card": "#1a2027", "edge": "#323b46", "ink": "#e8edf3", "faint": "#9daab9",
    "wire": "#566270", "free": "#4fc287", "neuron": "#b4bfcc", "hatch": "#4a545f",
}  # fmt: skip

RULES = (
    "text{font:6.5px system-ui,sans-serif;fill:var(--faint)}"
    ".l{font-weight:600;font-size:7.5px;fill:var(--ink)}"
    ".back{fill:var(--back)}"
    ".m{fill:var(--card)}"
    ".mm{fill:none;stroke:var(--edge);stroke-width:.7}"
    ".w{fill:none;stroke:var(--wire);stroke-width:1}"
    ".f,.r{stroke:var(--free)}"
    ".f{stroke-opacity:.6}"
    ".b{fill:var(--back);stroke:var(--edge);stroke-width:.6}"
    ".e{fill:url(#gmn-hatch)}"
    ".h{stroke:var(--hatch);stroke-width:1.2}"
    ".t{stroke:var(--faint);stroke-dasharray:2 1.5}"
    ".n{fill:var(--neuron)}"
    ".d{stroke:var(--neuron);stroke-linecap:round;fill:none}"
    "image{image-rendering:pixelated}"
)


def style(dark: bool | None) -> str:
    """Give the style of a picture; None follows what the reader's system prefers."""
    light, deep = (variables(colours) for colours in (LIGHT, DARK))
    rules = "".join(f".gmn {rule}}}" for rule in RULES.split("}") if rule)
    rules = rules.replace(".f,.r", ".f,.gmn .r")
    if dark is not None:
        return f".gmn{{{deep if dark else light}}}{rules}"
    return f".gmn{{{light}}}@media(prefers-color-scheme:dark){{.gmn{{{deep}}}}}{rules}"


def variables(colours: dict[str, str]) -> str:
    """Write colours as variables of CSS."""
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())
