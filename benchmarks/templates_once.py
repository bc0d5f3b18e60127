"""The processor seconds of the templates of reference networks, whose variables come as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from statistics import median

import spec
from graphgen.lower import parameter_template

ROUNDS = 7
NETS = Path(spec.__file__).parent / "nets"


def seconds(net: spec.Architecture) -> float:
    """Give the median over some rounds."""
    found = []
    for _ in range(ROUNDS):
        start = time.process_time()
        parameter_template(net)
        found.append(time.process_time() - start)
    return median(found)


if __name__ == "__main__":
    sizes = json.load(sys.stdin)
    nets = {name: spec.load(NETS / f"{name}.yaml", **own) for name, own in sizes.items()}
    print(json.dumps({name: seconds(net) for name, net in nets.items()}))
