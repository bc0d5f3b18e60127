"""Compiling in fresh processes, so that the time is that of a first call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

from result import Measure

PARTS = {
    "yaml": "load the YAML and expand it",
    "template": "lower to a template and check it",
    "open": "map the file and read its header",
    "bind": "bind views of the weights",
    "verify": "verify the graph",
}
HERE = Path(__file__).resolve().parent
RUNS = 9


def measure(
    yaml: Path,
    variables: dict[str, object],
    weights: Path,
    second_limit: float,
    megabyte_limit: float,
) -> dict[str, Measure]:
    """Compile in `RUNS` new processes; give the median seconds and the largest memory."""
    command = [sys.executable, str(HERE / "compile_once.py")]
    command += [str(yaml), json.dumps(variables), str(weights)]
    path = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path}
    runs = [
        json.loads(subprocess.check_output(command, text=True, env=environment))
        for _ in range(RUNS)
    ]
    parts = {name: median(run["seconds"][name] for run in runs) for name in PARTS}
    return {
        "parameters": Measure(runs[0]["parameters"], ""),
        "edges": Measure(runs[0]["edges"], ""),
        "nodes": Measure(runs[0]["nodes"], ""),
        "blocks": Measure(runs[0]["blocks"], ""),
        "file": Measure(weights.stat().st_size / 1e6, "MB"),
        "compile and verify": Measure(
            median(sum(run["seconds"].values()) for run in runs), "s", second_limit
        ),
        **{f"of it: {PARTS[name]}": Measure(value, "s") for name, value in parts.items()},
        "memory added at the peak": Measure(
            max(run["megabytes"] for run in runs), "MB", megabyte_limit
        ),
        "imports, not counted above": Measure(median(run["import"] for run in runs), "s"),
    }
