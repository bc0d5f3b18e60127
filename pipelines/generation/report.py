"""The report of generated networks: one HTML page with the answer, measures and pictures."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphgen.files import write_bytes
from pipelines.generation.measures import COPIED, FLOOR
from pipelines.report.blocks import (
    Cell,
    Column,
    Details,
    Note,
    Picture,
    Row,
    Section,
    Sheet,
    Table,
)

TITLE = "Generated networks"
MEANING = {
    FLOOR: "real networks that were held out, as many: as good as networks can be",
    COPIED: "copies of training networks, which every measure of copies has to show",
}


def write_report(
    file: str | os.PathLike[str],
    result: Mapping[str, Any],
    pictures: Mapping[str, bytes],
    settings: Mapping[str, Any],
) -> Path:
    """Write the report of what `quality` measured as one self-contained HTML file; give its path.

        write_report("out/report.html", result, {"gmn": png}, settings)

    `pictures` are PNGs by the name of the system. Equal arguments give equal bytes.
    """
    from pipelines.report.page import document

    text = json.dumps(settings, indent=2, sort_keys=True)
    sections = [
        measures(result),
        *(drawn(name, picture) for name, picture in pictures.items()),
        Section("Settings", [Details("All settings", text)]),
    ]
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, document(TITLE, [answer(result)], sections).encode())
    return path


def answer(result: Mapping[str, Any]) -> str:
    """Say how near the best system comes to real networks, and whether it copies."""
    systems = result["systems"]
    own = {name: row for name, row in systems.items() if name not in MEANING}
    best = min(own, key=lambda name: float(own[name]["frechet"]["mean"]))
    row, floor = own[best], systems[FLOOR]
    distance = row["frechet"]["mean"]
    times, against_train = (
        distance / max(systems[name]["frechet"]["mean"], 1e-12) for name in (FLOOR, COPIED)
    )
    spread = row["diversity"]["mean"] / max(floor["diversity"]["mean"], 1e-12)
    copied, expected = row["copies"]["mean"], floor["copies"]["mean"]
    return (
        f"The networks of {best} are nearest to real ones: their Fréchet distance is "
        f"{distance:.4g}, {times:.2g} times that of networks held out, and {against_train:.2g} "
        "times that of the training networks themselves. They are "
        f"{spread:.0%} as diverse as those held out, {row['valid']['mean']:.1%} are valid, and "
        f"{copied:.1%} count as copies of training networks, of real ones {expected:.1%}."
    )


def measures(result: Mapping[str, Any]) -> Section:
    """Lay out all measures of all systems, with deviations over seeds."""
    systems = result["systems"]
    names = list(dict.fromkeys(name for row in systems.values() for name in row))
    rows = [Row(name, [shown(row.get(one)) for one in names]) for name, row in systems.items()]
    columns = [Column(name.replace("_", " ")) for name in names]
    remark = (
        f"Each system is measured by {result['samples']} networks, against as many that were held "
        f"out and {result['training_networks']} training networks; a copy is nearer to one of "
        f"these than {result['threshold']:.3g}."
    )
    remarks = [f"{name}: {what}." for name, what in MEANING.items()]
    table = Table("Measures of each system", "system", columns, rows)
    return Section("Measures", [table, *map(Note, [*remarks, remark])])


def shown(measure: Mapping[str, Any] | None) -> Cell:
    """Give a mean, and the deviation where there are several seeds."""
    if measure is None:
        return Cell("")
    deviation = f"± {measure['std']:.2g}" if len(measure["seeds"]) > 1 else ""
    return Cell(f"{measure['mean']:.4g}", measure["mean"], deviation)


def drawn(name: str, picture: bytes) -> Section:
    """Show samples of a system over the training networks that they are nearest to."""
    what = f"Samples of {name}, and below each the training network that it is nearest to"
    image = Picture(what, png=base64.b64encode(picture).decode())
    return Section(name, [Sheet(image), Note(f"{what}.")])
