"""The index of a graph set: its schema, and what its networks may point at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphgen.errors import GraphError
from graphgen.files import Kind

INDEX = "index.json"
MOST = 2**53
NATURAL = {"type": "integer", "minimum": 0, "maximum": MOST}
SHARDS: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["file", "rows", "sha256"],
        "properties": {
            "file": {"type": "string", "pattern": r"^[A-Za-z0-9_][A-Za-z0-9_.-]*\.safetensors$"},
            "rows": NATURAL,
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        },
    },
}
NETWORKS: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["architecture", "shard", "row"],
        "properties": {
            "architecture": {"type": "string"},
            "shard": NATURAL,
            "row": NATURAL,
            "dtypes": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    },
}


def plain_networks(rows: Any) -> bool:
    """Say quickly that `NETWORKS` admits rows; where it says no, the schema finds out why."""
    if not isinstance(rows, list):
        return False
    for row in rows:
        if not isinstance(row, dict) or "dtypes" in row:
            return False
        shard, place = row.get("shard"), row.get("row")
        if (
            type(shard) is not int
            or type(place) is not int
            or type(row.get("architecture")) is not str
        ):
            return False
        if not (0 <= shard <= MOST and 0 <= place <= MOST):
            return False
    return True


ARCHITECTURES: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "required": ["resolved"],
        "properties": {
            "resolved": {"type": "object"},
            "structure": {"type": "object"},
            "needs": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    },
}
DTYPES = ["float64", "float32", "float16", "bfloat16"]
GRAPH_SET = Kind(
    "graph-metanetworks/graph-set",
    1,
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["about", "dtype", "architectures", "shards", "networks"],
        "properties": {
            "about": {"type": "object"},
            "dtype": {"enum": DTYPES},
            "architectures": ARCHITECTURES,
            "shards": SHARDS,
            "networks": NETWORKS,
        },
    },
    "`gmn compile` or graphgen.GraphSet.write",
    quick={"networks": plain_networks},
    most_bytes=1 << 30,
)


def check_places(path: Path, index: Mapping[str, Any]) -> None:
    """Raise `GraphError` for networks of an index that point at nothing."""
    rows = [entry["rows"] for entry in index["shards"]]
    for i, record in enumerate(index["networks"]):
        shard, row, key = record["shard"], record["row"], record["architecture"]
        if shard >= len(rows) or row >= rows[shard]:
            raise GraphError(
                f"{path}: networks[{i}]: got row {row} of shard {shard}, but there are "
                f"{len(rows)} shards"
                + (f", this one of {rows[shard]}" if shard < len(rows) else "")
            )
        if key not in index["architectures"]:
            raise GraphError(f"{path}: networks[{i}]: its architecture {key[:16]!r} is not there")
