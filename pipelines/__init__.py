"""The work around metanets: zoos, compiled graph sets, training, evaluation and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.errors import PipelineError
from spec.lazy import lazily

if TYPE_CHECKING:
    from pipelines.metrics.predictions import compare
else:
    lazily(__name__)

__all__ = ["PipelineError", "compare"]
