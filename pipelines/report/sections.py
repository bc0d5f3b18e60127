"""The sections of a report, each a function from content to blocks; without any it is left out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pipelines import costs as c
from pipelines import metrics as m
from pipelines.report import charts, tables
from pipelines.report.blocks import (
    Block,
    Chart,
    Charts,
    Families,
    Heading,
    Legend,
    Note,
    Section,
    Seeds,
)
from pipelines.report.comparison import SPLITS, compare, systems
from pipelines.report.inputs import Content

INTERVALS = (
    "Means over seeds; in brackets 95 % intervals by a bootstrap over networks and seeds. Bold is "
    "ahead of all others: no paired interval of a difference holds zero; ≈ is not told apart from "
    "the best."
)
_OVER_SEEDS = (
    "Mean ± standard deviation over seeds, without intervals: what is a rank and what chance is "
    "not known."
)
_READING = {
    "regression": "MAE is the mean absolute error of the {target}. ",
    "classification": "Balanced accuracy is the mean over classes of the share that is right. ",
    "editing": (
        "MSE is that of what edited networks decode to, against the edited originals; PSNR is its "
        "mean in dB. Beside it stand the MSE of networks left as they are, against the same, and "
        "that of the fits: what networks decode to, against the originals. "
    ),
    "embedding": (
        "MSE and R² are those of linear regressions from the embedding to {target}, fitted on the "
        "training networks; means over these. "
    ),
}
_CEILING = (
    "The ceiling is the R² left to a predictor that knows each network’s accuracy on the "
    "distribution but not which {:,} test examples were drawn: 1 − mean(p(1−p)/n) / var(p). All "
    "networks share the examples, so it is an estimate, not a bound."
)


def scores(content: Content) -> Section:
    """The table of scores over seeds."""
    if not content.metrics:
        return Section("Scores")
    every = [score for own in content.metrics.values() for k, score in own.items() if k != "seeds"]
    remark = INTERVALS if any("low" in score for score in every) else _OVER_SEEDS
    remark += " " + _READING[content.task].format(target=content.target)
    if content.ceiling is not None:
        remark += _CEILING.format(content.test_size)
    return Section("Scores", [tables.scores(content), Note(remark)])


def comparison(content: Content) -> Section:
    """The table of systems by training set and split, where there are several, and as curves."""
    columns = compare(content.predicted, content.test_size)
    title = "Every training set and split"
    if len(columns) < 2:
        return Section(title)
    blocks: list[Block] = [tables.comparison(columns), Note(INTERVALS)]
    names = systems(columns)
    sizes = {
        split: [one for one in columns if one.setting.split == split and one.setting.networks]
        for split in SPLITS
    }
    drawn = [
        charts.scaling(own, names, split) for split, own in sizes.items() if len(own) > 1
    ]  # fmt: skip
    if drawn:
        lines = [(name, number, False) for number, name in enumerate(names)]
        blocks += [Heading("By number of training networks"), Legend("systems", lines)]
        blocks += [Charts(drawn), Note("Bars are 95 % intervals.")]
    return Section(title, blocks)


def differences(content: Content) -> Section:
    """How far each model is from the best, by a score, with intervals."""
    metrics = content.metrics
    title = "What tells models apart"
    names = [
        name
        for name in m.headings(metrics)
        if any(own.get(name, {}).get("difference") for own in metrics.values())
    ]
    if not names:
        return Section(title)
    drawn: list[Chart] = []
    for name in names[:2]:
        best = m.leader(metrics, name) or ""
        drawn += charts.intervals(content, name, tables.heading(name), best)
    remark = (
        "Small marks are single seeds. Differences are of one model to the best one by that score, "
        "on the same resamples of networks; an interval that holds zero does not tell the two "
        "apart."
    )
    return Section(title, [Charts(drawn, "wide"), tables.differences(metrics, names), Note(remark)])


def thresholds(content: Content) -> Section:
    """Tau among the networks at or above each threshold."""
    title = "Ranking good networks"
    if not m.left_at_thresholds(content.metrics):
        return Section(title)
    remark = (
        f"Kendall’s τ among the {content.split} networks whose {content.target} is at least so "
        "much, with the number of these; without a column where fewer than 20 are left."
    )
    return Section(title, [tables.thresholds(content.metrics), Note(remark)])


def cost(content: Content) -> Section:
    """What each model cost."""
    if not c.known(content.costs):
        return Section("Cost")
    remark = (
        "Processor time, all threads and processes: of the training of one run, of the prediction "
        "for one network, of the views that it reads of it, of what these were made from, and of "
        "the search for settings with its number of trials. Without trials, settings were given."
    )
    return Section("Cost", [tables.cost(content), Note(remark)])


def predicted(content: Content) -> Section:
    """Predicted against true values, a panel per model, and the scores by family."""
    title = f"Predicted against true {content.target}, {content.split} networks"
    if not content.scored:
        return Section(title)
    window = charts.limits(content.scored)
    drawn = []
    seeds: set[int] = set()
    for model in content.models:
        runs = content.predictions(model)
        if runs:
            size = len({p.network for run in runs.values() for p in run})
            words = f"Predicted against true {content.target} of {size} networks by {model}"
            drawn.append(charts.predicted(content, model, runs, window, content.target, words))
            seeds |= set(runs)
    remark = (
        f"Each point is a network of the {content.split} split; on the dashed line a prediction "
        "is exact. A point is the mean over seeds, and the line through it goes from the least to "
        "the most that a seed predicts; what is out of range is drawn on the border. A click shows "
        "a network’s record, and marks it in every chart."
    )
    present = families(content, {p.family for p in content.scored})
    blocks: list[Block] = [Note(remark), Families(present)]
    blocks += [Seeds(sorted(seeds))] if len(seeds) > 1 else []
    blocks.append(Charts(drawn, "small"))
    if len(present) > 1:
        remark = (
            f"Means over seeds, on the {content.split} split, with the number of networks beside "
            "the family. Bias is the mean of predicted − true. τ within one family shows what a "
            "model knows beyond which family it sees."
        )
        blocks += [Heading("By family"), tables.families(content), Note(remark)]
    best = next(model for model in content.models if content.predictions(model))
    blocks += [Heading("The largest errors"), tables.furthest(content, best)]
    blocks.append(Note("By the mean over seeds. A network’s number shows its record."))
    return Section(title, blocks)


def zoo(content: Content, data: Mapping[str, Any]) -> Section:
    """What the networks are, and how the target depends on how they were made."""
    networks = content.networks
    if not networks:
        return Section("The zoo")
    metric = _metric(content)
    label = metric.replace("_", " ")
    drawn = [n for n in networks if _finite((n.get("metrics") or {}).get(metric))]
    shown = f"{len(networks):,} networks of {len({n.get('architecture') for n in networks}):,} "
    shown += "architectures. "
    if len(drawn) < len(networks):
        shown += f"{len(networks) - len(drawn):,} without a finite {label} are not drawn. "
    blocks: list[Block] = [tables.zoo(content)]
    if not drawn:
        return Section("The zoo", [*blocks, Note(shown)])
    panels, cut = charts.panels(data["columns"], metric, label, len(drawn))
    shown += "Each setting that varies has a panel, on the scale that it was drawn on. "
    shown += f"{cut} more settings vary. " if cut else ""
    if data["left"]:
        shown += f"{data['left']:,} networks are not in this page, evenly left out. "
    present = families(content, {str(n.get("family", "unknown")) for n in drawn})
    whole = charts.histogram(metric, label, len(drawn))
    blocks += [Note(shown), Families(present), Charts([whole, *panels])]
    return Section("The zoo", blocks)


def families(content: Content, present: set[str]) -> list[tuple[str, int]]:
    """List families with the numbers of their colours."""
    return [(name, number) for number, name in enumerate(content.families) if name in present]


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _metric(content: Content) -> str:
    named = [str(key) for n in content.networks for key in (n.get("metrics") or {})]
    wanted = (content.target.replace(" ", "_"), "test_accuracy", "psnr")
    return next((name for name in wanted if name in named), named[0] if named else wanted[0])
