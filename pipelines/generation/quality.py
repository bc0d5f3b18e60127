"""The quality stage: samples of all flows and baselines, measured and shown."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen import GraphSet
from graphgen.files import claim_file, write_bytes, write_json
from pipelines.errors import PipelineError
from pipelines.generation.decoded import decoded, grid_for, limited
from pipelines.generation.measures import COPIED, FLOOR, Yardstick, summarise
from pipelines.generation.neighbours import nearest
from pipelines.generation.pictures import picture
from pipelines.generation.population import (
    Population,
    Rows,
    classes_of,
    numbers_of,
    population_of,
    values_of,
)
from pipelines.generation.report import write_report
from pipelines.generation.samples import open_samples
from pipelines.generation.settings import QUALITY, check_quality
from pipelines.graphs import open_graphs
from pipelines.provenance import code_of, made_with
from pipelines.results import writing_results
from pipelines.settings import read_section

FILE = "quality.json"
DEFAULTS = {"components": 32, "copies": 0.05, "shown": 8, "seed": 0}
FEWEST = 4


def quality(
    settings_file: str | Path,
    samples: str | Path,
    graphs: str | Path,
    out: str | Path,
    report: str | Path | None = None,
    replace: bool = False,
) -> dict[str, Any]:
    """Measure every set of samples of a folder; write `quality.json` and pictures to `out`.

    With `report`, all of it also to one HTML file of that name. `results.json` says of which
    samples and graph set they are.

        found = quality("params.yaml", "out/samples", "out/graphs", "results")
        found["systems"]["gmn"]["frechet"]["mean"]

    Beside the flows and the baselines are measured `held_out`, real networks, as good as samples
    can be, and `training_networks`, copies, which every measure of copies must show.
    The set of networks held out, split `test`, is halved by `seed`: distances are to one half,
    and the other is `held_out`; of every set as many samples are used, as many as the smallest has.

    Raises `PipelineError` for samples of flows that were trained on another graph set, and
    `GraphError` for results or a report that are there already, unless `replace`.
    """
    settings = {**DEFAULTS, **read_section(settings_file, "quality", QUALITY, check_quality)}
    if report is not None:
        claim_file(report, replace)
    graph_set = open_graphs(graphs)
    population = population_of(graph_set)
    sets = sample_sets(Path(samples), graph_set)
    pictures = {str(one.index["about"]["name"]): b"" for one in sets.values()}
    files = [FILE, *map(picture_file, pictures)]
    with writing_results(Path(out), files, replace) as new:
        result = measured(settings, population, list(sets.values()), pictures)
        new.add(FILE, lambda path: write_json(path, result))
        for name, picture in pictures.items():
            new.add(picture_file(name), partial(write_bytes, data=picture))
        about = {
            "graph_set": graph_set.hash,
            "samples": {name: one.hash for name, one in sets.items()},
            "settings": settings,
            "code": code_of(__name__),
            "made_with": made_with(),
        }
        new.commit({"of": about, "parts": new.parts})
    if report is not None:
        write_report(report, result, pictures, settings)
    return result


def measured(
    settings: dict[str, Any],
    population: Population,
    sets: Sequence[GraphSet],
    pictures: dict[str, bytes],
) -> dict[str, Any]:
    """Measure sets of samples, and draw for each name in `pictures` the first set of that name."""
    points = grid_for(population.net, settings["grid"])

    def shown(values: Rows) -> Rows:
        return decoded(population.net, population.template, values, population.offset, points)

    label = label_of(sets)
    fewest = min(map(len, sets))
    yardstick, numbers, floor = prepare(population, settings, shown, label, fewest)
    rows: dict[str, list[dict[str, float]]] = {FLOOR: [], COPIED: []}
    own = None if numbers is None else numbers[floor]
    rows[FLOOR].append({"valid": 1.0, **yardstick.measure(yardstick.floor, own)})
    some = np.random.default_rng([settings["seed"], 1]).permutation(len(yardstick.train))
    rows[COPIED].append({"valid": 1.0, **yardstick.measure(yardstick.train[some])})
    for graph_set in sets:
        name = str(graph_set.index["about"]["name"])
        values = values_of(graph_set)
        found = finite(shown(values), graph_set)
        wanted = wanted_classes(population, graph_set, label)
        row = {"valid": share_valid(graph_set), **yardstick.measure(found, wanted)}
        if name not in rows:
            rows[name] = []
            pictures[name] = drawn(settings, population, values, found, yardstick)
        rows[name].append(row)
    return {
        "samples": yardstick.count,
        "training_networks": len(yardstick.train),
        "threshold": yardstick.threshold,
        "systems": {name: summarise(own) for name, own in rows.items()},
    }


def sample_sets(folder: Path, graph_set: GraphSet) -> dict[str, GraphSet]:
    """Open the sets of samples that were drawn last in a folder, or the folder if it is one.

    Raises `PipelineError` for those that have nothing to do with the graph set.
    """
    found = dict(sorted(open_samples(folder).items()))
    if not found:
        raise PipelineError(f"{folder}: no samples in this folder; run `gmn sample`")
    for one in found.values():
        about = one.index["about"]
        if about["trained_on"] != graph_set.hash:
            raise PipelineError(
                f"{one.folder}: drawn from a flow that was trained on the graph set "
                f"{about['trained_on'][:16]}, but {graph_set.folder} is {graph_set.hash[:16]}, "
                "whose test networks it may have been trained on; run `gmn flow` on it, or name "
                "the graph set of the flow"
            )
        if len(one) < FEWEST:
            raise PipelineError(
                f"{one.folder}: {len(one)} valid networks, at least {FEWEST} are "
                "needed; raise `sample: count`, or train the flow for longer"
            )
        if set(one.architectures) != set(graph_set.architectures):
            raise PipelineError(
                f"{one.folder}: networks of another architecture than those of the graph set"
            )
    return found


def finite(found: Rows, graph_set: GraphSet) -> Rows:
    """Give what networks compute; `PipelineError` where it is not finite."""
    if not np.isfinite(found).all():
        raise PipelineError(
            f"{graph_set.folder}: networks that give values which are not finite; run `gmn sample` "
            "again"
        )
    return found


def wanted_classes(
    population: Population, graph_set: GraphSet, label: str | None
) -> NDArray[np.int64] | None:
    """Give the numbers of the classes that samples were drawn for; None where there are none."""
    if label is None or not all(label in r.get("labels", {}) for r in graph_set.records):
        return None
    classes = classes_of(population, label, population.indices["train"])
    places = {value: number for number, value in enumerate(classes)}
    own = [r["labels"][label] for r in graph_set.records]
    unknown = [value for value in own if not isinstance(value, int | str) or value not in places]
    if unknown:
        raise PipelineError(
            f"{graph_set.folder}: drawn for classes of {label!r} that no training network has, "
            f"such as {str(unknown[0])[:80]!r}; compare with the graph set that the flow was "
            "trained on"
        )
    return np.array([places[value] for value in own])


def label_of(sets: Sequence[GraphSet]) -> str | None:
    """Find the label by which samples were drawn."""
    names = {name for graph_set in sets for name in graph_set.records[0].get("labels", {})}
    return min(names) if names else None


def share_valid(graph_set: GraphSet) -> float:
    """Give the share of networks that were finite and gave finite values."""
    return min(1.0, len(graph_set) / int(graph_set.index["about"]["sample"]["count"]))


def prepare(
    population: Population,
    settings: dict[str, Any],
    shown: Any,
    label: str | None,
    fewest: int,
) -> tuple[Yardstick, NDArray[np.int64] | None, list[int]]:
    """Make the yardstick; also the classes of all networks, and the networks of the floor."""
    test = population.indices["test"]
    if len(test) < 2 * FEWEST:
        raise PipelineError(
            f"{len(test)} networks held out (split `test`), at least {2 * FEWEST} are needed; "
            "raise `test` of the INRs' `signals`"
        )
    order = np.random.default_rng([settings["seed"], 0]).permutation(test)
    target, floor = order[: len(order) // 2], order[len(order) // 2 :]
    train, numbers = population.indices["train"], None
    if label is not None:
        numbers = numbers_of(population, label, classes_of(population, label, train))
    yardstick = Yardstick(
        settings["signals"],
        settings["grid"],
        shown(population.values[train]),
        shown(population.values[target]),
        shown(population.values[floor]),
        None if numbers is None else numbers[train],
        settings["components"],
        settings["copies"],
        min(fewest, len(floor)),
    )
    return yardstick, numbers, floor.tolist()


def picture_file(name: str) -> str:
    """Name the file in which the samples of a system are drawn."""
    return f"samples-{name}.png"


def drawn(
    settings: dict[str, Any],
    population: Population,
    values: Rows,
    found: Rows,
    yardstick: Yardstick,
) -> bytes:
    """Draw the first of some samples with the training networks that they are nearest to."""
    count = min(settings["shown"], len(values))
    signals = settings["signals"]
    _, places = nearest(limited(found[:count], signals), yardstick.seen)
    train = np.array(population.indices["train"])[places[:, 0]]
    return picture(
        signals,
        settings["grid"],
        population,
        {
            "sample": (values[:count], found[:count]),
            "nearest": (population.values[train], yardstick.train[places[:, 0]]),
        },
    )
