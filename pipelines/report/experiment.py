"""The report of an experiment: its sections in their order, and the data behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.report import sections
from pipelines.report.answer import answer
from pipelines.report.architectures import pictures
from pipelines.report.inputs import Content
from pipelines.report.made import made
from pipelines.report.networks import networks
from pipelines.report.page import document
from pipelines.report.tasks import learning, outcome

_TITLES = {
    "regression": "Predicting {} from weights",
    "classification": "Predicting {} from weights",
    "editing": "Editing networks by their weights: {}",
    "embedding": "Embedding networks by their weights: {}",
}


def experiment_page(content: Content) -> str:
    """Lay the sections out as one HTML document."""
    data: dict[str, Any] = networks(content)
    shown = [
        sections.comparison(content),
        sections.scores(content),
        sections.differences(content),
        sections.thresholds(content),
        sections.cost(content),
        *(sections.predicted(part) for part in content.held_out()),
        *outcome(content),
        learning(content),
        sections.zoo(content, data),
        made(content),
    ]
    data |= {"pictures": pictures(content.zoo_index, content.networks)}
    return document(title(content), [answer(content)], shown, data if data["ids"] else None)


def title(content: Content) -> str:
    """The report's title."""
    zoo = content.zoo_index.get("zoo")
    name = zoo.get("name") if isinstance(zoo, Mapping) else None
    what = _TITLES[content.task].format(content.target)
    return f"{what}: {name}" if name else what
