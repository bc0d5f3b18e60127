"""What reports are made of, before they become HTML: sections of blocks, all plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class Cell:
    """A cell of a table, which sorts by `value`, or by its text.

    `more` stands smaller behind the text; `standing` is "first", "level" or "" among its column;
    `network` is the network whose record a click shows.
    """

    text: str = "–"
    value: float | None = None
    more: str = ""
    standing: str = ""
    network: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table: its label, what is smaller beside it, and what it has in common."""

    label: str
    small: str = ""
    group: str = ""
    words: bool = False


@dataclass(frozen=True)
class Row:
    """A row of a table under its name; `last` ones stay below, however the others are sorted."""

    name: str
    cells: Sequence[Cell]
    symbol: int | None = None
    last: bool = False


@dataclass(frozen=True)
class Table:
    """A table whose rows have names; `head` says of what."""

    kind: ClassVar[str] = "table"
    label: str
    head: str
    columns: Sequence[Column]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Note:
    """A remark."""

    kind: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Chart:
    """A chart: what `scripts/charts.js` draws, its caption, and a text that stands for it."""

    title: str
    description: str
    spec: Mapping[str, Any]
    detail: str = ""


@dataclass(frozen=True)
class Charts:
    """Charts side by side; `size` is "", "small" or "wide"."""

    kind: ClassVar[str] = "charts"
    charts: Sequence[Chart]
    size: str = ""


@dataclass(frozen=True)
class Legend:
    """What symbols or lines stand for: a name, the number of its colour, and if it is dashed."""

    kind: ClassVar[str] = "legend"
    label: str
    lines: Sequence[tuple[str, int, bool]]


@dataclass(frozen=True)
class Families:
    """The legend of families, each of which can be hidden, with numbers of their colours."""

    kind: ClassVar[str] = "families"
    families: Sequence[tuple[str, int]]


@dataclass(frozen=True)
class Seeds:
    """A choice of what is drawn of several seeds."""

    kind: ClassVar[str] = "seeds"
    seeds: Sequence[int]


@dataclass(frozen=True)
class Picture:
    """An image as a PNG in base64, or a curve by its points, with the text that stands for it."""

    description: str
    png: str = ""
    points: str = ""


@dataclass(frozen=True)
class Pictures:
    """A table of pictures, in rows with names."""

    kind: ClassVar[str] = "pictures"
    label: str
    rows: Sequence[tuple[str, Sequence[Picture]]]


@dataclass(frozen=True)
class Sheet:
    """One large picture."""

    kind: ClassVar[str] = "sheet"
    picture: Picture


@dataclass(frozen=True)
class Facts:
    """Names and what they are, one below the other."""

    kind: ClassVar[str] = "facts"
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Details:
    """A text that is shown as it is when asked for."""

    kind: ClassVar[str] = "details"
    title: str
    text: str


Block = (
    Table | Note | Heading | Charts | Legend | Families | Seeds | Pictures | Sheet | Facts | Details
)


@dataclass(frozen=True)
class Section:
    """A section under its title."""

    title: str
    blocks: Sequence[Block] = field(default=())
