"""The schemas of the settings of flows, of sampling, and of measuring what was sampled.

What no schema says is in the functions that begin with `check`.
"""

from __future__ import annotations

from math import prod
from typing import Any

import metanet
from metanet.models.flow.flow import DECIDED as DECIDED_BY_FLOWS
from pipelines.generation.baselines import BASELINES
from pipelines.generation.measures import COPIED, FLOOR
from pipelines.settings import ABOVE_ZERO, NAME, POSITIVE, PRECISION, SEED, check_distinct
from pipelines.zoo.fields import MOST, Place

DECIDED = [*DECIDED_BY_FLOWS, "classes", "editor", "frequencies", "reference"]
"""Settings of editors that a flow decides, or that stand beside them."""
EDITORS = [name for name in metanet.EDITORS.known if name != "scale_gmn"]
"""Editors that read channels beside weights."""
RESERVED = [*BASELINES, FLOOR, COPIED]
"""Names of systems that are no flows."""
ALIGNMENTS = ["none", "match"]
COORDINATES = {"curves": 1, "images": 2, "solids": 3}
MOST_NETWORKS, MOST_POINTS, MOST_FREQUENCIES = 10**7, 2**24, 1000
TRAINING: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["epochs", "batch_size", "learning_rate", "weight_decay", "gradient_norm"],
    "properties": {
        "epochs": POSITIVE,
        "batch_size": POSITIVE,
        "learning_rate": ABOVE_ZERO,
        "weight_decay": {"type": "number", "minimum": 0},
        "gradient_norm": ABOVE_ZERO,
        "precision": PRECISION,
        "average": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
    },
}
FLOW: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["seeds", "models"],
    "properties": {
        "align": {"enum": ALIGNMENTS},
        "condition": {"type": ["string", "null"]},
        "seeds": {"type": "array", "items": SEED, "minItems": 1},
        "models": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {
                **NAME,
                "not": {"enum": RESERVED},
            },
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["training"],
                "properties": {
                    "editor": {"enum": EDITORS},
                    "reference": {"type": "boolean"},
                    "principal": POSITIVE,
                    "frequencies": {**POSITIVE, "maximum": MOST_FREQUENCIES},
                    "settings": {
                        "type": "object",
                        "propertyNames": {"not": {"enum": DECIDED}},
                    },
                    "training": TRAINING,
                },
            },
        },
    },
}
SAMPLE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["count"],
    "properties": {
        "count": {**POSITIVE, "maximum": MOST_NETWORKS},
        "steps": POSITIVE,
        "method": {"enum": ["euler", "heun"]},
        "seed": SEED,
        "together": POSITIVE,
        "networks_per_shard": POSITIVE,
    },
}
QUALITY: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["signals", "grid"],
    "properties": {
        "signals": {"enum": list(COORDINATES)},
        "grid": {
            "type": "array",
            "items": {"type": "integer", "minimum": 2, "maximum": MOST},
            "minItems": 1,
            "maxItems": 3,
        },
        "components": POSITIVE,
        "copies": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "shown": POSITIVE,
        "seed": SEED,
    },
}


def check_flow(place: Place) -> None:
    """Note seeds that stand twice, and directions around a mean network that is not shown."""
    check_distinct(place / "seeds")
    for name, model in place.value["models"].items():
        if "principal" in model and not model.get("reference", False):
            (place / "models" / name / "principal").note(
                "`principal` directions are those around the mean network; set `reference: true` "
                "too",
                key=True,
            )


def check_quality(place: Place) -> None:
    """Note a grid that is not one of the signals, and one of too many points."""
    signals, grid = place.value["signals"], place.value["grid"]
    if COORDINATES[signals] != len(grid):
        (place / "grid").note(
            f"`signals` is {signals}, of {COORDINATES[signals]} coordinates, but `grid` is {grid}: "
            "give a size for each coordinate"
        )
    if prod(grid) > MOST_POINTS:
        (place / "grid").note(f"`grid` has {prod(grid)} points, expected {MOST_POINTS} at most")
