"""Consistency: whether the parts of a zoo's index fit each other and its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphgen.errors import GraphError
from graphgen.files.document import check_schema
from graphgen.graph_set import check_places
from pipelines.zoo.index import FULL, SPLITS
from pipelines.zoo.shards import shard_path

DEPTH = 100


def check_zoo(path: Path, index: Mapping[str, Any]) -> None:
    """Raise `GraphError` unless an index, whose schema was checked, tells of one whole zoo."""
    check_depth(path, index)
    check_places(path, index)
    settings, rows = index["zoo"], index["networks"]
    expected, size = records_of(settings), settings["networks_per_shard"]
    if len(rows) != expected:
        raise GraphError(f"{path}: networks: got {len(rows)}, but its settings make {expected}")
    if len(index["shards"]) != -(-expected // size):
        raise GraphError(
            f"{path}: shards: got {len(index['shards'])}, expected {-(-expected // size)} of "
            f"{size} networks each"
        )
    for number, shard in enumerate(index["shards"]):
        check_shard(f"{path}: shards[{number}]", number, shard, members(settings, number))
        own = rows[number * size : (number + 1) * size]
        check_rows(f"{path}: networks", settings, number, own)


def check_full(path: Path, settings: Mapping[str, Any], entry: Any) -> None:
    """Raise `GraphError` unless an entry of a progress journal tells of a full shard of a zoo."""
    check_depth(path, entry)
    rows = entry.get("networks") if isinstance(entry, dict) else None
    check_schema(path, FULL, {**entry, "zoo": settings} if isinstance(entry, dict) else entry)
    number, place = entry["number"], f"{path}: shard {entry['number']}"
    own = members(settings, number)
    if not own:
        raise GraphError(f"{place}: the zoo has {records_of(settings)} networks, and no such shard")
    check_shard(place, number, entry["shard"], own)
    check_rows(f"{place}: networks", settings, number, rows or [])
    for row in rows or []:
        if row["architecture"] not in entry["architectures"]:
            raise GraphError(f"{place}: the architecture of network {row['index']} is not there")


def check_shard(place: str, number: int, shard: Mapping[str, Any], own: range) -> None:
    """Raise `GraphError` unless a shard is the file that it has to be, with its networks."""
    name = shard_path(Path(), number).name
    if (shard["file"], shard["rows"]) != (name, len(own)):
        raise GraphError(
            f"{place}: got {shard['file']!r} of {shard['rows']} networks, expected {name!r} of "
            f"{len(own)}"
        )


def check_rows(
    place: str, settings: Mapping[str, Any], number: int, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Raise `GraphError` unless rows are those of the networks of a shard, in order."""
    own = members(settings, number)
    if len(rows) != len(own):
        raise GraphError(f"{place}: got {len(rows)} of shard {number}, expected {len(own)}")
    for at, (index, row) in enumerate(zip(own, rows, strict=True)):
        if (row["index"], row["shard"], row["row"]) != (index, number, at):
            raise GraphError(
                f"{place}[{index}]: got network {row['index']} in row {row['row']} of shard "
                f"{row['shard']}, expected {index} in row {at} of {number}"
            )
        check_row(f"{place}[{index}]", settings, row)


def check_row(place: str, settings: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    """Raise `GraphError` unless what is said of a network fits its number and its end."""
    metrics = row["metrics"]
    encodes = "signal" in row and "published" not in settings
    if row["status"] == "trained" and not encodes and None in metrics.values():
        raise GraphError(f"{place}: got {metrics} for a network that is said to have been trained")
    kept = settings.get("checkpoints", 1)
    found = {name: row.get(name) for name in ("network", "checkpoint", "checkpoints")}
    if "published" in settings:  # whose networks may have more checkpoints or fewer
        given = [value for value in found.values() if value is not None]
        if given and (len(given) < len(found) or row["checkpoint"] > row["checkpoints"]):
            raise GraphError(f"{place}: got {found}, which is no checkpoint of a network")
        return
    network, before = divmod(row["index"], kept)
    one = dict.fromkeys(found)
    wanted = {**one, "network": network, "checkpoint": before + 1, "checkpoints": kept}
    if found != (wanted if kept > 1 else one):
        raise GraphError(f"{place}: got {found}, which is not checkpoint {before + 1} of {kept}")


def members(settings: Mapping[str, Any], number: int) -> range:
    """List the numbers of the networks of a shard; none where there is no such shard."""
    size = settings["networks_per_shard"]
    return range(number * size, min((number + 1) * size, records_of(settings)))


def records_of(settings: Mapping[str, Any]) -> int:
    """Count the records that settings, as an index has them, ask for."""
    if "published" in settings:
        return int(settings["records"])
    if "signals" in settings:
        count: int = settings["copies"] * sum(settings["signals"][split] for split in SPLITS)
        return count
    return int(settings["count"] * settings.get("checkpoints", 1))


def check_depth(path: Path, data: Any) -> None:
    """Raise `GraphError` for data that nest deeper than any that are written."""
    level = [data]
    for _ in range(DEPTH):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return
    raise GraphError(f"{path}: it nests deeper than {DEPTH} levels")
