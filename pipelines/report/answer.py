"""The report's answer in one paragraph, computed from its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from pipelines import metrics as m
from pipelines.report.inputs import Content
from pipelines.report.tables import heading, typeset


def answer(content: Content) -> str:
    """Which model predicts best, how far ahead of the next, and on how many networks: HTML."""
    sentences = [*_best(content), *_counts(content), *_ceiling(content)]
    return f'<p class="answer">{" ".join(sentences)}</p>'


def _best(content: Content) -> list[str]:
    metrics = {k: v for k, v in content.metrics.items() if "r2" in v}
    if not metrics:
        return ["No model has been scored yet."]
    first, *rest = m.ranking(metrics)
    score = metrics[first]["r2"]["mean"]
    count = m.seeds(metrics[first])
    runs = f"mean and standard deviation over {count} seeds" if count > 1 else "one seed"
    named = f"<strong>{escape(first)}</strong>"
    target = escape(content.target)
    if score > 0:
        lead = f"Best at predicting the {target} of unseen networks is {named}: "
        if not rest:
            lead = f"{named} predicts the {target} of unseen networks with "
        sentences = [f"{lead}{_scores(metrics, first)} ({runs})."]
    else:
        sentences = [
            f"No model predicts the {target} better than its mean does: the best, {named}, "
            f"reaches {_scores(metrics, first)} ({runs})."
        ]
    if rest:
        sentences.append(_next(metrics, first, rest[0]))
        sentences += _other_winner(metrics, first)
    return sentences


def _next(metrics: Mapping[str, Mapping[str, Any]], first: str, second: str) -> str:
    a, b = metrics[first]["r2"], metrics[second]["r2"]
    words = f"Next comes <strong>{escape(second)}</strong> with {_scores(metrics, second, ('r2',))}"
    if m.seeds(metrics[first]) < 2 or m.seeds(metrics[second]) < 2:
        return f"{words}."
    if a["mean"] - b["mean"] <= (a["std"] ** 2 + b["std"] ** 2) ** 0.5:
        return f"{words}, too close to tell apart given the spread over seeds."
    return f"{words}."


def _other_winner(metrics: Mapping[str, Mapping[str, Any]], first: str) -> list[str]:
    ranked = {k: v["tau"]["mean"] for k, v in metrics.items() if "tau" in v}
    if first not in ranked:
        return []
    by_tau = max(ranked, key=ranked.__getitem__)
    if ranked[by_tau] <= ranked[first]:
        return []
    return [
        f"<strong>{escape(by_tau)}</strong> ranks the networks best "
        f"({_scores(metrics, by_tau, ('tau',))})."
    ]


def _counts(content: Content) -> list[str]:
    sizes = {split: size for split, size in content.split_sizes.items() if size}
    if not sizes:
        return []
    if len(sizes) == 1:
        ((split, size),) = sizes.items()
        return [f"Scored on {size:,} networks of the {escape(split)} split."]
    listed = [f"{size:,} {escape(split)}" for split, size in sizes.items()]
    scored = f"; scores are those on {escape(content.split)}" if content.split != "test" else ""
    return [f"Networks in each split: {', '.join(listed)}{scored}."]


def _ceiling(content: Content) -> list[str]:
    if content.ceiling is None:
        return []
    return [
        f"The accuracies were measured on {content.test_size:,} examples, which leaves a perfect "
        f"predictor an R² of about {typeset(f'{content.ceiling:.3f}')}."
    ]


def _scores(
    metrics: Mapping[str, Mapping[str, Any]],
    model: str,
    names: tuple[str, ...] = ("r2", "tau", "mae"),
) -> str:
    summary = metrics[model]
    texts = {
        name: m.measure(summary.get(name), m.decimals(metrics, name), m.seeds(summary))
        for name in names
    }
    written = [f"{heading(name)} {typeset(text)}" for name, text in texts.items() if text]
    return ", ".join(written).replace(" ", "\u00a0").replace(",\u00a0", ", ")
