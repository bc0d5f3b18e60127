"""Limits: whether a network is like those that a predictor was fitted on, and why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metanet.errors import MetanetError
from metanet.predictor.anatomy import Anatomy, listed
from metanet.predictor.table import Table, columns

FEW = 5
"""Networks with a layer, or of a kind, that are too few to say that such were seen."""
COMPONENTS, NEIGHBOURS, POINTS = 24, 5, 2000
CLAMP = 30.0
LEFT_OUT = 0.25
SHARE = 0.025
"""Of networks like those of the training, how many each test of numbers calls unlike them."""
SHOWN = 3
SIZES = {"depth": "layers with weights", "width": "rows of a weight", "parameters": "parameters"}
RANGE = {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}
COUNTS = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}}
KINDS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "additionalProperties": False,
        "required": ["networks", *SIZES],
        "properties": {"networks": {"type": "integer"}, **dict.fromkeys(SIZES, RANGE)},
    },
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["layers", "inputs", "outputs", "kinds"],
    "properties": {"layers": COUNTS, "inputs": COUNTS, "outputs": COUNTS, "kinds": KINDS},
}


@dataclass(frozen=True)
class Limits:
    """What was seen of networks: their anatomies, counted, and where their numbers lie.

        limits = Limits.fit(training)
        limits.reasons(table)                    # of each network why it is unlike them, or ()

    The anatomy is compared with those of the training: layers, what they are put together to,
    inputs, outputs, sizes. Of the numbers it is asked how far the nearest networks of the training
    are, in the directions in which these vary, and how many numbers lie beyond all of theirs: for
    both the threshold is such that few of some networks that were left out for it are beyond it.
    """

    seen: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]

    @classmethod
    def fit(cls, networks: Table, seed: int = 0) -> Limits:
        """Look at networks; a quarter of them says what is far from the others."""
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(networks))
        held = max(2, round(LEFT_OUT * len(networks)))
        training, left_out = networks[order[held:]], networks[order[:held]]
        raw = training.numbers.astype(np.float64)
        low, middle, high = np.quantile(raw, [0.1, 0.5, 0.9], axis=0)
        spread = np.where(high > low, (high - low) / 2.56, raw.std(0))
        arrays: dict[str, NDArray[Any]] = {
            "middle": middle,
            "spread": np.where(spread > 1e-6, spread, 0.0),
            "least": raw.min(0),
            "most": raw.max(0),
        }
        standard = standardised(raw, arrays)
        arrays["mean"] = standard.mean(0)
        _, sizes, directions = np.linalg.svd(standard - arrays["mean"], full_matrices=False)
        kept = int(min(COMPONENTS, (sizes > 1e-6).sum()))
        scale = np.sqrt(len(raw)) / sizes[:kept]
        arrays["directions"] = (directions[:kept].T * scale).astype(np.float32)
        points = (standard - arrays["mean"]) @ arrays["directions"]
        chosen = rng.permutation(len(points))[:POINTS]
        arrays["points"] = points[chosen].astype(np.float16)
        found = numbers_of(left_out.numbers, arrays)
        arrays["thresholds"] = np.array([np.quantile(one, 1 - SHARE) for one in found])
        return cls(seen_of(networks.anatomies), arrays)

    def reasons(self, table: Table) -> list[tuple[str, ...]]:
        """Say of each network why it is unlike those that were seen; nothing where it is not."""
        numbers = self.reasons_of_numbers(table.numbers)
        return [
            (*self.reasons_of_anatomy(one), *own)
            for one, own in zip(table.anatomies, numbers, strict=True)
        ]

    def reasons_of_anatomy(self, one: Anatomy) -> tuple[str, ...]:
        """Say what of a network's layers and sizes was not seen."""
        seen, found = self.seen, []
        new = tuple(name for name in one.layers if seen["layers"].get(name, 0) < FEW)
        if new:
            found.append(f"no network of the training had {listed(new)}")
        if (inputs := listed(one.inputs)) not in seen["inputs"]:
            found.append(f"it reads {inputs}; the training read {listed(tuple(seen['inputs']))}")
        if (outputs := listed(one.outputs)) not in seen["outputs"]:
            found.append(f"it answers {outputs}; the training {listed(tuple(seen['outputs']))}")
        if found:
            return tuple(found)
        kind = seen["kinds"].get(one.kind)
        if kind is None or kind["networks"] < FEW:
            return (f"no network of the training was made of {one.kind}",)
        for name, words in SIZES.items():
            size, (least, most) = getattr(one, name), kind[name]
            if not least <= size <= most:
                side = "beyond" if size > most else "below"
                found.append(f"{size:,} {words}, {side} the {least:,} to {most:,} of the training")
        return tuple(found)

    def reasons_of_numbers(self, numbers: NDArray[np.float32]) -> list[tuple[str, ...]]:
        """Say which numbers of the weights are unlike those that were seen."""
        far, beyond = numbers_of(numbers, self.arrays)
        most_far, most_beyond = self.arrays["thresholds"]
        names = columns()
        found: list[tuple[str, ...]] = []
        for row, distance, count in zip(numbers, far, beyond, strict=True):
            words = []
            if distance > most_far:
                words.append(
                    f"its weights are {distance / most_far:.1f} times as far from the nearest of "
                    f"the training as those of {1 - SHARE:.1%} like them"
                )
            if count > most_beyond:
                words.append(f"{int(count)} of {len(names)} numbers lie beyond all of the training")
            if words:
                z = standardised(row[None].astype(np.float64), self.arrays, clamp=1e4)[0]
                worst = np.argsort(-np.abs(z))[:SHOWN]
                words += [
                    f"{names[i]} at {abs(z[i]):.0f} deviations {'above' if z[i] > 0 else 'below'}"
                    for i in worst
                    if abs(z[i]) > 3
                ]
            found.append(tuple(words))
        return found

    @classmethod
    def restore(cls, seen: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Limits:
        """Take what `fit` found; `MetanetError` for arrays that do not fit one another."""
        count = len(columns())
        kept = arrays["directions"].shape[-1] if "directions" in arrays else 0
        wanted = {
            **dict.fromkeys(("middle", "spread", "least", "most", "mean"), (count,)),
            "directions": (count, kept),
            "thresholds": (2,),
        }
        points = arrays.get("points", np.empty(0)).shape
        if points[1:] != (kept,) or any(
            name not in arrays or arrays[name].shape != shape for name, shape in wanted.items()
        ):
            raise MetanetError(f"limits that are not those of {count} numbers of networks")
        return cls(seen, dict(arrays))


def seen_of(anatomies: Sequence[Anatomy]) -> dict[str, Any]:
    """Count what networks are made of, and give the ranges of the sizes of each kind."""
    kinds: dict[str, Any] = {}
    for one in anatomies:
        kind = kinds.setdefault(
            one.kind,
            {"networks": 0, **{name: [getattr(one, name)] * 2 for name in SIZES}},
        )
        kind["networks"] += 1
        for name in SIZES:
            size = getattr(one, name)
            kind[name] = [min(kind[name][0], size), max(kind[name][1], size)]
    return {
        "layers": dict(sorted(Counter(name for one in anatomies for name in one.layers).items())),
        "inputs": dict(sorted(Counter(listed(one.inputs) for one in anatomies).items())),
        "outputs": dict(sorted(Counter(listed(one.outputs) for one in anatomies).items())),
        "kinds": dict(sorted(kinds.items())),
    }


def standardised(
    numbers: NDArray[np.float64], arrays: Mapping[str, NDArray[Any]], clamp: float = CLAMP
) -> NDArray[np.float64]:
    """Give deviations from the middle; a number that never varied says nothing here."""
    spread = arrays["spread"]
    z = np.where(spread > 0, (numbers - arrays["middle"]) / np.where(spread > 0, spread, 1), 0)
    return np.asarray(np.clip(z, -clamp, clamp), dtype=np.float64)


def numbers_of(
    numbers: NDArray[np.float32], arrays: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the distance to the nearest of the training, and how many numbers are beyond all."""
    raw = numbers.astype(np.float64)
    places = (standardised(raw, arrays) - arrays["mean"]) @ arrays["directions"]
    points = arrays["points"].astype(np.float64)
    nearest = min(NEIGHBOURS, len(points))
    squares = (places**2).sum(1)[:, None] - 2 * places @ points.T + (points**2).sum(1)
    far = np.sqrt(np.maximum(np.partition(squares, nearest - 1, axis=1)[:, :nearest], 0)).mean(1)
    width = arrays["most"] - arrays["least"]
    slack = 0.05 * width + 1e-4 * (1 + np.abs(arrays["middle"]))
    beyond = (raw > arrays["most"] + slack) | (raw < arrays["least"] - slack)
    return far, beyond.sum(1).astype(np.float64)
