"""The quality stage: samples of all flows and baselines, measured and shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen import GraphSet
from graphgen.files import write_json
from pipelines.errors import PipelineError
from pipelines.generation.decoded import decoded, grid_for, limited
from pipelines.generation.latest import read_latest
from pipelines.generation.measures import COPIED, FLOOR, Yardstick, summarise
from pipelines.generation.neighbours import nearest
from pipelines.generation.pictures import write_pictures
from pipelines.generation.population import (
    Population,
    Rows,
    classes_of,
    numbers_of,
    read_population,
)
from pipelines.generation.report import MEANING, write_report
from pipelines.generation.settings import QUALITY, check_quality
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
) -> dict[str, Any]:
    """Measure every set of samples of a folder; write `quality.json` and pictures to `out`.

    With `report`, all of it also to one HTML file of that name.

        found = quality("params.yaml", "out/samples", "out/graphs", "results")
        found["systems"]["gmn"]["frechet"]["mean"]

    Beside the flows and the baselines are measured `held_out`, real networks, as good as samples
    can be, and `training_networks`, copies, which every measure of copies must show.
    The set of networks held out, split `test`, is halved by `seed`: distances are to one half,
    and the other is `held_out`; of every set as many samples are used, as many as the smallest has.
    """
    settings = {**DEFAULTS, **read_section(settings_file, "quality", QUALITY, check_quality)}
    population = read_population(graphs)
    sets = sample_sets(Path(samples), population)
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
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for graph_set in sets:
        about = graph_set.index["about"]
        values = shown(graph_set.values(range(len(graph_set))))
        wanted = None
        if label is not None and all(label in r["labels"] for r in graph_set.records):
            classes = classes_of(population, label, population.indices["train"])
            places = {value: number for number, value in enumerate(classes)}
            wanted = np.array([places.get(r["labels"][label], -1) for r in graph_set.records])
            if (wanted < 0).any():
                raise PipelineError(
                    f"{graph_set.folder}: drawn for classes of {label!r} that no training network "
                    f"of {graphs} has; compare with the graph set that the flow was trained on"
                )
        measured = {"valid": share_valid(graph_set), **yardstick.measure(values, wanted)}
        if about["name"] not in rows:
            rows[about["name"]] = []
            show(out, about["name"], settings, population, graph_set, values, yardstick)
        rows[about["name"]].append(measured)
    result = {
        "samples": yardstick.count,
        "training_networks": len(yardstick.train),
        "threshold": yardstick.threshold,
        "systems": {name: summarise(own) for name, own in rows.items()},
    }
    write_json(out / FILE, result)
    if report is not None:
        files = {name: picture_file(out, name) for name in rows if name not in MEANING}
        pictures = {name: file.read_bytes() for name, file in files.items()}
        write_report(report, result, pictures, settings)
    return result


def sample_sets(folder: Path, population: Population) -> list[GraphSet]:
    """Open the sets of samples that were drawn last in a folder, or the folder if it is one."""
    inside = [folder / name for name in sorted(read_latest(folder))]
    found = [GraphSet.open(path) for path in (inside or [folder])]
    for graph_set in found:
        if "sample" not in graph_set.index["about"]:
            raise PipelineError(
                f"{graph_set.folder}: not drawn from a flow; expected a folder of `gmn sample`"
            )
        if set(graph_set.architectures) - {population.net.hash}:
            raise PipelineError(
                f"{graph_set.folder}: networks of another architecture than those of the graph set"
            )
        if len(graph_set) < FEWEST:
            raise PipelineError(
                f"{graph_set.folder}: {len(graph_set)} valid networks, at least {FEWEST} are "
                "needed; raise `sample: count`, or train the flow for longer"
            )
    return found


def label_of(sets: Sequence[GraphSet]) -> str | None:
    """Find the label by which samples were drawn."""
    names = {name for graph_set in sets for name in graph_set.records[0]["labels"]}
    return min(names) if names else None


def share_valid(graph_set: GraphSet) -> float:
    """Give the share of networks that were finite and gave finite values."""
    return len(graph_set) / int(graph_set.index["about"]["sample"]["count"])


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


def picture_file(out: Path, name: str) -> Path:
    """Say where the samples of a system are drawn."""
    return out / f"samples-{name}.png"


def show(
    out: Path,
    name: str,
    settings: dict[str, Any],
    population: Population,
    graph_set: GraphSet,
    values: Rows,
    yardstick: Yardstick,
) -> None:
    """Draw the first samples of a set with the training networks that they are nearest to."""
    count = min(settings["shown"], len(values))
    signals = settings["signals"]
    _, places = nearest(limited(values[:count], signals), yardstick.seen)
    train = np.array(population.indices["train"])[places[:, 0]]
    write_pictures(
        picture_file(out, name),
        signals,
        settings["grid"],
        population,
        {
            "sample": (graph_set.values(range(count)), values[:count]),
            "nearest": (population.values[train], yardstick.train[places[:, 0]]),
        },
    )
