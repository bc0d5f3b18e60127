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

_MOST_PANELS = 8
_LOSSES = {"train_loss": ("training", 1), "validation_loss": ("validation", 0)}


def scores(content: Content) -> str:
    """The table of scores over seeds."""
    if not content.metrics:
        return ""
    note = "Mean ± standard deviation over seeds; the best of each column is bold. "
    note += f"MAE is the mean absolute error of the {content.target}. "
    if content.ceiling is not None:
        note += (
            "The ceiling is the R² left to a predictor that knows each network’s accuracy on the "
            f"distribution but not which {content.test_size:,} test examples were drawn: "
            "1 − mean(p(1−p)/n) / var(p). All networks share the examples, so it is an estimate, "
            "not a bound."
        )
    return _section("Scores", tables.scores(content) + _note(note))


def comparison(content: Content) -> str:
    """The table of systems by training set and split, where there are several, and as curves."""
    columns = compare(content.predicted, content.test_size)
    if len(columns) < 2:
        return ""
    note = "R² / Kendall’s τ, mean ± standard deviation over seeds; the best R² of a column is "
    body = tables.comparison(columns) + _note(note + "bold.")
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
        body += _grid(panels) + _note("Bars are one standard deviation over seeds.")
    return _section("Every training set and split", body)


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
    note = (
        f"Each point is a network of the {content.split} split; on the dashed line a prediction "
        "is exact. Each panel has the predictions of one seed, the model’s first; what is out of "
        "its range is drawn on its border. "
    )
    if max(len(r) for m in content.models for r in content.predictions(m).values()) > (
        plots.MOST_POINTS
    ):
        note += f"At most {plots.MOST_POINTS:,} points are drawn. "
    families = {p.family for p in content.scored}
    present = [family for family in content.families if family in families]
    by_family = ""
    if len(present) > 1:
        by_family = "<h3>By family</h3>" + tables.families(content)
        by_family += _note(
            f"Means over seeds, on the {content.split} split, with the number of networks beside "
            "the family. Bias is the mean of predicted − true. τ within one family shows what a "
            "model knows beyond which family it sees."
        )
    body = _note(note) + _families(content, present) + _grid(panels, "small") + by_family
    return _section(f"Predicted against true {content.target}, {content.split} networks", body)


def learning_curves(content: Content) -> str:
    """Loss and tau by epoch per model, a line per seed."""
    if not content.models:
        return ""
    losses, taus, without = [], [], []
    window = _tau_window(content)
    for number, model in enumerate(content.models):
        own = [h for h in content.histories if h.model == model]
        runs = ", ".join(str(h.seed) for h in own if h.seed is not None)
        detail = f"seed{'s' if len(own) > 1 else ''} {runs}" if runs else ""
        loss = plots.curves(
            own,
            {c: i for c, (_, i) in _LOSSES.items()},
            ylabel="loss",
            name=f"loss{number}",
            description=f"Training and validation loss of {model} by epoch, {detail}",
        )
        tau = plots.curves(
            own,
            {"validation_tau": 0},
            ylabel="τ",
            window=window,
            name=f"tau{number}",
            description=f"Kendall’s τ of {model} on the validation split by epoch, {detail}",
        )
        losses += [drawing.figure_html(loss, model, detail)] if loss else []
        taus += [drawing.figure_html(tau, model, detail)] if tau else []
        without += [] if loss or tau else [model]
    if not losses and not taus:
        return ""
    keys = "".join(
        f"<li>{drawing.legend_line(i, dashed=bool(i))}{word}</li>" for word, i in _LOSSES.values()
    )
    note = "One line per seed."
    if without:
        note += f" Without learning curves: {', '.join(without)}."
    body = _note(note)
    if losses:
        body += f'<h3>Loss</h3><ul class="legend">{keys}</ul>' + _grid(losses)
    if taus:
        body += "<h3>Kendall’s τ on the validation split</h3>" + _grid(taus)
    return _section("Learning curves", body)


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
    body += _note(shown)
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
        body += _families(content, present) + _grid(panels)
    return _section("The zoo", body)


def settings(content: Content) -> str:
    """Settings of the experiment and of the zoo, and the hashes of what was read."""
    hashes = {
        "zoo": content.zoo_index.get("hash"),
        "graph set": content.graph_set_hash,
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
    return _section("Settings", body) if body else ""


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


def _tau_window(content: Content) -> tuple[float, float]:
    columns = [h.columns.get("validation_tau", np.array([])) for h in content.histories]
    values = np.concatenate([np.zeros(1), *columns])
    values = values[np.isfinite(values)]
    return float(values.min()) - 0.04, min(float(values.max()) + 0.06, 1.02)


def _metric(content: Content) -> str:
    named = [str(key) for n in content.networks for key in (n.get("metrics") or {})]
    wanted = (content.target.replace(" ", "_"), "test_accuracy")
    return next((name for name in wanted if name in named), named[0] if named else wanted[0])


def _families(content: Content, families: list[str]) -> str:
    keys = "".join(f"<li>{tables.symbol(content, f)}{escape(f)}</li>" for f in families)
    return f'<ul class="legend" aria-label="families">{keys}</ul>'


def _grid(panels: list[str], kind: str = "") -> str:
    return f'<div class="grid {kind}">{"".join(panels)}</div>' if panels else ""


def _note(text: str) -> str:
    return f'<p class="note">{escape(text.strip())}</p>'


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"
