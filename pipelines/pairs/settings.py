"""The tasks whose results are compared in pairs: their schema, and how a file of them is read."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.metrics import SCORES
from pipelines.settings import find_section
from pipelines.zoo.fields import Place

SECTION = "tasks"
HIGHER, LOWER = "higher", "lower"
DIFFERENCE, RATIO, GEOMETRIC = "difference", "ratio", "geometric"
"""Of means, or the ratio of geometric means over networks."""
ERRORS = ("mse", "mae")
"""Known scores that are compared by their ratio."""
TEXT: dict[str, Any] = {"type": "string", "pattern": r"^[^\s|][^|\n\r]{0,199}\Z"}
SCHEMA: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["title", "group", "results", "scores", "pairs"],
        "properties": {
            "title": TEXT,
            "group": TEXT,
            "results": {"type": "string", "minLength": 1, "pattern": r"^[^\x00]*\Z"},
            "split": TEXT,
            "scores": {"type": "array", "items": TEXT, "minItems": 1},
            "better": {"enum": [HIGHER, LOWER]},
            "scale": {"enum": [DIFFERENCE, RATIO, GEOMETRIC]},
            "pairs": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["with", "without"],
                    "properties": {"with": TEXT, "without": TEXT, "both_see": TEXT},
                },
            },
        },
    },
}


@dataclass(frozen=True)
class Pair:
    """Two systems by their names in results: with what is asked about, and without it."""

    with_it: str
    without: str
    both_see: str = ""


@dataclass(frozen=True)
class Task:
    """A task: where its results are, and what is compared in them.

    `better` and `scale` are of scores that are not in `pipelines.metrics.SCORES`. `place` is where
    the file says it, for messages.
    """

    title: str
    group: str
    results: str
    split: str
    scores: tuple[str, ...]
    pairs: tuple[Pair, ...]
    better: str | None
    scale: str | None
    root: Path
    place: Place

    @property
    def folder(self) -> Path:
        """The folder of its results."""
        return Path(os.path.normpath(self.root / self.results))

    def lower(self, score: str) -> bool:
        """Say whether lower is better."""
        known = SCORES.get(score)
        return self.better == LOWER if self.better or known is None else known.higher is False

    def by_ratio(self, score: str) -> bool:
        """Say whether the two are compared by their ratio, and not by their difference."""
        return self.scale != DIFFERENCE if self.scale else score in ERRORS


def read_tasks(path: str | os.PathLike[str]) -> list[Task]:
    """Read tasks from YAML; `SpecError` has the place of all that is wrong."""
    place = find_section(Path(path), SECTION, SCHEMA, check)
    return [
        Task(
            *(own["title"], own["group"], own["results"], own.get("split", "test")),
            tuple(own["scores"]),
            tuple(Pair(p["with"], p["without"], p.get("both_see", "")) for p in own["pairs"]),
            own.get("better"),
            own.get("scale"),
            Path(path).parent,
            place / number,
        )
        for number, own in enumerate(place.value)
    ]


def check(place: Place) -> None:
    """Note what is compared with itself or twice, and scores of which the better is not known."""
    seen: dict[tuple[Any, ...], int] = {}
    for number, own in enumerate(place.value):
        check_scores(place / number / "scores", own)
        for i, pair in enumerate(own["pairs"]):
            here = place / number / "pairs" / i
            if pair["with"] == pair["without"]:
                here.note(f"compares {pair['with']!r} with itself; name two systems")
            key = (own["group"], own["title"], own.get("split"), pair["with"], pair["without"])
            if key in seen:
                here.note(
                    f"task {own['title']!r} of {own['group']!r} compares {pair['with']!r} and "
                    f"{pair['without']!r} twice; give another title, or remove one"
                )
            seen[key] = number


def check_scores(place: Place, own: Mapping[str, Any]) -> None:
    """Note scores that stand twice, and those that need `better`."""
    scores: Sequence[str] = own["scores"]
    for i, name in enumerate(scores):
        known = SCORES.get(name)
        if name in scores[:i]:
            (place / i).note(f"`scores` has {name!r} twice")
        elif (known is None or known.higher is None) and "better" not in own:
            judged = [n for n, score in SCORES.items() if score.higher is not None]
            (place / i).note(
                f"of the score {name!r} it is not known whether higher is better; add "
                f"`better: higher` or `better: lower`, or name one of {', '.join(judged)}"
            )
