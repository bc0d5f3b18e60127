"""The networks of a zoo of INRs: which signal each encodes, and where its chance begins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.errors import PipelineError
from pipelines.inrs.settings import InrSettings
from pipelines.signals import SPLITS

_WEIGHTS, _POINTS = 2, 3  # 0 and 1 are the signals, by their split


@dataclass(frozen=True)
class Member:
    """A network to be fitted: the signal it encodes, and the seed of its initial weights.

    `signal` is the signal's number in its split, `copy` tells apart the networks of one signal.
    """

    index: int
    split: str
    signal: int
    copy: int
    seed: int


def member(settings: InrSettings, index: int) -> Member:
    """Say what network `index` is: signals of `train` come first, and copies after each other.

    member(read_settings("params.yaml"), 3).signal
    """
    if not 0 <= index < settings.count:
        raise PipelineError(f"there is no network {index} in a zoo of {settings.count} networks")
    signal, copy = divmod(index, settings.copies)
    split = SPLITS[0] if signal < settings.signals[SPLITS[0]] else SPLITS[1]
    if split == SPLITS[1]:
        signal -= settings.signals[SPLITS[0]]
    seed = _seed(settings.seed, _WEIGHTS, copy if settings.same_initial_weights else index)
    return Member(index, split, signal, copy, seed)


def stack(settings: InrSettings, number: int) -> list[Member]:
    """List the networks that are fitted together in stack `number`."""
    first = number * settings.together
    last = min(first + settings.together, settings.count)
    return [member(settings, index) for index in range(first, last)]


def points_seed(settings: InrSettings) -> int:
    """Give the seed of the points of each step, which are the same for all networks."""
    return _seed(settings.seed, _POINTS)


def _seed(seed: int, *key: int) -> int:
    sequence = np.random.SeedSequence(seed, spawn_key=key)
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))
