"""The train stage: metanets are trained, and trained ones are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spec.lazy import lazily

if TYPE_CHECKING:
    from pipelines.training.editor import Editor
    from pipelines.training.predictor import Predictor
    from pipelines.training.run import Run
    from pipelines.training.stage import search, train
else:
    lazily(__name__)

__all__ = ["Editor", "Predictor", "Run", "search", "train"]
