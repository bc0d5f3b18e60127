"""Choices of items are told by runs: greed over runs finds what greed over their items finds."""

from __future__ import annotations

import random

import numpy as np
import pytest

from spec.primitives.take import NONE, Run, beyond, joined, most_padding, part_of, run_of, runs_of

MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def items(runs: tuple[Run, ...] | list[Run]) -> list[int]:
    return [first + place * step for first, count, step in runs for place in range(count)]


def drawn(rng: random.Random) -> list[Run]:
    rows: list[Run] = []
    for _ in range(rng.randrange(7)):
        if rng.random() < 0.3:
            rows.append((NONE, rng.randrange(4), 0))
        else:
            places = range(9)[rng.randrange(9) :: rng.choice((-2, -1, 1, 2))]
            rows.append(run_of(places[: rng.randrange(5)]))
            rows.append((rng.randrange(9), rng.randrange(3), 0))
    return rows


def test_runs_of_runs_are_those_of_their_items() -> None:
    rng = random.Random(0)
    for _ in range(2_000):
        runs = drawn(rng)
        whole = items(runs)
        assert joined(runs) == runs_of(whole)
        assert items(joined(runs)) == whole
        start, stop = rng.randrange(len(whole) + 1), rng.randrange(len(whole) + 1)
        assert items([*part_of(runs, start, stop)]) == whole[start:stop]
    assert joined([(0, 2, 1), (3, 1, 0)]) == ((0, 2, 1), (3, 1, 0))  # control: a gap stays


@pytest.mark.parametrize("mode", MODES)
def test_what_lies_beyond_a_border_is_numpys(mode: str) -> None:
    for size in range(2, 6):
        most = most_padding(mode, size)
        kept = range(3, 3 + size)
        for before in range(6 if most is None else most + 1):
            for behind in range(6 if most is None else most + 1):
                front, back = beyond(mode, kept, before, behind)
                options = {"constant_values": NONE} if mode == "constant" else {}
                right = np.pad([*kept], (before, behind), MODES[mode], **options)  # type: ignore[call-overload]
                assert items([front, run_of(kept), back]) == right.tolist()
