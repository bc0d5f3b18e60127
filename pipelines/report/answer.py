"""The report's answer in one paragraph, computed from its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pipelines import metrics as m
from pipelines.report.inputs import Content
from pipelines.report.tables import heading, typeset

_BEST = {
    "regression": "Best at predicting the {} of unseen networks is",
    "classification": "Best at predicting the {} of unseen networks is",
    "editing": "Best at the edit “{}” of unseen networks is",
    "embedding": "Best at embedding unseen networks, by linear regression to {}, is",
}
_ALONE = {
    "regression": "predicts the {} of unseen networks with",
    "classification": "predicts the {} of unseen networks with",
    "editing": "does the edit “{}” of unseen networks with",
    "embedding": "embeds unseen networks, by linear regression to {}, with",
}
_NAME = Markup("<strong>{}</strong>")


def answer(content: Content) -> Markup:
    """Which model predicts best, how far ahead of the next, and on how many networks."""
    return Markup(" ").join([*_best(content), *_counts(content), *_ceiling(content)])


def _best(content: Content) -> list[str]:
    names = m.judged(m.headings(content.metrics))
    if not names:
        return ["No model has been scored yet."]
    leading = names[0]
    metrics = {k: v for k, v in content.metrics.items() if leading in v}
    first, *rest = m.ranking(metrics)
    count = m.seeds(metrics[first])
    runs = f"mean over {count} seeds" if count > 1 else "one seed"
    named = _NAME.format(first)
    reached = _scores(metrics, first, names)
    if leading == "r2" and metrics[first]["r2"]["mean"] <= 0:
        words = Markup(
            "No model predicts the {} better than its mean does: the best, {}, reaches {} ({})."
        )
        sentences: list[str] = [words.format(content.target, named, reached, runs)]
    elif rest:
        best = _BEST[content.task].format(content.target)
        sentences = [Markup("{} {}: {} ({}).").format(best, named, reached, runs)]
    else:
        alone = _ALONE[content.task].format(content.target)
        sentences = [Markup("{} {} {} ({}).").format(named, alone, reached, runs)]
    sentences += _left_alone(metrics[first])
    if rest:
        sentences.append(_next(metrics, leading, first, rest[0]))
        sentences += _other_winner(metrics, first) if leading == "r2" else []
    return sentences


def _left_alone(summary: Mapping[str, Any]) -> list[str]:
    if "unedited_mse" not in summary:
        return []
    value = m.number(summary["unedited_mse"]["mean"], m.decimals({"": summary}, "unedited_mse"))
    return [f"Networks left as they are have an MSE of {typeset(value)}."]


def _next(metrics: Mapping[str, Mapping[str, Any]], leading: str, first: str, second: str) -> str:
    reached = _scores(metrics, second, (leading,))
    words = Markup("Next comes {} with {}").format(_NAME.format(second), reached)
    apart = m.difference(metrics[second][leading], m.decimals(metrics, leading))
    if not apart:
        return words + "."
    level = [n for n, place in m.standing(metrics, leading).items() if place == "level"]
    difference = typeset(apart).replace(" ", "\u00a0")
    if second not in level:
        return words + f", a difference of {difference}."
    left = len(level) - 2
    more = f", nor {'is' if left == 1 else 'are'} {left} more from it" if left > 0 else ""
    return words + f": the two are not told apart (a difference of {difference}){more}."


def _other_winner(metrics: Mapping[str, Mapping[str, Any]], first: str) -> list[str]:
    ranked = {k: v["tau"]["mean"] for k, v in metrics.items() if "tau" in v}
    if first not in ranked:
        return []
    by_tau = max(ranked, key=ranked.__getitem__)
    if by_tau == first or m.standing(metrics, "tau").get(first) == "level":
        return []
    if ranked[by_tau] <= ranked[first]:
        return []
    reached = _scores(metrics, by_tau, ("tau",))
    return [Markup("{} ranks the networks best ({}).").format(_NAME.format(by_tau), reached)]


def _counts(content: Content) -> list[str]:
    sizes = {split: size for split, size in content.split_sizes.items() if size}
    if not sizes:
        return []
    if len(sizes) == 1:
        ((split, size),) = sizes.items()
        return [f"Scored on {size:,} networks of the {split} split."]
    listed = ", ".join(f"{size:,} {split}" for split, size in sizes.items())
    scored = f"; scores are those on {content.split}" if content.split != "test" else ""
    return [f"Networks in each split: {listed}{scored}."]


def _ceiling(content: Content) -> list[str]:
    if content.ceiling is None:
        return []
    return [
        f"The accuracies were measured on {content.test_size:,} examples, which leaves a perfect "
        f"predictor an R² of about {typeset(f'{content.ceiling:.3f}')}."
    ]


def _scores(metrics: Mapping[str, Mapping[str, Any]], model: str, names: Sequence[str]) -> str:
    summary = metrics[model]
    texts = {
        name: m.cell(summary.get(name), m.decimals(metrics, name), m.seeds(summary))
        for name in names
    }
    written = [f"{heading(name)} {typeset(text)}" for name, text in texts.items() if text]
    return ", ".join(written).replace(" ", "\u00a0").replace(",\u00a0", ", ")
