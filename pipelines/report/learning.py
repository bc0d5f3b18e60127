"""The section of learning curves: loss and a score by epoch."""

from __future__ import annotations

import numpy as np

from pipelines.report import drawing, plots
from pipelines.report.inputs import Content
from pipelines.report.layout import grid, note, section

_LOSSES = {"train_loss": ("training", 1), "validation_loss": ("validation", 0)}
_SCORES = {
    "regression": ("validation_tau", "τ", "Kendall’s τ"),
    "classification": ("validation_accuracy", "accuracy", "Accuracy"),
    "editing": ("validation_psnr", "PSNR (dB)", "PSNR"),
    "embedding": ("validation_r2", "R²", "R² of linear regressions"),
}


def learning_curves(content: Content) -> str:
    """Loss and a score by epoch per model, a line per seed."""
    if not content.models:
        return ""
    losses, scores, without = [], [], []
    column, label, words = _SCORES[content.task]
    window = _window(content, column)
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
        score = plots.curves(
            own,
            {column: 0},
            ylabel=label,
            window=window,
            name=f"score{number}",
            description=f"{words} of {model} on the validation split by epoch, {detail}",
        )
        losses += [drawing.figure_html(loss, model, detail)] if loss else []
        scores += [drawing.figure_html(score, model, detail)] if score else []
        without += [] if loss or score else [model]
    if not losses and not scores:
        return ""
    keys = "".join(
        f"<li>{drawing.legend_line(i, dashed=bool(i))}{word}</li>" for word, i in _LOSSES.values()
    )
    remark = "One line per seed."
    if without:
        remark += f" Without learning curves: {', '.join(without)}."
    body = note(remark)
    if losses:
        body += f'<h3>Loss</h3><ul class="legend">{keys}</ul>' + grid(losses)
    if scores:
        body += f"<h3>{words} on the validation split</h3>" + grid(scores)
    return section("Learning curves", body)


def _window(content: Content, column: str) -> tuple[float, float] | None:
    if content.task == "editing":
        return None
    columns = [h.columns.get(column, np.array([])) for h in content.histories]
    values = np.concatenate([np.zeros(1), *columns])
    values = values[np.isfinite(values)]
    return float(values.min()) - 0.04, min(float(values.max()) + 0.06, 1.02)
