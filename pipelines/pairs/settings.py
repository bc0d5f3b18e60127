"""The tasks whose results are compared in pairs: their schema, and how a file of them is read."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.metrics import SCORES
from pipelines.metrics.outcomes import PREDICTED, TRUE
from pipelines.metrics.predictions import ABOUT
from pipelines.settings import find_section
from pipelines.zoo.fields import Place
from spec import SpecError

SECTION = "tasks"
HIGHER, LOWER = "higher", "lower"
SCALES = DIFFERENCE, RATIO, GEOMETRIC = "difference", "ratio", "geometric"
"""Of means, or the ratio of geometric means over networks."""
SPLIT = "test"
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
            "scale": {"enum": [*SCALES]},
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

    @property
    def words(self) -> str:
        """Name both."""
        return f"{self.with_it} / {self.without}"


@dataclass(frozen=True)
class Task:
    """A task: where its results are, and what is compared in them.

    `better` is of scores of which `pipelines.metrics.SCORES` does not know it, `scale` of all.
    `place` is where the file says it, for messages.
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
        return self.better == LOWER if (known := higher(score)) is None else not known

    def scale_of(self, score: str) -> str:
        """Say how the two are compared."""
        return self.scale or (RATIO if score in ERRORS else DIFFERENCE)

    def way(self, score: str) -> dict[str, str]:
        """Say all that changes what a pair comes to by a score."""
        better = LOWER if self.lower(score) else HIGHER
        return {"split": self.split, "better": better, "scale": self.scale_of(score)}


def higher(score: str) -> bool | None:
    """Say whether a higher score is better; None where it is not known."""
    known = SCORES.get(score)
    return None if known is None else known.higher


def wrong(place: Place, message: str) -> SpecError:
    """Give the error at a place of the file."""
    place.note(message)
    return SpecError(place.problems)


def read_tasks(path: str | os.PathLike[str]) -> list[Task]:
    """Read tasks from YAML; `SpecError` has the place of all that is wrong."""
    place = find_section(Path(path), SECTION, SCHEMA, check)
    return [
        Task(
            *(own["title"], own["group"], own["results"], own.get("split", SPLIT)),
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
        check_scores(place / number, own)
        for i, pair in enumerate(own["pairs"]):
            here = place / number / "pairs" / i
            if pair["with"] == pair["without"]:
                here.note(f"compares {pair['with']!r} with itself; name two systems")
            key = (own["group"], own["title"], pair["with"], pair["without"])
            if key in seen:
                here.note(
                    f"task {own['title']!r} of {own['group']!r} compares {pair['with']!r} and "
                    f"{pair['without']!r} twice; give another title, or remove one"
                )
            seen[key] = number


def check_scores(place: Place, own: Mapping[str, Any]) -> None:
    """Note what is no score, scores that stand twice, and a `better` that is missing or idle."""
    scores: Sequence[str] = own["scores"]
    known = [name for name in scores if higher(name) is not None]
    if "better" in own and len(known) == len(scores):
        (place / "better").note(
            f"`better` is of scores of which it is not known, and of {', '.join(known)} it is; "
            "leave it out"
        )
    for i, name in enumerate(scores):
        here = place / "scores" / i
        if name in ABOUT or name.startswith((f"{TRUE} ", f"{PREDICTED} ")):
            here.note(
                f"{name!r} is no score: it says which network a prediction is of, or what was "
                "predicted; name a score, or a column of measures"
            )
        elif name in scores[:i]:
            here.note(f"`scores` has {name!r} twice")
        elif name not in known and "better" not in own:
            judged = [n for n in SCORES if higher(n) is not None]
            here.note(
                f"of the score {name!r} it is not known whether higher is better; add "
                f"`better: higher` or `better: lower`, or name one of {', '.join(judged)}"
            )
