"""The index of a zoo: what its folder holds, and by what it was made."""

from __future__ import annotations

from typing import Any

from graphgen.files import Kind
from graphgen.graph_set import ARCHITECTURES, NATURAL, NETWORKS, SHARDS
from pipelines.provenance import MADE_WITH

INDEX = "index.json"
METRICS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {"type": ["number", "null"]},
}
ROW: dict[str, Any] = {
    "type": "object",
    "required": ["index", "family", "architecture", "status", "metrics", "sha256", "shard", "row"],
    "properties": {
        **NETWORKS["items"]["properties"],
        "index": NATURAL,
        "family": {"type": "string"},
        "status": {"enum": ["trained", "diverged"]},
        "metrics": METRICS,
        "parameters": NATURAL,
        "variables": {"type": "object"},
        "training": {"type": "object"},
        "labels": {"type": "object"},
        "split": {"type": "string"},
        "sha256": {"type": "string"},
        "network": NATURAL,
        "checkpoint": NATURAL,
        "checkpoints": NATURAL,
        "signal": NATURAL,
        "copy": NATURAL,
        "offset": {"type": "number"},
    },
}
MADE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["code", "how", "with"],
    "properties": {"code": {"type": "string"}, "how": {"type": "object"}, "with": MADE_WITH},
}
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
            "networks": {"type": "array", "items": ROW},
        },
    },
    "`gmn zoo` or `gmn inrs`",
)
