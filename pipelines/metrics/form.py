"""The form of a summary, as it is read from files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.errors import PipelineError

_NUMBERS = {"mean": True, "std": True, "low": False, "high": False, "networks": False}


def check_metrics(metrics: Mapping[str, Any], place: str) -> None:
    """Raise `PipelineError` for scores that are not those of a summary over seeds."""
    for model, summary in metrics.items():
        if not isinstance(summary, Mapping) or not all(map(_is_score, summary.items())):
            raise PipelineError(
                f"{place}: of model {model!r}: expected scores as {{'mean': x, 'std': x}}, with "
                "'low' and 'high' and a 'difference' if there are intervals, and 'seeds': n, got "
                f"{str(summary)[:200]}"
            )


def _is_score(item: tuple[str, Any]) -> bool:
    name, score = item
    if name == "seeds":
        return isinstance(score, int)
    if not isinstance(score, Mapping) or ("low" in score) != ("high" in score):
        return False
    numbers = all(
        isinstance(score[key], int | float) if key in score else not needed
        for key, needed in _NUMBERS.items()
    )
    return numbers and _is_difference(score.get("difference"))


def _is_difference(found: Any) -> bool:
    if found is None:
        return True
    return (
        isinstance(found, Mapping)
        and isinstance(found.get("to"), str)
        and all(isinstance(found.get(key), int | float) for key in ("mean", "low", "high"))
    )
