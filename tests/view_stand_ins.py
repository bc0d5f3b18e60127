"""Views that stand in for those of the package, quick to make and to compute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from metanet.batch import Part
from metanet.views import NODE, View
from pipelines.views.settings import families

EXAM = {"steps": 2, "panel": 3}
ENTRIES: list[Any] = ["spectra", {"exam": {"networks": [9, 4], **EXAM}}]


class Means(View):
    """A view of nodes that stands in for those of the package: the mean of a network's weights."""

    name = "means"
    level = NODE

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    @property
    def columns(self) -> tuple[str, ...]:
        return ("mean", "square")

    def compute(self, part: Part) -> Tensor:
        mean = self.scale * part.values.mean(1, keepdim=True)
        mean = mean.expand(-1, part.template.num_nodes) + torch.arange(part.template.num_nodes)
        return torch.stack([mean, mean.square()], dim=2)


class Broken(Means):
    """One that gives what no view may."""

    name = "broken"

    def compute(self, part: Part) -> Tensor:
        return super().compute(part) / 0


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {**families(), "means": Means, "broken": Broken}
    for module in ("settings", "computing", "identity"):
        monkeypatch.setattr(f"pipelines.views.{module}.families", lambda: known)
    monkeypatch.setattr("pipelines.views.identity.maker_of", lambda module: "0" * 64)


def stamps(folder: Path) -> dict[str, int]:
    """Say when each file below a folder was written."""
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*.*")}
