"""Tables of pairs, as Markdown and as plain text."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipelines import metrics as m
from pipelines.metrics.text import aligned
from pipelines.pairs.measuring import AHEAD, LEVEL, Missing, Row
from pipelines.report.markdown import table

NOTE = (
    "What is added is a difference of the means over seeds, or, with ×, how many times smaller an "
    "error is; above 0, or ×1, the one on the left is better. In brackets are paired 95 % "
    "intervals, by a bootstrap over networks and seeds (over seeds where no networks are counted). "
    "It is **ahead** or behind where the interval leaves that out, and else level. Processor time "
    "is that of training one run and of what its views are made from, and that of the prediction "
    "for one network and of its views; trials are those of the search for settings.\n"
)
HEAD = (
    *("task", "with / without", "both see", "score", "with", "without", "it adds", ""),
    *("networks x seeds", "training s", "prediction ms", "trials"),
)
MINUS = "−"
FINEST = 1e-5
MOST_DECIMALS = 12
KEPT = "†"
OF_KEPT = f"{KEPT} kept from an earlier comparison; its results are not at hand"


def markdown(rows: Sequence[Row], missing: Sequence[Missing]) -> str:
    """Write a table for each group, and what is missing."""
    parts = []
    for group in dict.fromkeys(row.group for row in rows):
        own = [cells(row) for row in rows if row.group == group]
        parts += [f"## {capital(group)}\n", table([HEAD, *own])]
    parts.append(NOTE)
    if any(row.kept for row in rows):
        parts.append(f"{OF_KEPT}.\n")
    if missing:
        parts += [
            "## Not compared\n",
            table([("group", "task", "pair", "why"), *map(gap, missing)]),
        ]
    return "\n".join(parts)


def lines(rows: Sequence[Row], missing: Sequence[Missing]) -> list[str]:
    """Say in plain text what every pair came to, and what is missing."""
    head = ("group", "task", "with / without", "score", "it adds", "")
    found = [(r.group, titled(r), pair_of(r), label(r.score), adds(r), r.statement) for r in rows]
    kept = [OF_KEPT] if any(row.kept for row in rows) else []
    gaps = [": ".join(filter(None, (one.group, one.title, one.pair, one.why))) for one in missing]
    return [aligned([head, *found]), *kept, *(["", "not compared:"] if gaps else []), *gaps]


def cells(row: Row) -> tuple[str, ...]:
    """Give the cells of a pair's row."""
    seeds = {*row.seeds}
    count = "/".join(map(str, row.seeds)) if len(seeds) > 1 else str(row.seeds[0])
    networks = "" if row.networks is None else f"{row.networks:,} x "
    statement = f"**{row.statement}**" if row.statement == AHEAD else row.statement
    places = decimals(row)
    means = (m.number(mean, places) for mean in row.means)
    return (
        *(titled(row), pair_of(row, "`"), row.both_see, label(row.score), *means),
        *(adds(row), statement, f"{networks}{count}"),
        both(row, lambda cost: total(cost, "training", "making"), 1.0),
        both(row, lambda cost: total(cost, "prediction", "views"), 1e3),
        both(row, lambda cost: cost.get("trials"), 1.0),
    )


def adds(row: Row) -> str:
    """Write what a pair's first system adds, with its interval.

    It has as many decimals as show that an interval leaves zero, or one, out.
    """
    values = [row.gain, row.low, row.high]
    if row.ratio:
        values = [math.exp(value) for value in values]
        places = decimals_beside(1, row, values, 2)
        mean, low, high = (times(value, places) for value in values)
        return f"×{mean} [{low}, {high}]"
    fine = 1 - math.floor(math.log10(max(row.high - row.low, FINEST)))
    places = decimals_beside(0, row, values, min(max(decimals(row), fine), 6))
    mean, low, high = (plus(value, places) for value in values)
    return f"{mean} [{low}, {high}]"


def decimals_beside(neutral: int, row: Row, values: Sequence[float], least: int) -> int:
    """Count the decimals, `least` or more, by which only a level row is written as `neutral`."""
    if row.statement == LEVEL:
        return least
    enough = range(least, MOST_DECIMALS)
    shown = (n for n in enough if all(round(value, n) != neutral for value in values))
    return next(shown, MOST_DECIMALS)


def times(value: float, places: int) -> str:
    """Write a ratio."""
    return f"{value:.{places}f}" if 0.1 <= value < 10 else f"{value:.3g}"


def plus(value: float, places: int) -> str:
    """Write a number with its sign."""
    words = f"{abs(value):.{places}f}"
    sign = "" if float(words) == 0 else "+" if value > 0 else MINUS
    return sign + words


def decimals(row: Row) -> int:
    """Decimals of a pair's scores."""
    return m.decimals(
        {str(i): {row.score: {"mean": x}} for i, x in enumerate(row.means)}, row.score
    )


def both(row: Row, of: Callable[[Mapping[str, Any]], float | None], factor: float) -> str:
    """Write what both systems cost; "" where it is not known."""
    found = [of(cost) for cost in row.costs]
    if all(one is None for one in found):
        return ""
    return " / ".join("?" if one is None else f"{one * factor:.3g}" for one in found)


def total(cost: Mapping[str, Any], first: str, more: str) -> float | None:
    """Add up two kinds of cost, of which the first has to be known."""
    return None if first not in cost else float(cost[first] + cost.get(more, 0.0))


def titled(row: Row) -> str:
    """Give the title of a task, with the mark of a row that was kept."""
    return f"{row.title} {KEPT}" if row.kept else row.title


def pair_of(row: Row, quote: str = "") -> str:
    """Name the two systems."""
    return f"{quote}{row.with_it}{quote} / {quote}{row.without}{quote}"


def gap(one: Missing) -> tuple[str, ...]:
    """Give the cells of what is missing."""
    return one.group, one.title, one.pair, one.why


def label(score: str) -> str:
    """Name a score."""
    return m.LABELS.get(score, score.replace("_", " "))


def capital(text: str) -> str:
    """Begin a heading with a capital letter."""
    return text[:1].upper() + text[1:]
