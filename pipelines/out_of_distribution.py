"""Networks that are kept out of training as a kind: wider ones, and those of whole families."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.errors import PipelineError

WIDER, UNSEEN = "wider", "unseen"
OUT_OF_DISTRIBUTION = (WIDER, UNSEEN)
"""The splits of such networks."""


def kept_out(rows: list[dict[str, Any]], settings: Mapping[str, Any]) -> dict[int, str]:
    """Give the split of each network that settings keep out of training.

    A network of an unseen family is in that split, however wide it is.
    """
    unseen = unseen_networks(rows, settings.get(UNSEEN, ()))
    seen = [row for row in rows if row["index"] not in unseen]
    wider = wider_networks(seen, settings.get(WIDER, {}))
    return dict.fromkeys(wider, WIDER) | dict.fromkeys(unseen, UNSEEN)


def unseen_networks(rows: list[dict[str, Any]], names: Sequence[str]) -> set[int]:
    """Find the networks of the families that are named."""
    families = {row["family"] for row in rows}
    if wrong := sorted(set(names) - families):
        raise PipelineError(
            f"`unseen` names {', '.join(wrong)}, but the families of this zoo are "
            f"{', '.join(sorted(families))}"
        )
    if families <= set(names):
        raise PipelineError("`unseen` names all families of this zoo: leave one to train on")
    return {int(row["index"]) for row in rows if row["family"] in names}


def wider_networks(rows: list[dict[str, Any]], limits: dict[str, dict[str, float]]) -> set[int]:
    """Find the networks of each family whose variable is above its limit."""
    families = {row["family"] for row in rows}
    if limits and families != set(limits):
        raise PipelineError(
            f"`wider` has limits for {', '.join(sorted(limits))}, but the families of this zoo are "
            f"{', '.join(sorted(families))}: give each of them one"
        )
    result = set()
    for row in rows:
        for name, limit in limits.get(row["family"], {}).items():
            value = row.get("variables", {}).get(name)
            if not isinstance(value, int | float):
                raise PipelineError(
                    f"`wider`: {row['family']}: `{name}` of network {row['index']} is {value!r}, "
                    "expected a number; name a variable that the zoo draws"
                )
            if value > limit:
                result.add(int(row["index"]))
    return result
