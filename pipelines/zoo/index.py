"""The index of a zoo: what its folder holds, and by what it was made."""

from __future__ import annotations

from typing import Any

from graphgen.files import Kind
from graphgen.graph_set import ARCHITECTURES, NATURAL, SHARDS
from pipelines.provenance import MADE_WITH

INDEX = "index.json"
SPLITS = ["train", "test"]
COUNT = {**NATURAL, "minimum": 1}
SIZE = {"type": "integer", "minimum": 1}
NUMBER = {"type": "number", "minimum": -1e300, "maximum": 1e300}
MEASURED = {**NUMBER, "type": ["number", "null"]}
FRACTION = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
DECIBELS = {"type": ["number", "null"], "minimum": -1e4, "maximum": 1e4}
SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
COLUMN = r"^values\.(bool|bfloat16|float(16|32|64)|u?int(8|16|32|64))$"
WORD = {"type": "string", "minLength": 1}
MAPPING = {"type": "object"}


def mapping(properties: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """Give the schema of a mapping with these properties, and perhaps with the optional ones."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": {**properties, **(optional or {})},
    }


FAMILY = {
    "family": WORD,
    "weight": {**NUMBER, "exclusiveMinimum": 0},
    "variables": MAPPING,
    "description": MAPPING,
}
CLASSIFIERS = mapping(
    {
        "dataset": WORD,
        "count": COUNT,
        "seed": {"type": "integer", "minimum": 0},
        "networks_per_shard": SIZE,
        "train_samples": {"type": ["integer", "null"], "minimum": 1},
        "test_samples": {"type": ["integer", "null"], "minimum": 1},
        "architectures": {"type": "array", "minItems": 1, "items": mapping(FAMILY)},
        "training": MAPPING,
    },
    {"checkpoints": COUNT},
)
INRS = mapping(
    {
        "signals": {
            "type": "object",
            "required": ["name", *SPLITS],
            "properties": {"name": WORD, **dict.fromkeys(SPLITS, NATURAL)},
        },
        "copies": COUNT,
        "same_initial_weights": {"type": "boolean"},
        "seed": {"type": "integer", "minimum": 0},
        "architecture": mapping(FAMILY),
        "convention": WORD,
        "fit": MAPPING,
        "together": SIZE,
        "networks_per_shard": SIZE,
    }
)
PUBLISHED = mapping(
    {
        "published": {"type": "object", "required": ["set"], "properties": {"set": WORD}},
        "count": {"type": ["integer", "null"], "minimum": 1},
        "seed": {"type": "integer", "minimum": 0},
        "networks_per_shard": SIZE,
        "records": COUNT,
        "source": SHA256,
    },
    {"signals": {"type": "object", "required": ["name"], "properties": {"name": WORD}}},
)
EVERY = {
    "index": NATURAL,
    "family": WORD,
    "architecture": SHA256,
    "parameters": NATURAL,
    "status": {"enum": ["trained", "diverged"]},
    "sha256": SHA256,
}
CLASSIFIER = {
    **EVERY,
    "variables": MAPPING,
    "training": MAPPING,
    "metrics": {
        "type": "object",
        "required": ["test_accuracy"],
        "properties": {"test_accuracy": FRACTION},
        "additionalProperties": MEASURED,
    },
}
CHECKPOINT = {"network": NATURAL, "checkpoint": COUNT, "checkpoints": COUNT}
INR = {
    **EVERY,
    "split": {"enum": SPLITS},
    "signal": NATURAL,
    "copy": NATURAL,
    "labels": MAPPING,
    "offset": NUMBER,
    "metrics": {
        "type": "object",
        "required": ["psnr"],
        "properties": {"psnr": DECIBELS},
        "additionalProperties": MEASURED,
    },
}
STORED = {
    **EVERY,
    "source": WORD,
    "variables": MAPPING,
    "training": MAPPING,
    "metrics": {
        "type": "object",
        "properties": {"test_accuracy": FRACTION},
        "additionalProperties": MEASURED,
    },
}
TOLD = {
    **CHECKPOINT,
    "split": {"enum": ["train", "validation", "test"]},
    "signal": NATURAL,
    "signal_split": {"enum": SPLITS},
    "copy": NATURAL,
    "labels": MAPPING,
    "offset": NUMBER,
}
"""What a published set may tell of a network."""
PLACE = {"shard": NATURAL, "row": NATURAL}
ABOUT = {
    "if": {"type": "object", "required": ["source"]},
    "then": mapping(STORED, TOLD),
    "else": {
        "if": {"type": "object", "required": ["signal"]},
        "then": mapping(INR),
        "else": mapping(CLASSIFIER, CHECKPOINT),
    },
}


def _rows(
    zoo: dict[str, Any], row: dict[str, Any], optional: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Give the schema of a zoo's settings, and that of its networks."""
    return {"properties": {"zoo": zoo, "networks": {"items": mapping({**row, **PLACE}, optional)}}}


def _settings_with(name: str) -> dict[str, Any]:
    return {"properties": {"zoo": {"type": "object", "required": [name]}}}


ROWS = {
    "if": _settings_with("published"),
    "then": _rows(PUBLISHED, STORED, TOLD),
    "else": {
        "if": _settings_with("signals"),
        "then": _rows(INRS, INR),
        "else": _rows(CLASSIFIERS, CLASSIFIER, CHECKPOINT),
    },
}
MADE = mapping({"code": WORD, "how": MAPPING, "with": MADE_WITH})
MAKER = "`gmn zoo` or `gmn inrs`"
ZOO = Kind(
    "graph-metanetworks/zoo",
    1,
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["zoo", "architectures", "shards", "networks"],
        "properties": {
            "zoo": {"type": "object"},
            "made": MADE,
            "architectures": ARCHITECTURES,
            "shards": SHARDS,
            "networks": {"type": "array", "minItems": 1},
        },
        "allOf": [ROWS],
    },
    MAKER,
)
BEGUN = Kind("a zoo begun", 1, mapping({"zoo": MAPPING}, {"made": MADE}), MAKER)
"""What an unfinished zoo keeps of that by which it is made."""
FULL = Kind(
    "a full shard",
    1,
    {
        **mapping(
            {
                "number": NATURAL,
                "shard": SHARDS["items"],
                "architectures": {"type": "object", "additionalProperties": MAPPING},
            },
            {"zoo": MAPPING, "networks": {"type": "array", "minItems": 1}},
        ),
        "allOf": [ROWS],
    },
    MAKER,
)
"""What an unfinished zoo keeps of a full shard."""
RECORD = Kind(
    "a network of a zoo",
    1,
    mapping(
        {
            "about": ABOUT,
            "resolved": MAPPING,
            "columns": {
                "type": "object",
                "additionalProperties": False,
                "patternProperties": {COLUMN: NATURAL},
            },
        }
    ),
    MAKER,
)
