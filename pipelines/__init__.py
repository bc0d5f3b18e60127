"""The work around metanets: zoos, compiled graph sets, training, evaluation and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.errors import PipelineError

if TYPE_CHECKING:
    from pipelines.metrics.predictions import compare

__all__ = ["PipelineError", "compare"]


def __getattr__(name: str) -> Any:
    # Help needs nothing of ours, not even what makes packages lazy.
    if name == "compare":
        from pipelines.metrics.predictions import compare

        return compare
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
