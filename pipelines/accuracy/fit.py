"""The fit stage: a predictor of accuracy from graph sets, saved with its card, and its scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import metanet
from graphgen.files import claim_file, write_json
from metanet import AccuracyPredictor
from metanet.predictor.table import Table
from pipelines.accuracy.measure import kept_out, measured
from pipelines.accuracy.reading import Networks, read_controls, read_networks
from pipelines.accuracy.settings import read_settings
from pipelines.errors import PipelineError
from pipelines.extras import require
from pipelines.graphs import open_graphs

SAID = ("networks", "r2", "mae", "coverage", "outside")
"""What the card has of the scores."""


def fit(
    settings_file: str | Path,
    out: str | Path,
    scores: str | Path | None = None,
    replace: bool = False,
) -> AccuracyPredictor:
    """Fit a predictor of accuracy on graph sets, measure it, and save it with its card.

        predictor = fit("params.yaml", "out/predictor", "out/results/metrics.json")

    It learns from the training and validation networks of `graphs`, at most `networks` of each set,
    which calibrate its intervals, too, and from networks that learned nothing, made of theirs. The
    test networks of these sets and all of `held_out` are for the scores. Then each kind of networks
    is kept out in turn. Raises `PipelineError` for networks without the target and for too few
    networks.
    """
    require("sklearn")
    settings = read_settings(settings_file)
    if scores is not None:
        Path(scores).parent.mkdir(parents=True, exist_ok=True)
        claim_file(scores, replace)
    predictor = AccuracyPredictor(**settings["predictor"])
    rng = np.random.default_rng(predictor.seed)
    training, tests, controls, chance = [], [], [], []
    for name, place in settings["graphs"].items():
        own = open_graphs(place)
        splits = [record["split"] for record in own.records]
        learning = some(splits, ("train", "validation"), settings["networks"], rng)
        training.append(read_networks(name, own, settings["target"], learning))
        made, expected = read_controls(own, learning, predictor.controls, rng)
        if made is not None:
            controls.append(made)
            chance.append(expected)
        if test := some(splits, ("test",), settings["networks"], rng):
            tests.append(read_networks(name, own, settings["target"], test))
    held = []
    for name, place in settings["held_out"].items():
        own = open_graphs(place)
        held.append(read_networks(name, own, settings["target"], range(len(own))))
    networks = Networks.join(training)
    if len(networks) < 10 * predictor.folds:
        raise PipelineError(f"{settings_file}: {len(networks)} networks are too few to learn from")
    predictor.fit_table(
        networks.table,
        networks.accuracies,
        Table.join(controls) if controls else None,
        np.concatenate(chance) if chance else None,
    )
    found: dict[str, Any] = {}
    if tests:
        found["test"] = measured(predictor, Networks.join(tests))
    if held:
        found["held_out"] = measured(predictor, Networks.join(held))
    every = Networks.join([networks, *tests])
    found["kept_out"] = kept_out(every, predictor.seed)
    about = {
        **settings["about"],
        "scores": said(found),
        "command": f"gmn fit {Path(settings_file).name} --out {Path(out).name}",
    }
    metanet.save(predictor, out, about=about, replace=replace)
    if scores is not None:
        write_json(Path(scores), found)
    return predictor


def some(
    splits: Sequence[str], wanted: Sequence[str], most: int | None, rng: np.random.Generator
) -> list[int]:
    """Choose at most so many networks of some splits."""
    every = [i for i, split in enumerate(splits) if split in wanted]
    return every if most is None else sorted(rng.permutation(every)[:most].tolist())


def said(found: dict[str, Any]) -> dict[str, Any]:
    """Choose from the scores what the card has: a row for each set, zoo and kind."""
    rows = {}
    for part, words in (("test", "networks of the same zoos"), ("held_out", "zoos of other seeds")):
        for name, row in found.get(part, {}).items():
            if "," not in name:
                rows[f"{words}: {name}"] = {key: row[key] for key in SAID if key in row}
    for kind, row in found["kept_out"].items():
        rows[f"kind kept out: {kind}"] = {key: row[key] for key in ("networks", "outside")}
    return rows
