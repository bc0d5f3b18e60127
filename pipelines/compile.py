"""The compile stage: from a zoo to a graph set with splits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from graphgen import GraphSet
from pipelines.errors import PipelineError
from pipelines.settings import read_section
from pipelines.zoo import open_zoo, read_networks

SPLITS = ("train", "validation", "test")
WIDER = "wider"
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["seed", "splits"],
    "properties": {
        "seed": {"type": "integer", "minimum": 0},
        "splits": {
            "type": "object",
            "additionalProperties": False,
            "required": list(SPLITS),
            "properties": {name: {"type": "number", "minimum": 0} for name in SPLITS},
        },
        "wider": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": {"type": "number"},
                "minProperties": 1,
                "maxProperties": 1,
            },
        },
        "networks_per_shard": {"type": "integer", "minimum": 1},
    },
}


def compile_zoo(settings_file: str | Path, zoo: str | Path, out: str | Path) -> GraphSet:
    """Compile every trained network of a zoo into a graph set, and split it.

        graphs = compile_zoo("params.yaml", "out/zoo", "out/graphs")

    Splits are drawn by `seed` within each family, by the shares given. `wider` names a variable
    and a number for each family, as `cnn: {width: 10}`: networks above it are the split `wider`,
    for tests out of distribution, and in no other. Networks whose training diverged stay in the
    zoo's index and are left out here; their number is kept in the set's `about`.

    Raises `PipelineError` for a zoo without networks, and for a `wider` that does not fit it.
    """
    settings = read_section(settings_file, "compile", SCHEMA)
    index = open_zoo(zoo)
    rows = [row for row in index["networks"] if row["status"] == "trained"]
    if not rows:
        raise PipelineError(f"{zoo}: no network of this zoo was trained to the end")
    held_out = wider_networks(rows, settings.get("wider", {}))
    within = [row for row in rows if row["index"] not in held_out]
    split = draw_splits(within, settings["splits"], settings["seed"])
    split |= dict.fromkeys(held_out, WIDER)

    def networks() -> Iterator[tuple[Any, Any, dict[str, Any]]]:
        for net, weights, record in read_networks(zoo):
            if record["status"] != "trained":
                continue
            kept = ("index", "family", "parameters", "variables", "training", "metrics")
            row = {key: record[key] for key in kept}
            yield net, weights, {**row, "split": split[record["index"]]}

    about = {
        "zoo": index["hash"],
        "networks": Counter(split.values()),
        "diverged": len(index["networks"]) - len(rows),
    }
    return GraphSet.write(out, networks(), settings.get("networks_per_shard", 256), about)


def draw_splits(rows: list[dict[str, Any]], shares: dict[str, float], seed: int) -> dict[int, str]:
    """Give each network a split: shuffled within its family, cut by the shares."""
    families: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        families[row["family"]].append(row["index"])
    total = sum(shares.values())
    if total <= 0:
        raise PipelineError("`splits`: at least one share must be positive")
    result: dict[int, str] = {}
    for number, (_, members) in enumerate(sorted(families.items())):
        rng = np.random.default_rng([seed, number])
        order = rng.permutation(sorted(members))
        ends = np.cumsum([shares[name] / total for name in SPLITS]) * len(order)
        cuts = np.rint(ends).astype(int)
        for name, start, stop in zip(SPLITS, [0, *cuts[:-1]], cuts, strict=True):
            result |= {int(member): name for member in order[start:stop]}
    return result


def wider_networks(rows: list[dict[str, Any]], limits: dict[str, dict[str, float]]) -> set[int]:
    """Find the networks of each family whose variable is above its limit."""
    families = {row["family"] for row in rows}
    if limits and families != set(limits):
        raise PipelineError(
            f"`wider` has limits for {', '.join(sorted(limits))}, but the families of this zoo are "
            f"{', '.join(sorted(families))}: give each of them one"
        )
    result = set()
    for row in rows:
        for name, limit in limits.get(row["family"], {}).items():
            value = row["variables"].get(name)
            if not isinstance(value, int | float):
                raise PipelineError(
                    f"`wider`: {row['family']}: `{name}` of network {row['index']} is {value!r}, "
                    "expected a number; name a variable that the zoo draws"
                )
            if value > limit:
                result.add(int(row["index"]))
    return result
