"""The barriers stage: pairs of networks are trained, brought close, and the line is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import spec
from graphgen.files import write_bytes, write_json
from graphgen.sources import architecture_from
from pipelines.barriers.measuring import WAYS, barriers
from pipelines.barriers.settings import SECTION, read_settings
from pipelines.barriers.training import examples, test_loss, trained
from pipelines.progress import progress
from pipelines.provenance import code_of, made_with
from pipelines.report.markdown import table
from pipelines.results import writing_results
from pipelines.settings import folder_of
from pipelines.zoo.fields import AnySettings
from spec import Architecture

BARRIERS, TABLE = "barriers.json", "table.md"
Found = dict[str, list[dict[str, Any]]]


def measure_barriers(settings_file: AnySettings, out: str | Path, replace: bool = False) -> Found:
    """Train pairs of networks from different starts, and measure the barriers between them.

        found = measure_barriers("params.yaml", "out/barriers")
        found["mlp"][0]["ways"]["permutations"]["heights"]["plain"]

    Of each network and pair: the losses of both on the test, and by `WAYS` the losses on the line
    between them. Writes `barriers.json` and `table.md`. Raises `SpecError` for settings that are
    wrong, `GraphError` for results that are there already, unless `replace`.
    """
    settings = read_settings(settings_file)
    folder = folder_of(settings_file)
    nets = {name: network(folder, one) for name, one in settings["networks"].items()}
    data = {name: examples(one["data"], nets[name]) for name, one in settings["networks"].items()}
    found: Found = {}
    with (
        writing_results(Path(out), (BARRIERS, TABLE), replace) as new,
        progress("barriers", "pair", settings["pairs"] * len(nets)) as shown,
    ):
        for name, net in nets.items():
            for pair in range(settings["pairs"]):
                seeds = [settings["seed"] + 2 * pair + k for k in (0, 1)]
                a, b = (trained(net, settings["networks"][name], data[name], s) for s in seeds)
                found.setdefault(name, []).append({
                    "seeds": seeds,
                    "losses": [test_loss(net, weights, data[name]) for weights in (a, b)],
                    "ways": barriers(net, a, b, data[name], settings["points"]),
                })  # fmt: skip
                shown.update()
        new.add(BARRIERS, lambda path: write_json(path, found))
        new.add(TABLE, lambda path: write_bytes(path, "\n".join(tables(found)).encode()))
        about = {SECTION: settings, "code": code_of(__name__), "made_with": made_with()}
        new.commit({"of": about, "parts": new.parts})
    return found


def network(folder: Path, settings: Mapping[str, Any]) -> Architecture:
    """Read an architecture of the settings: a file beside them, or a reference network."""
    file = folder / settings["architecture"]
    variables = settings.get("variables", {})
    if file.is_file():
        return spec.load(file, **variables)
    if settings["architecture"] in spec.names():
        return spec.load(settings["architecture"], **variables)
    return architecture_from(file, "architecture")


def tables(found: Found) -> Sequence[str]:
    """Write a table of the barriers as they are, and one with renormalised statistics."""
    head = ("network", "loss of the ends", *WAYS)
    written = []
    for kind in ("plain", "renormalised"):
        rows: list[tuple[str, ...]] = [head]
        for name, pairs in found.items():
            losses = mean(loss for pair in pairs for loss in pair["losses"])
            cells = []
            for way in WAYS:
                own = [p["ways"][way]["heights"][kind] for p in pairs if way in p["ways"]]
                spread = f"{mean(own):.2f} ({min(own):.2f} to {max(own):.2f})" if own else ""
                cells.append(spread)
            rows.append((name, f"{losses:.2f}", *cells))
        written.append(table(rows))
    return written
