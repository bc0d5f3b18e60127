"""Canonical signs, sizes and phases: by the biases of waves and the weights in front of neurons."""

from __future__ import annotations

import numpy as np

from graphgen.families.linear_maps import Arrays
from graphgen.families.phases import Phase, Phases, Wave
from graphgen.matching.gauge import Gauge
from graphgen.template import Template


class Levels:
    """Chooses signs, sizes and phases of one network after the other."""

    def __init__(self, structure: Template) -> None:
        self.free = Phases(structure)
        self.reduced = Phases(structure, reduced=True)
        self.gauge = Gauge(self.reduced.signed, True, True)

    def put(self, weights: Arrays) -> tuple[Arrays, float, list[str]]:
        """Give a network of canonical signs, sizes and phases, how clear, and what is undecided."""
        weights, clear, left = self.reduce(weights)
        # A sign moves the biases of waves, too, so that these say nothing of it.
        still = dict(weights)
        for wave in self.reduced.waves:
            name = str(wave.bias.tensor)
            still[name] = np.array(weights[name], order="C")
            wave.bias.place(still[name], np.zeros(wave.bias.shape))
        values = self.gauge.factors(still)
        if values is None:
            return weights, clear, [*left, "factors of neurons are too large or too small"]
        turns = tuple(self.reduced.odd(wave, np.sign(values)) for wave in self.reduced.waves)
        return Phase(self.reduced, values, turns).apply(weights), clear, left

    def moved(self, weights: Arrays, rng: np.random.Generator) -> Arrays:
        """Draw signs, sizes and phases, and apply them."""
        values = self.free.signed.sample(rng).values
        turns = tuple(self.free.odd(wave, np.sign(values)) for wave in self.free.waves)
        return Phase(self.free, values, turns).apply(weights)

    def reduce(self, weights: Arrays) -> tuple[Arrays, float, list[str]]:
        """Bring each phase to half a turn where the sign behind it is free, else to a whole one."""
        family, signed = self.free, self.free.signed
        unknowns = signed.unknowns
        values = np.ones(unknowns.count)
        roots = unknowns.find_all(np.arange(unknowns.count))[0]
        owners = np.zeros(unknowns.count, dtype=np.int64)
        for wave in family.waves:
            np.add.at(owners, roots[self.behind(wave)], 1)
        clear, left, turns = 1.0, [], []
        for wave in family.waves:
            behind = roots[self.behind(wave)]
            free = ~unknowns.fixed(behind)
            if (owners[behind[free]] > 1).any():
                left.append(f"signs that several waves of {wave.bias.tensor!r} share")
            angle = wave.bias.view(np.asarray(weights[str(wave.bias.tensor)])).reshape(-1)
            angle = angle * wave.frequency / np.pi
            free = free & (owners[behind] == 1)
            step = np.where(free, 1, 2)
            own = -step * np.floor(angle / step).astype(np.int64)
            values[behind[free & (own % 2 != 0)]] = -1
            turns.append(own)
            rest = angle + own
            clear = min(clear, float((np.minimum(rest, step - rest) / step).min()))
        if not turns:
            return weights, clear, left
        return Phase(family, values[roots], tuple(turns)).apply(weights), clear, left

    def behind(self, wave: Wave) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """Give the unknown signs behind the neurons of a wave."""
        return self.free.signed.stages[wave.group][wave.step + 1]
