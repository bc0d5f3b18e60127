"""The compile stage: from a zoo to a graph set with splits."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from graphgen import GraphSet
from graphgen.graph_set_writer import Packed
from pipelines.errors import PipelineError
from pipelines.graphs import open_graphs
from pipelines.out_of_distribution import UNSEEN, WIDER, kept_out
from pipelines.settings import place_of, read_section
from pipelines.views.copying import copy_views, homes_in
from pipelines.views.making import Unwritten, check_makings, naming
from pipelines.views.settings import VIEWS, asked_views, check_views
from pipelines.views.storing import store_views
from pipelines.workers import fan_out, pieces
from pipelines.zoo import open_zoo
from pipelines.zoo.checkpoints import is_last, network_of
from pipelines.zoo.fields import AnySettings, Place
from pipelines.zoo.reading import opened_zoo

SPLITS = ("train", "validation", "test")
KEPT = (
    *("index", "family", "parameters", "variables", "training", "metrics"),
    *("network", "checkpoint", "checkpoints"),  # of networks with several checkpoints
    *("signal", "signal_split", "copy", "labels", "offset"),  # of INRs
    "source",  # of published networks
)
TOGETHER = 64
LARGEST = 1 << 22
"""Networks that a worker compiles at a time, and parameters that they have at most."""
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["seed"],
    "properties": {
        "seed": {"type": "integer", "minimum": 0},
        "splits": {
            "type": "object",
            "additionalProperties": False,
            "required": ["train", "validation"],
            "properties": {name: {"type": "number", "minimum": 0} for name in SPLITS},
        },
        UNSEEN: {"type": "array", "items": {"type": "string"}, "minItems": 1},
        WIDER: {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": {"type": "number"},
                "minProperties": 1,
                "maxProperties": 1,
            },
        },
        "networks_per_shard": {"type": "integer", "minimum": 1},
        "views": VIEWS,
    },
}


def compile_zoo(
    settings_file: AnySettings,
    zoo: str | Path,
    out: str | Path,
    replace: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    views_of: str | Path | None = None,
) -> GraphSet:
    """Compile every trained network of a zoo into a graph set, and split it.

        graphs = compile_zoo("params.yaml", "out/zoo", "out/graphs")

    Splits are drawn by `seed` within each family, by the shares given. `wider` names a variable
    and a number for each family, as `cnn: {width: 10}`: networks above it are the split `wider`,
    for tests out of distribution, and in no other. `unseen` lists families whose networks are the
    split `unseen` in the same way. Networks whose training diverged stay in the
    zoo's index and are left out here; their number is kept in the set's `about`.

    A zoo whose networks have a split of their own, as INRs have that of their signals, keeps it:
    only its `train` is cut, by the shares of `train` and `validation`, and all networks of one
    signal stay together. The set's `about` then says which `signals` they are. One that is split
    for validation too, as a published set may be, stays as it is, and takes no shares.

    Of a network with several checkpoints, all are taken for training, and the last one alone where
    it is validated or tested; a network whose last one diverged is left out.

    A graph set that is there is replaced with `replace`, once the new one is whole. Then the views
    that `views` lists are computed, and kept in its folder; those that are there of the same
    networks stay (`pipelines.views.store_views`). Those that another graph set of the same zoo
    keeps, as one with other splits, are taken over from the one that `views_of` names, but for
    views that are made from training networks.

    It is the same whatever the number of `workers` (processes; by default as many as are worth
    their start) and on a Dask `scheduler`, whose workers have to see the zoo's folder.

    Raises `PipelineError` for a zoo without networks, for a `wider` or `unseen` that does not fit
    it, for a share of `test` missing, or given to a zoo with a split of its own, for views that
    cannot be made of its training networks, and for a `views_of` that is of another zoo.
    """
    settings = read_section(settings_file, "compile", SCHEMA, check_settings)
    views = asked_views(settings.get("views", []))
    index = open_zoo(zoo)
    last = [row for row in index["networks"] if is_last(row)]
    rows = [{**row, "index": network_of(row)} for row in last if row["status"] == "trained"]
    if not rows:
        raise PipelineError(f"{zoo}: no network of this zoo was trained to the end")
    held_out = kept_out(rows, settings)
    within = [row for row in rows if row["index"] not in held_out]
    with naming(place_of(settings_file)):
        split = splits_of(within, settings.get("splits"), settings["seed"])
    split |= held_out

    chosen: list[tuple[int, dict[str, Any]]] = []
    for number, record in enumerate(index["networks"]):
        own = split.get(network_of(record))
        if own is None or record["status"] != "trained":
            continue
        if own == SPLITS[0] or is_last(record):
            row = {key: record[key] for key in KEPT if key in record}
            chosen.append((number, {**row, "split": own}))
    about: dict[str, Any] = {
        "zoo": index["hash"],
        "networks": Counter(split.values()),
        "diverged": len(last) - len(rows),
    }
    if signals := index["zoo"].get("signals"):
        about["signals"] = {**signals, "seed": index["zoo"]["seed"]}
    with naming(place_of(settings_file)):
        records = [record for _, record in chosen]
        check_makings(Unwritten(Path(out), records, {"about": about}), views)
    homes = () if views_of is None else homes_in(open_graphs(views_of), index["hash"], records)
    folder = str(zoo if scheduler is None else Path(zoo).resolve())
    weights = [record.get("parameters", 0) for _, record in chosen]
    calls = [
        (folder, index["hash"], chosen[piece.start : piece.stop])
        for piece in pieces(len(chosen), TOGETHER, weights, LARGEST)
    ]
    sizes = [len(call[2]) for call in calls]
    packed = fan_out(
        *(pack_networks, calls, workers, scheduler, [__name__], described, "compile", sizes)
    )
    made = GraphSet.write(out, packed, settings.get("networks_per_shard", 256), about, replace)
    if homes:
        copy_views(made, homes, views)
    return store_views(out, views, workers, scheduler)


def check_settings(place: Place) -> None:
    """Note what no schema says of the settings."""
    if "views" in place.value:
        check_views(place / "views")


def pack_networks(zoo: str, identity: str, chosen: list[tuple[int, dict[str, Any]]]) -> Packed:
    """Compile networks of a zoo, each by its place in the index, to be stored with its record.

    Raises `PipelineError` if the zoo is another than that of the identity.
    """
    opened = opened_zoo(zoo, identity)
    return Packed.of((*opened.network(number), record) for number, record in chosen)


def described(call: tuple[Any, ...]) -> str:
    """Say which networks a call of `pack_networks` compiles."""
    zoo, _, chosen = call
    return f"{zoo}: networks {chosen[0][0]} to {chosen[-1][0]}"


def splits_of(
    rows: list[dict[str, Any]], shares: dict[str, float] | None, seed: int
) -> dict[int, str]:
    """Give each network its split: as it is, where all three are given, else by the shares."""
    own = {row.get("split") for row in rows}
    if None in own and len(own) > 1:
        raise PipelineError("some networks of this zoo have a split, and others none")
    if SPLITS[1] in own:
        if shares is not None:
            raise PipelineError(
                "got `splits`, but the networks of this zoo are split for training, validation and "
                "tests already, and stay so: leave `splits` out"
            )
        return {row["index"]: row["split"] for row in rows}
    if shares is None:
        raise PipelineError(
            "`splits` is missing: the networks of this zoo are not all split; give the shares of "
            "`train`, `validation` and, where they are not split at all, `test`"
        )
    return (draw_splits if own <= {None} else keep_splits)(rows, shares, seed)


def draw_splits(rows: list[dict[str, Any]], shares: dict[str, float], seed: int) -> dict[int, str]:
    """Give each network a split: shuffled within its family, cut by the shares."""
    if "test" not in shares:
        raise PipelineError(
            "`splits` needs the share `test`: the networks of this zoo have no split of their own"
        )
    families: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        families[row["family"]].append(row["index"])
    result: dict[int, str] = {}
    for number, (_, members) in enumerate(sorted(families.items())):
        result |= cut(sorted(members), {name: shares[name] for name in SPLITS}, [seed, number])
    return result


def keep_splits(rows: list[dict[str, Any]], shares: dict[str, float], seed: int) -> dict[int, str]:
    """Give each network its own split, with some signals of `train` for validation."""
    if "test" in shares:
        raise PipelineError(
            "`splits` has the share `test`, but this zoo has a split of its own, "
            "which is kept: give `train` and `validation` only, by which its `train` is cut"
        )
    signals = sorted({signal_number(row) for row in rows if row["split"] == "train"})
    names = ("train", "validation")
    drawn = cut(signals, {name: shares[name] for name in names}, [seed, 0])
    return {
        row["index"]: drawn[signal_number(row)] if row["split"] == "train" else row["split"]
        for row in rows
    }


def signal_number(row: dict[str, Any]) -> int:
    """Give the number of the signal that a network encodes; of one that encodes none, its own."""
    number: int = row.get("signal", row["index"])
    return number


def cut(members: list[int], shares: dict[str, float], seed: list[int]) -> dict[int, str]:
    """Shuffle members, and cut them by the shares."""
    total = sum(shares.values())
    if total <= 0:
        raise PipelineError("`splits`: at least one share must be positive")
    order = np.random.default_rng(seed).permutation(members)
    ends = np.cumsum([share / total for share in shares.values()]) * len(order)
    cuts = np.rint(ends).astype(int)
    parts = zip(shares, [0, *cuts[:-1]], cuts, strict=True)
    return {int(member): name for name, start, stop in parts for member in order[start:stop]}
