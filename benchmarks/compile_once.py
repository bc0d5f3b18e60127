"""Compile one network and print what it took as JSON; `fresh_compile` runs it in a new process.

It imports nothing at its head, so that it can tell the imports from the work.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")


def main(yaml: str, variables: str, weights: str) -> None:
    began = perf_counter()
    import jsonschema  # noqa: F401  as the rest, imported at first use otherwise

    import graphgen
    import spec
    from graphgen.compile import compile  # noqa: F401
    from graphgen.files import read_weights

    imported = perf_counter() - began
    seconds: dict[str, float] = {}

    def timed(name: str, call: Callable[[], T]) -> T:
        start = perf_counter()
        result = call()
        seconds[name] = perf_counter() - start
        return result

    before = status_megabytes("VmRSS")
    # The steps of `graphgen.compile`, one at a time.
    net = timed("yaml", lambda: spec.load(yaml, **json.loads(variables)))
    template = timed("template", lambda: graphgen.template(net))
    arrays = timed("open", lambda: read_weights(weights))
    graph = timed("bind", lambda: template.bind(arrays))
    timed("verify", graph.verify)
    after = status_megabytes("VmHWM")
    result = {
        "import": imported,
        "seconds": seconds,
        "megabytes": after - before,
        "parameters": sum(array.size for array in graph.weights().values()),
        "edges": graph.num_edges,
        "nodes": graph.num_nodes,
        "blocks": len(graph.blocks),
    }
    print(json.dumps(result))


def status_megabytes(key: str) -> float:
    """Read this process's memory from Linux: `VmRSS`, resident now, or `VmHWM`, at its peak.

    Pages of a mapped file count once they are touched.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError(key)


if __name__ == "__main__":
    main(*sys.argv[1:])
