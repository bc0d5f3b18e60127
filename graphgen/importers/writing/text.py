"""Text: the plain data of a description as YAML with one layer a line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from graphgen.importers.writing.expressions import escaped
from spec.core_schema import resolve

WIDTH = 120
_PLAIN = re.compile(r"[A-Za-z0-9_$./][\w$./+*\-]*\Z", re.ASCII)


def entries_text(entries: Sequence[Any], indent: int) -> list[str]:
    """Write a list of layers, one a line where it fits."""
    lines = []
    for entry in entries:
        lines += entry_text(entry, indent)
    return lines


def entry_text(entry: Any, indent: int) -> list[str]:
    """Write a layer, repetition or call."""
    space = " " * indent
    if isinstance(entry, str):
        return [f"{space}- {scalar(entry)}"]
    ((type_, fields),) = entry.items()
    layers = fields.get("layers")
    line = f"{space}- {flow(entry, outer=True)}"
    short = layers is None or (len(layers) == 1 and not _nested(layers[0]))
    if short and len(line) <= WIDTH:
        return [line]
    lines = [f"{space}- {scalar(type_)}:"]
    for name, value in fields.items():
        if name == "layers":
            lines += [f"{space}    layers:", *entries_text(value, indent + 6)]
        else:
            lines.append(f"{space}    {scalar(name)}: {flow(value)}")
    return lines


def _nested(entry: Any) -> bool:
    return isinstance(entry, dict) and "layers" in next(iter(entry.values()))


def section_text(section: Mapping[str, Any]) -> str:
    """Write the section `checkpoint`, one rule a line."""
    lines = ["checkpoint:"]
    for kind, rules in section.items():
        if isinstance(rules, Mapping):
            lines.append(f"  {kind}:")
            lines += [f"    {scalar(key)}: {flow(escaped(rule))}" for key, rule in rules.items()]
        else:
            lines.append(f"  {kind}: {flow(escaped(rules))}")
    return "\n".join(lines) + "\n"


def flow(value: Any, outer: bool = False) -> str:
    """Write a value in one line."""
    if isinstance(value, Mapping):
        inside = ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items())
        return inside if outer else f"{{{inside}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(flow(item) for item in value)}]"
    return scalar(value)


def scalar(value: Any) -> str:
    """Write a single value so that the core schema reads the same.

    >>> scalar("no"), scalar("3"), scalar("${2 * i}"), scalar(1e-05), scalar(True)
    ('"no"', '"3"', '"${2 * i}"', '1.0e-05', 'true')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    text = str(value)
    if _PLAIN.match(text) and _is_text(text):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in quoted)


def _number(value: float) -> str:
    text = repr(value)
    if text in ("inf", "-inf", "nan"):
        return {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}[text]
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}{'' if '.' in mantissa else '.0'}e{exponent}" if e else text


def _is_text(text: str) -> bool:
    """Say whether every reader of YAML takes a word without quotes for this text."""
    if text.lower() in ("yes", "no", "on", "off", "y", "n"):
        return False
    try:
        return bool(resolve(text) == text)
    except ValueError:
        return False
