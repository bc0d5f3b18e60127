"""The sections that tasks other than regression have, and learning curves, which all have."""

from __future__ import annotations

from collections import Counter

import numpy as np

from pipelines.report import charts
from pipelines.report.blocks import (
    Block,
    Cell,
    Chart,
    Charts,
    Column,
    Heading,
    Legend,
    Note,
    Row,
    Section,
    Table,
)
from pipelines.report.inputs import Content, Prediction
from pipelines.report.pictures import edited, nearest

_MOST_CLASSES = 20
_SCORES = {
    "regression": ("validation_tau", "τ", "Kendall’s τ"),
    "classification": ("validation_accuracy", "accuracy", "Accuracy"),
    "editing": ("validation_psnr", "PSNR (dB)", "PSNR"),
    "embedding": ("validation_r2", "R²", "R² of linear regressions"),
}


def outcome(content: Content) -> list[Section]:
    """The sections of what only this task has."""
    found = {"classification": confusion, "editing": edited, "embedding": embedded}
    return found[content.task](content) if content.task in found else []


def confusion(content: Content) -> list[Section]:
    """A table of true and predicted classes for the best model, summed over its seeds."""
    model = next((m for m in content.models if any(r["model"] == m for r in content.rows)), None)
    if model is None:
        return []
    pairs = Counter((r["true"], r["predicted"]) for r in content.rows if r["model"] == model)
    classes = sorted({name for pair in pairs for name in pair}, key=_order)
    if len(classes) > _MOST_CLASSES:
        return []
    total = {c: sum(pairs[c, p] for p in classes) for c in classes}
    rows = []
    for true in classes:
        shares = {p: 100 * pairs[true, p] / max(total[true], 1) for p in classes}
        cells = [
            Cell(
                f"{share:.0f}" if pairs[true, p] else "·",
                share,
                standing="first" if true == p else "",
            )
            for p, share in shares.items()
        ]
        rows.append(Row(true, [*cells, Cell(f"{total[true]:,}", total[true])]))
    remark = (
        f"{model}, all seeds, {content.split} networks: of those of the class of a row, the share "
        "in percent that is taken for the class of a column; the diagonal is right."
    )
    heads = [*(Column(name) for name in classes), Column("networks")]
    table = Table(f"Which class {model} takes for which", "true class", heads, rows)
    return [Section("Which class is taken for which", [table, Note(remark)])]


def embedded(content: Content) -> list[Section]:
    """Predicted against true labels, a panel for each model and label; and nearest networks."""
    keys = content.rows[0] if content.rows else {}
    names = [key.removeprefix("true ") for key in keys if key.startswith("true ")]
    blocks: list[Block] = []
    for name in names:
        points = {
            model: _points(content, model, name) for model in content.models
        }  # fmt: skip
        window = charts.limits([p for own in points.values() for p in own])
        drawn = []
        for model, own in points.items():
            runs = {s: [p for p in own if p.seed == s] for s in sorted({p.seed for p in own})}
            if runs:
                size = len({p.network for p in own})
                words = f"{name} read from the embedding of {model} against the true one, {size}"
                chart = charts.predicted(content, model, runs, window, name, f"{words} networks")
                drawn.append(Chart(f"{model}: {name}", chart.description, chart.spec, chart.detail))
        blocks.append(Charts(drawn, "small"))
    remark = (
        f"Each point is a network of the {content.split} split, its label as a linear regression "
        "from the embedding gives it; the regression was fitted on training networks, the "
        "embedding without any label. On the dashed line it is exact."
    )
    known = [Section("What the embedding knows", [Note(remark), *blocks])] if blocks else []
    return known + nearest(content)


def learning(content: Content) -> Section:
    """Loss and a score by epoch per model, a line per seed."""
    losses, scores, without = [], [], []
    column, label, words = _SCORES[content.task]
    window = _window(content, column)
    for model in content.models:
        own = [h for h in content.histories if h.model == model]
        loss = charts.curves(
            model,
            f"Training and validation loss of {model} by epoch",
            own,
            {"train_loss": ("training", 1), "validation_loss": ("validation", 0)},
            "loss",
        )
        score = charts.curves(
            model,
            f"{words} of {model} on the validation split by epoch",
            own,
            {column: (words, 0)},
            label,
            window,
        )
        losses += [loss] if loss else []
        scores += [score] if score else []
        without += [] if loss or score else [model]
    if not losses and not scores:
        return Section("Learning curves")
    remark = "One line per seed."
    if without:
        remark += f" Without learning curves: {', '.join(without)}."
    blocks: list[Block] = [Note(remark)]
    if losses:
        legend = Legend("losses", [("training", 1, True), ("validation", 0, False)])
        blocks += [Heading("Loss"), legend, Charts(losses)]
    if scores:
        blocks += [Heading(f"{words} on the validation split"), Charts(scores)]
    return Section("Learning curves", blocks)


def _points(content: Content, model: str, name: str) -> list[Prediction]:
    return [
        Prediction(
            model,
            int(row["seed"]),
            row["network"],
            row["family"],
            row["split"],
            float(row[f"true {name}"]),
            float(row[f"predicted {name}"]),
        )
        for row in content.rows
        if row["model"] == model
    ]


def _window(content: Content, column: str) -> tuple[float, float] | None:
    if content.task == "editing":
        return None
    columns = [h.columns.get(column, np.array([])) for h in content.histories]
    values = np.concatenate([np.zeros(1), *columns])
    values = values[np.isfinite(values)]
    return float(values.min()) - 0.04, min(float(values.max()) + 0.06, 1.02)


def _order(name: str) -> tuple[bool, int, str]:
    whole = name.lstrip("-").isdecimal()
    return not whole, int(name) if whole else 0, name
