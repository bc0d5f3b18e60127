"""What a metanet was trained on: of which graph set, and within which ranges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from graphgen import GraphSet
from pipelines.runs.result import HASH

RANGE: dict[str, Any] = {
    "type": "array",
    "items": {"type": "number"},
    "minItems": 2,
    "maxItems": 2,
}
SEEN: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["graph_set", "networks", "families", "parameters", "weights"],
    "properties": {
        "graph_set": HASH,
        "networks": {"type": "integer", "minimum": 1},
        "families": {"type": "array", "items": {"type": "string"}},
        "parameters": RANGE,
        "weights": RANGE,
    },
}


def seen(graph_set: GraphSet, chosen: Sequence[int]) -> dict[str, Any]:
    """Describe the training networks: their families, and the ranges of their sizes and weights.

    seen(graph_set, task.indices["train"])["parameters"]        # fewest and most
    """
    sizes, lowest, highest = [], math.inf, -math.inf
    nets = graph_set.architectures
    for i in chosen:
        shapes = nets[graph_set.records[i]["architecture"]].parameters.values()
        sizes.append(sum(math.prod(shape) for shape in shapes))
        values = graph_set.values([i])
        if values.size:
            lowest, highest = min(lowest, float(values.min())), max(highest, float(values.max()))
    families = {str(graph_set.records[i].get("family", "unknown")) for i in chosen}
    return {
        "graph_set": graph_set.hash,
        "networks": len(chosen),
        "families": sorted(families),
        "parameters": [min(sizes), max(sizes)],
        "weights": [lowest, highest] if lowest <= highest else [0.0, 0.0],
    }
