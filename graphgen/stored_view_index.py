"""The index of a stored view: its schema, and what it has to fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphgen.errors import GraphError
from graphgen.files import Kind
from graphgen.files.sealed import PARTS, parts_of
from graphgen.graph_set_index import NATURAL

NETWORK, NODE = "network", "node"
NAME = r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}\Z"
HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
NETWORKS = {"type": "array", "items": NATURAL, "minItems": 1}
SECONDS = {"type": "number", "minimum": 0, "maximum": 1e15}
FILE = {"type": "string", "maxLength": 200}
VIEW = Kind(
    "graph-metanetworks/view",
    1,
    {
        "type": "object",
        "additionalProperties": False,
        "required": [
            "name", "view", "level", "columns", "options", "dtype", "graph_set", "code",
            "identity", "seconds", "shards", "parts",
        ],
        "properties": {
            "name": {"type": "string", "pattern": NAME},
            "view": {"type": "string", "pattern": NAME},
            "level": {"enum": [NETWORK, NODE]},
            "columns": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
            "options": {"type": "object"},
            "dtype": {"enum": ["float32", "float64"]},
            "graph_set": HASH,
            "code": HASH,
            "identity": HASH,
            "seconds": {
                "type": "object",
                "additionalProperties": False,
                "required": ["make", "compute"],
                "properties": {"make": SECONDS, "compute": SECONDS},
            },
            "made_of": {
                "type": "object",
                "additionalProperties": False,
                "required": ["target", "networks", "content"],
                "properties": {
                    "target": {"type": "string"},
                    "networks": NETWORKS,
                    "content": {"type": "array", "items": HASH, "minItems": 1},
                },
            },
            "state": FILE,
            "shards": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["file", "networks"],
                    "properties": {"file": FILE, "networks": NETWORKS},
                },
            },
            "parts": PARTS,
        },
    },
    "`gmn compile`, with the view among `compile: views:`",
    most_bytes=1 << 30,
)  # fmt: skip


def check_index(path: Path, index: dict[str, Any], name: str, of: str, networks: int) -> None:
    """Raise `GraphError` unless an index is that of the view `name` of the graph set `of`."""
    if index["name"] != name:
        raise GraphError(f"{path}: is of the view {index['name']!r}, but lies in {name!r}")
    if index["graph_set"] != of:
        raise GraphError(
            f"{path}: is of the graph set {index['graph_set'][:16]}, which is not the one here, "
            f"{of[:16]}; `gmn compile` makes it again"
        )
    files = [shard["file"] for shard in index["shards"]]
    files += [index["state"]] if "state" in index else []
    if sorted(files) != sorted(parts_of(index)):
        raise GraphError(
            f"{path}: `shards` and `state` name {', '.join(files[:8])}, but the parts are "
            f"{', '.join(sorted(parts_of(index))[:8])}"
        )
    places = sorted(i for shard in index["shards"] for i in shard["networks"])
    if places != list(range(networks)):
        raise GraphError(
            f"{path}: its shards name {len(places)} networks, expected each of the {networks} of "
            "the graph set once"
        )
    made_of = index.get("made_of", {"networks": [], "content": []})
    outside = [i for i in made_of["networks"] if i >= networks]
    if outside or len(made_of["networks"]) != len(made_of["content"]):
        raise GraphError(
            f"{path}: `made_of` names {len(made_of['networks'])} networks, "
            f"{len(outside)} of them outside the graph set, and {len(made_of['content'])} hashes; "
            "expected a hash for each, of networks of the set"
        )
