"""What a benchmark leaves behind: a few lines on the screen, and one small JSON file."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from graphgen.files import write_json

FOLDER = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Measure:
    """One number, its unit, and the limit that it should stay under, if it has one."""

    value: float
    unit: str
    limit: float | None = None

    def __str__(self) -> str:
        """Three significant digits of what was measured; counts are whole."""
        if isinstance(self.value, int):
            return f"{self.value:,} {self.unit}".strip()
        value, unit = self.value, self.unit
        if unit == "s" and value < 0.1:
            value, unit = 1000 * value, "ms"
        number = f"{float(f'{value:.3g}'):,}".removesuffix(".0")
        return f"{number} {unit}".strip()

    @property
    def verdict(self) -> str:
        if self.limit is None:
            return ""
        kept = self.value < self.limit
        return f"{'under' if kept else 'MISSED:'} {self.limit:,g} {self.unit}".strip()


def peak_memory() -> int:
    """Give the largest resident memory of this process so far, in bytes.

    Not `ru_maxrss`, which a process inherits from the one that started it.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def machine() -> dict[str, str]:
    """Describe where a benchmark ran: processor, cores that it may use, versions."""
    return {
        "processor": processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "torch": version("torch"),
    }


def processor() -> str:
    """Name the processor, by its family and model where it has no better name."""
    rows = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    about = {key.strip(): value.strip() for key, _, value in (row.partition(":") for row in rows)}
    named = about.get("model name", platform.machine())
    number = f", family {about['cpu family']}, model {about['model']}" if "model" in about else ""
    return f"{named}{number}"


def save(name: str, measures: Mapping[str, Measure]) -> None:
    """Print the measures and write them to `results/<name>.json`."""
    for label, measure in measures.items():
        print(f"{label:<52} {measure!s:<20} {measure.verdict}".rstrip())
    FOLDER.mkdir(exist_ok=True)
    write_json(
        FOLDER / f"{name}.json",
        {
            "machine": machine(),
            "measures": [{"label": label, **asdict(m)} for label, m in measures.items()],
        },
    )


def load(name: str) -> tuple[str, dict[str, Measure]]:
    """Read what `save` wrote: the machine in words, and the measures by label."""
    content = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    measures = {row.pop("label"): Measure(**row) for row in content["measures"]}
    return in_words(content["machine"]), measures


def in_words(about: Mapping[str, str]) -> str:
    """Write a machine's description in a line."""
    named = {"python": "Python"}
    versions = [f"{named.get(k, k)} {about[k]}" for k in ("python", "numpy", "torch") if k in about]
    place = [f"{about['cores']} cores of {about['processor']}"] if "processor" in about else []
    return ", ".join([*versions, *place])
