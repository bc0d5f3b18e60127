"""The union of zoos: the graph sets of several become one, each network in its own split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphgen import GraphSet
from graphgen.graph_set_writer import Network
from pipelines.errors import PipelineError
from pipelines.fingerprints import fingerprints
from pipelines.graphs import open_graphs
from pipelines.union_settings import read_settings
from pipelines.views.copying import Home, copy_views
from pipelines.views.making import Unwritten, check_makings, naming
from pipelines.views.settings import asked_views
from pipelines.views.storing import store_views
from pipelines.zoo.fields import AnySettings

SHOWN = 3


def union(
    settings_file: AnySettings,
    out: str | Path,
    replace: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
) -> GraphSet:
    """Make one graph set of those of several zoos, to train on all of them at once.

        graphs = union("union.yaml", "out/all")
        graphs.records[0]["zoo"]                      # the name of its zoo in the settings

    Networks, weights, splits and records stay as they are, but for the numbers that tell networks
    apart, `index` and `network`, which are given anew. The set's `about` has the graph set and the
    data set of each of the `zoos`. Then the views that `views` lists are kept: those that all sets
    have are copied, and the rest computed.

    What a zoo holds out as `wider` or `unseen` stays so: it is out of distribution beside the
    training networks of its own zoo. Raises `PipelineError` for a network that is in two of
    the zoos, as it would count twice, and for an exam of several data sets.
    """
    settings = read_settings(settings_file)
    sets = {name: open_graphs(zoo["graphs"]) for name, zoo in settings["zoos"].items()}
    check_sets(sets)
    check_apart(sets)
    about: dict[str, Any] = {
        "zoos": {
            name: {
                "dataset": settings["zoos"][name]["dataset"],
                "graph_set": own.hash,
                "networks": len(own),
            }
            for name, own in sets.items()
        },
        "networks": Counter(record["split"] for own in sets.values() for record in own.records),
        "diverged": sum(own.index["about"].get("diverged", 0) for own in sets.values()),
    }
    views = asked_views(settings["views"])
    homes = [(own, i) for own in sets.values() for i in range(len(own))]
    records = records_of(sets)
    with naming(str(settings_file)):
        check_makings(Unwritten(Path(out), records, {"about": about}), views)
    merged = GraphSet.write(out, networks_of(homes, records), about=about, replace=replace)
    copy_views(merged, homes, views)
    return store_views(out, views, workers, scheduler)


def records_of(sets: Mapping[str, GraphSet]) -> list[dict[str, Any]]:
    """Give the record that each network has in the merged set."""
    checkpoints = any("network" in record for own in sets.values() for record in own.records)
    first: dict[tuple[str, int], int] = {}
    records: list[dict[str, Any]] = []
    for name, own in sets.items():
        for i, record in enumerate(own.records):
            number = len(records)
            kept = {k: v for k, v in record.items() if k not in ("shard", "row", "architecture")}
            kept |= {"index": number, "zoo": name}
            if checkpoints:
                kept["network"] = first.setdefault((name, record.get("network", ~i)), number)
            records.append(kept)
    return records


def networks_of(homes: Sequence[Home], records: Sequence[dict[str, Any]]) -> Iterator[Network]:
    """Give all networks, each with its record in the merged set."""
    for (own, i), record in zip(homes, records, strict=True):
        yield own.architectures[own.records[i]["architecture"]], own[i].weights(), record


def check_sets(sets: Mapping[str, GraphSet]) -> None:
    """Raise `PipelineError` for a set that is merged already, and for one that is there twice."""
    hashes: dict[str, str] = {}
    for name, own in sets.items():
        if "zoos" in own.index["about"]:
            raise PipelineError(
                f"zoos.{name}: {own.folder} is merged of {', '.join(own.index['about']['zoos'])}; "
                "name the graph sets of these zoos"
            )
        if own.hash in hashes:
            raise PipelineError(
                f"zoos.{name}: {own.folder} is the graph set of `{hashes[own.hash]}` again; name "
                "each zoo once"
            )
        hashes[own.hash] = name


def check_apart(sets: Mapping[str, GraphSet]) -> None:
    """Raise `PipelineError` for networks that are in two zoos."""
    seen: dict[bytes, tuple[str, int]] = {}
    wrong = []
    for name, own in sets.items():
        for i, marks in enumerate(fingerprints(own, range(len(own)))):
            found = [seen[mark] for mark in marks if mark in seen and seen[mark][0] != name]
            for other, j in found[:1]:
                splits = sets[other].records[j]["split"], own.records[i]["split"]
                wrong.append(
                    f"network {j} of {other} ({splits[0]}) is network {i} of {name} ({splits[1]})"
                )
            seen |= {mark: (name, i) for mark in marks if mark not in seen}
    if wrong:
        more = f", and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise PipelineError(
            f"{'; '.join(wrong[:SHOWN])}{more}: it would count twice, or be tested on after it was "
            "trained on; leave one of these zoos out, or make it of another seed"
        )
