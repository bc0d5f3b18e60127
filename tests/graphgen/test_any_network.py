"""What holds for any network that the language can say, on random ones.

`make test` tries the first 500 seeds. `make test-all` goes on to 20,000; if `GMN_NETWORK_LOG` names
a file, what was found goes there, and seeds that it has are not tried again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from oracles.any_network import (
    Case,
    check_automorphisms,
    check_backends,
    check_edit,
    check_exchanges,
    check_neutral,
    check_order,
    check_respelled,
    check_round_trip,
    check_scalings,
    check_symmetric,
)

import graphgen
import spec
from spec.testing.edits import edited, neutral
from spec.testing.network import description
from spec.testing.spellings import respelled

EDITS = 4
CHUNK, LONG_CHUNK = 25, 250


def faults(seed: int) -> Iterator[tuple[str, str]]:
    """Try everything on one network; yield what is wrong, and of what kind."""
    rng = Random(-1 - seed)
    with np.errstate(all="ignore"):
        try:
            net = spec.loads(description(Random(seed)))
            case, group = Case(net), graphgen.symmetries(net)
            others = [other for _ in range(EDITS) if (other := edited(net, rng)) is not None]
        except Exception as error:
            yield "begun", f"{type(error).__name__}: {error}"
            return
        checks: list[tuple[str, Any]] = [
            ("backends", lambda: check_backends(case)),
            ("round trip", lambda: check_round_trip(case)),
            ("automorphisms", lambda: check_automorphisms(case)),
            ("symmetric", lambda: check_symmetric(case, group)),
            ("order", lambda: check_order(group)),
            ("exchanges", lambda: check_exchanges(case, group)),
            ("scalings", lambda: check_scalings(case)),
            *(("edit", lambda other=other: check_edit(case, other)) for other in others),
            *(("neutral", lambda: check_neutral(case, neutral(net, rng))) for _ in range(2)),
            *(("spelling", lambda: check_respelled(case, respelled(net, rng))) for _ in range(3)),
        ]
        for kind, check in checks:
            try:
                check()
            except Exception as error:
                yield kind, f"{type(error).__name__}: {error}"


def report(seeds: range) -> str:
    """Write down all faults of some networks, and the description of the first of these."""
    lines, shown = [], ""
    for seed in seeds:
        for kind, message in faults(seed):
            lines.append(f"seed {seed}, {kind}: {message}")
            shown = shown or description(Random(seed))
    return "\n".join([*lines, shown]).strip()


@pytest.mark.parametrize("first", range(0, 250, CHUNK))
def test_any_network(first: int) -> None:
    found = report(range(first, first + CHUNK))
    assert not found, found


@pytest.mark.long
@pytest.mark.parametrize("first", range(250, 20_000, LONG_CHUNK))
def test_any_network_long(first: int) -> None:
    place = os.environ.get("GMN_NETWORK_LOG")
    log = Path(place) if place else None
    if log is not None and log.exists():
        rows = [json.loads(line) for line in log.read_text().splitlines()]
        if {"first": first, "count": LONG_CHUNK, "found": ""} in rows:
            return
    found = report(range(first, first + LONG_CHUNK))
    if log is not None:
        with log.open("a") as file:
            file.write(json.dumps({"first": first, "count": LONG_CHUNK, "found": found}) + "\n")
    assert not found, found


def test_little_is_kept_in_place_unsaid() -> None:
    """Where symmetries are kept in place there is a statement, which is rare."""
    said = 0
    for seed in range(200):
        net = spec.loads(description(Random(seed)))
        said += bool(graphgen.symmetries(net).statements)
    assert said <= 6
