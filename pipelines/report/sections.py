"""The sections of a report, each a function from content to HTML, "" where there is nothing."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import yaml

from pipelines.report import drawing, plots, tables
from pipelines.report.comparison import SPLITS, compare, systems
from pipelines.report.inputs import Content
from pipelines.report.intervals import INTERVALS, reading
from pipelines.report.layout import grid, note, section

_MOST_PANELS = 8
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


def scores(content: Content) -> str:
    """The table of scores over seeds."""
    if not content.metrics:
        return ""
    remark = reading(content) + " "
    remark += _READING[content.task].format(target=content.target)
    if content.ceiling is not None:
        remark += (
            "The ceiling is the R² left to a predictor that knows each network’s accuracy on the "
            f"distribution but not which {content.test_size:,} test examples were drawn: "
            "1 − mean(p(1−p)/n) / var(p). All networks share the examples, so it is an estimate, "
            "not a bound."
        )
    return section("Scores", tables.scores(content) + note(remark))


def comparison(content: Content) -> str:
    """The table of systems by training set and split, where there are several, and as curves."""
    columns = compare(content.predicted, content.test_size)
    if len(columns) < 2:
        return ""
    body = tables.comparison(columns) + note(f"R² / Kendall’s τ. {INTERVALS}")
    names = systems(columns)
    panels = []
    for split in SPLITS:
        sizes = [c for c in columns if c.setting.split == split and c.setting.networks]
        if len(sizes) < 2:
            continue
        svg = plots.scaling(
            sizes,
            names,
            name=f"scaling-{split}",
            description=f"R2 on {split} networks against the number of training networks",
        )
        panels.append(drawing.figure_html(svg, f"{split} networks"))
    if panels:
        lines = enumerate(names)
        keys = "".join(f"<li>{drawing.legend_line(i)}{escape(name)}</li>" for i, name in lines)
        body += "<h3>By number of training networks</h3>" + f'<ul class="legend">{keys}</ul>'
        body += grid(panels) + note("Bars are 95 % intervals.")
    return section("Every training set and split", body)


def scatter(content: Content) -> str:
    """Predicted against true values, a panel per model, and the scores by family."""
    if not content.scored:
        return ""
    window = plots.limits(content.scored)
    panels = []
    for number, model in enumerate(content.models):
        runs = content.predictions(model)
        if not runs:
            continue
        seed, run = next(iter(runs.items()))
        beyond = plots.outside(run, window)
        detail = f"seed {seed}" + (f"; {beyond} out of range" if beyond else "")
        svg = plots.predicted_against_true(
            run,
            content.families,
            window,
            name=f"{content.split}-scatter{number}",
            description=f"Predicted against true {content.target} of {len(run)} networks by "
            f"{model}, seed {seed}",
        )
        panels.append(drawing.figure_html(svg, model, detail))
    remark = (
        f"Each point is a network of the {content.split} split; on the dashed line a prediction "
        "is exact. Each panel has the predictions of one seed, the model’s first; what is out of "
        "its range is drawn on its border. "
    )
    if max(len(r) for m in content.models for r in content.predictions(m).values()) > (
        plots.MOST_POINTS
    ):
        remark += f"At most {plots.MOST_POINTS:,} points are drawn. "
    families = {p.family for p in content.scored}
    present = [family for family in content.families if family in families]
    by_family = ""
    if len(present) > 1:
        by_family = "<h3>By family</h3>" + tables.families(content)
        by_family += note(
            f"Means over seeds, on the {content.split} split, with the number of networks beside "
            "the family. Bias is the mean of predicted − true. τ within one family shows what a "
            "model knows beyond which family it sees."
        )
    body = note(remark) + _families(content, present) + grid(panels, "small") + by_family
    return section(f"Predicted against true {content.target}, {content.split} networks", body)


def zoo(content: Content) -> str:
    """What the networks are, and how the target depends on how they were made."""
    networks = content.networks
    if not networks:
        return ""
    metric = _metric(content)
    label = metric.replace("_", " ")
    drawn = [n for n in networks if math.isfinite(_number((n.get("metrics") or {}).get(metric)))]
    body = tables.zoo(content)
    shown = f"{len(networks):,} networks of {len({n.get('architecture') for n in networks}):,} "
    shown += "architectures. "
    if len(drawn) < len(networks):
        shown += f"{len(networks) - len(drawn):,} without a finite {label} are not drawn. "
    body += note(shown)
    if drawn:
        heights = [float(n["metrics"][metric]) for n in drawn]
        index = [content.families.index(str(n.get("family", "unknown"))) for n in drawn]
        groups: list[list[float]] = [[] for _ in content.families]
        for family, height in zip(index, heights, strict=True):
            groups[family].append(height)
        svg = plots.histogram(
            groups,
            xlabel=label,
            name="histogram",
            description=f"Histogram of the {label} of {len(drawn)} networks, stacked by family",
        )
        panels = [drawing.figure_html(svg, f"How the {label} is distributed")]
        panels += _dependences(drawn, heights, index, label)
        present = [f for i, f in enumerate(content.families) if i in index]
        body += _families(content, present) + grid(panels)
    return section("The zoo", body)


def settings(content: Content) -> str:
    """Settings of the experiment and of the zoo, and the hashes of what was read."""
    hashes = {
        "zoo": content.zoo_index.get("hash"),
        "graph set": content.graph_set_hash,
        "results": content.results_hash,
    }
    items = "".join(
        f"<dt>{name}</dt><dd><code>{escape(str(value))}</code></dd>"
        for name, value in hashes.items()
        if value
    )
    body = f"<dl>{items}</dl>" if items else ""
    for title, value in (
        ("Settings of the experiment", content.settings),
        ("Settings of the zoo", content.zoo_index.get("zoo")),
    ):
        if value:
            text = yaml.safe_dump(plain(value), sort_keys=False, allow_unicode=True, width=88)
            body += (
                f"<details><summary>{title}</summary><pre><code>{escape(text)}</code></pre>"
                "</details>"
            )
    return section("Settings", body) if body else ""


def plain(value: Any) -> Any:
    """Settings as plain dicts, lists and scalars, which YAML can write without tags."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        return [plain(item) for item in items]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value if value is None or type(value) in (bool, int, float, str) else str(value)


