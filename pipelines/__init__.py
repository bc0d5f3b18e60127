"""The work around metanets: zoos, compiled graph sets, training, evaluation and reports."""

from __future__ import annotations

from pipelines.errors import PipelineError

__all__ = ["PipelineError"]
