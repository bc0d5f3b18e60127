"""The settings of the stage that fits a predictor of accuracy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.settings import NAME, POSITIVE, SEED, find_section
from pipelines.zoo.fields import Place

SECTION = "fit"
SETS = {"type": "object", "propertyNames": NAME, "additionalProperties": {"type": "string"}}
WORDS = {"type": "array", "items": {"type": "string"}}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["target", "graphs", "held_out"],
    "properties": {
        "target": {"type": "string"},
        "graphs": SETS,
        "held_out": SETS,
        "networks": POSITIVE,
        "predictor": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "folds": {"type": "integer", "minimum": 2, "maximum": 100},
                "repeats": {"type": "integer", "minimum": 1, "maximum": 100},
                "trees": {**POSITIVE, "maximum": 10_000},
                "leaves": {"type": "integer", "minimum": 2, "maximum": 1024},
                "controls": {"type": "number", "minimum": 0, "maximum": 1},
                "seed": SEED,
            },
        },
        "about": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string"},
                "what": {"type": "string"},
                "data": WORDS,
                "limits": WORDS,
            },
        },
    },
}


def read_settings(path: str | Path) -> dict[str, Any]:
    """Read the section `fit`, with the folders of graph sets as they are seen from here.

        read_settings("params.yaml")["graphs"]["digits"]

    Raises `SpecError` with the place of every mistake.
    """
    section: dict[str, Any] = find_section(path, SECTION, SCHEMA, check).value
    own = {
        key: {name: str(Path(path).parent / place) for name, place in section[key].items()}
        for key in ("graphs", "held_out")
    }
    return {"predictor": {}, "about": {}, "networks": None, **section, **own}


def check(place: Place) -> None:
    """Note that there is nothing to learn from."""
    if not place.value["graphs"]:
        (place / "graphs").note(
            "`graphs` is empty, expected a name for each graph set: `{digits: out/graphs}`"
        )