def _dependences(
    drawn: list[Mapping[str, Any]], heights: list[float], families: list[int], label: str
) -> list[str]:
    columns: dict[str, list[Any]] = {}
    for network in drawn:
        # A seed is a number without a meaning as one.
        for key in network.get("training") or {}:
            if key != "seed":
                columns.setdefault(str(key), [])
    for key in columns:
        columns[key] = [(n.get("training") or {}).get(key) for n in drawn]
    columns = dict(list(columns.items())[:_MOST_PANELS])
    columns["number of parameters"] = [n.get("parameters") for n in drawn]
    panels: list[str] = []
    for key, values in columns.items():
        kept = [i for i, value in enumerate(values) if _drawable(value)]
        known = [values[i] for i in kept]
        if any(isinstance(value, (bool, str)) for value in known):
            known = [str(value) for value in known]
        if len(set(known)) < 2:
            continue
        name = key.replace("_", " ")
        svg = plots.against(
            known,
            [heights[i] for i in kept],
            [families[i] for i in kept],
            xlabel=name,
            ylabel=label,
            name=f"zoo{len(panels)}",
            description=f"{label} against {name} of {len(kept)} networks, coloured by family",
        )
        panels.append(drawing.figure_html(svg, f"{label[:1].upper()}{label[1:]} against {name}"))
    return panels


def _drawable(value: Any) -> bool:
    return isinstance(value, (bool, str)) or math.isfinite(_number(value))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float, np.number)) else math.nan


def _metric(content: Content) -> str:
    named = [str(key) for n in content.networks for key in (n.get("metrics") or {})]
    wanted = (content.target.replace(" ", "_"), "test_accuracy", "psnr")
    return next((name for name in wanted if name in named), named[0] if named else wanted[0])


def _families(content: Content, families: list[str]) -> str:
    keys = "".join(f"<li>{tables.symbol(content, f)}{escape(f)}</li>" for f in families)
    return f'<ul class="legend" aria-label="families">{keys}</ul>'
